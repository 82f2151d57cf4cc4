import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.transforms import cut_frames, cut_masks, mirror_words, random_box

SIDES = st.integers(1, 90)


@st.composite
def cuts(draw):
    """A clip's ids, a part of it, a size and whether it is mirrored."""
    frames, height, width = draw(st.integers(1, 3)), draw(SIDES), draw(SIDES)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ids_THW = rng.integers(0, 4, (frames, height, width)).astype(np.uint8)
    box = random_box(rng, height, width, aspect=draw(st.floats(0.3, 3)))
    return ids_THW, box, draw(SIDES), draw(SIDES), draw(st.booleans())


@given(cuts())
def test_the_mask_of_cut_ids_is_the_cut_mask(cut):
    ids_THW, box, height, width, mirrored = cut
    moved_THW = cut_masks(ids_THW, box, height, width, mirrored=mirrored)
    assert moved_THW.shape == (len(ids_THW), height, width)
    for object_id in range(4):
        mask_THW = (ids_THW == object_id).astype(np.uint8)
        own_THW = cut_masks(mask_THW, box, height, width, mirrored=mirrored)
        np.testing.assert_array_equal(own_THW == 1, moved_THW == object_id)


@given(cuts())
def test_a_part_lies_within_the_frame_and_has_the_shape_asked_for(cut):
    ids_THW, (rows, columns), *_ = cut
    assert 0 <= rows.start < rows.stop <= ids_THW.shape[1]
    assert 0 <= columns.start < columns.stop <= ids_THW.shape[2]


@pytest.mark.parametrize("aspect", [0.5, 1.0, 1.7])
def test_parts_have_about_the_shape_asked_for_and_are_of_many_sizes(aspect):
    rng = np.random.default_rng(0)
    boxes = [random_box(rng, 480, 854, aspect) for _ in range(200)]
    shapes = np.array([[r.stop - r.start, c.stop - c.start] for r, c in boxes])
    assert np.all(np.abs(np.log(shapes[:, 0] / shapes[:, 1] / aspect)) < 0.26)
    largest = min(480 * 480 / aspect, 854 * 854 * aspect)
    assert shapes.prod(1).min() < 0.5 * largest < 0.9 * largest < shapes.prod(1).max()


@pytest.mark.parametrize("mirrored", [False, True])
def test_masks_move_with_what_they_are_the_masks_of(mirrored):
    frames_THWC = np.zeros((2, 60, 80, 3), np.uint8)
    ids_THW = np.zeros((2, 60, 80), np.uint8)
    for t in range(2):
        where = np.s_[t, 20:44, 10 + 20 * t : 38 + 20 * t]
        frames_THWC[where], ids_THW[where] = 255, 7
    box = np.s_[10:50, 4:72]
    cut_THWC = cut_frames(frames_THWC, box, 20, 34, mirrored=mirrored)
    cut_THW = cut_masks(ids_THW, box, 20, 34, mirrored=mirrored)
    np.testing.assert_array_equal(cut_THWC[..., 0] > 127, cut_THW == 7)
    assert not np.array_equal(cut_THW[0], cut_THW[1])


def test_nothing_changes_without_a_change():
    frames_THWC = np.random.default_rng(0).integers(0, 255, (2, 9, 12, 3)).astype(np.uint8)
    whole = np.s_[0:9, 0:12]
    np.testing.assert_array_equal(
        cut_frames(frames_THWC, whole, 9, 12, mirrored=False), frames_THWC
    )
    np.testing.assert_array_equal(
        cut_frames(frames_THWC, whole, 9, 12, mirrored=True), frames_THWC[:, :, ::-1]
    )


@pytest.mark.parametrize(
    ("said", "mirrored"),
    [
        ("the leftmost man to the right", "the rightmost man to the left"),
        ("Left-hand dog, RIGHT of the cat", "Right-hand dog, LEFT of the cat"),
        ("turning clockwise, then counterclockwise", "turning counterclockwise, then clockwise"),
        ("lft guy, not the rt one", "rt guy, not the lft one"),
        ("a bright light", "a bright light"),
        ("a copyright on the leftover", "a copyright on the leftover"),
    ],
)
def test_mirrored_sentences(said, mirrored):
    assert mirror_words(said) == mirrored
    assert mirror_words(mirrored) == said
