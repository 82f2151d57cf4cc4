import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slvp.models.grounded.candidates import Candidates, best, box_of, overlap_of

SIZE = (37, 53)


@st.composite
def found(draw) -> Candidates:
    count = draw(st.integers(0, 20))
    sides = st.floats(-80, 120, width=32)
    return Candidates(
        draw(hnp.arrays(np.float32, (count, 4), elements=sides)),
        draw(hnp.arrays(np.float32, count, elements=st.floats(0, 1, width=32))),
    )


def candidates(*boxes: tuple[float, ...]) -> Candidates:
    """Boxes and, as their last number, scores."""
    table = np.array(boxes, dtype=np.float32).reshape(-1, 5)
    return Candidates(table[:, :4].copy(), table[:, 4].copy())


@given(found(), st.integers(1, 5), st.floats(0, 1))
def test_the_best_are_in_the_frame_apart_few_and_in_order(one, most, overlap) -> None:
    kept = best(one, SIZE, most=most, overlap=overlap)
    left, top, right, bottom = kept.boxes_N4.T
    assert kept.boxes_N4.dtype == kept.score_N.dtype == np.float32
    assert len(kept.boxes_N4) == len(kept.score_N) <= most
    assert (left >= 0).all() and (top >= 0).all()
    assert (right <= SIZE[1]).all() and (bottom <= SIZE[0]).all()
    assert (right > left).all() and (bottom > top).all()
    assert (np.diff(kept.score_N) <= 0).all()
    for number, box in enumerate(kept.boxes_N4):
        for other in kept.boxes_N4[:number]:
            assert overlap_of(box, other) <= overlap + 1e-5


@given(found())
def test_whoever_is_left_out_is_empty_or_no_better_than_one_it_overlaps(one) -> None:
    kept = best(one, SIZE, most=100, overlap=0.5)
    for box, score in zip(one.boxes_N4, one.score_N, strict=True):
        inside = box.clip(0, [SIZE[1], SIZE[0]] * 2).astype(np.float32)
        if (inside[2:] - inside[:2] < 1).any():
            continue
        assert any(
            other_score >= score and overlap_of(inside, other) > 0.5 - 1e-5
            for other, other_score in zip(kept.boxes_N4, kept.score_N, strict=True)
        )


@given(found())
def test_asking_twice_changes_nothing(one) -> None:
    once = best(one, SIZE)
    twice = best(once, SIZE)
    np.testing.assert_array_equal(once.boxes_N4, twice.boxes_N4)
    np.testing.assert_array_equal(once.score_N, twice.score_N)


def test_boxes_are_clipped_and_doubles_dropped() -> None:
    kept = best(
        candidates(
            (-5, 2, 20, 60, 0.3),  # leaves the frame
            (0, 3, 20, 37, 0.9),  # nearly the same, better
            (30, 5, 40, 15, 0.5),
            (60, 5, 70, 15, 0.8),  # outside
            (10, 10, 10.5, 30, 0.8),  # less than a pixel wide
            (20, 10, 10, 30, 0.8),  # inside out
        ),
        SIZE,
    )
    assert kept.boxes_N4.tolist() == [[0, 3, 20, 37], [30, 5, 40, 15]]
    assert kept.score_N.tolist() == pytest.approx([0.9, 0.5])


def test_what_is_not_a_number_is_dropped() -> None:
    nan = float("nan")
    kept = best(candidates((nan, 2, 20, 30, 0.3), (1, 2, 20, 30, nan), (1, 2, 3, 4, 0.1)), SIZE)
    assert kept.boxes_N4.tolist() == [[1, 2, 3, 4]]


def test_of_none_none_are_best() -> None:
    kept = best(candidates(), SIZE)
    assert kept.boxes_N4.shape == (0, 4)
    assert kept.score_N.shape == (0,)


def test_the_box_of_a_mask_lies_between_pixels() -> None:
    mask_HW = np.zeros(SIZE, dtype=bool)
    assert box_of(mask_HW) is None
    mask_HW[3:10, 4] = True
    mask_HW[5, 6] = True
    assert box_of(mask_HW).tolist() == [4, 3, 7, 10]


def test_overlap_is_the_intersection_over_the_union() -> None:
    one, other, far = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], dtype=np.float32)
    assert overlap_of(one, one) == 1
    assert overlap_of(one, other) == pytest.approx(1 / 3)
    assert overlap_of(one, far) == 0
