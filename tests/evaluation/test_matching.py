from dataclasses import replace

import numpy as np
import pytest
from drawn_sequences import boxes, expression
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from slvp.errors import UserError
from slvp.evaluation.answers import IdMapAnswer
from slvp.evaluation.matching import merge_to_ids, score_id_maps

TRUTH_THW = boxes(6, (2, 10, 2, 12), (8, 18, 10, 25), (0, 5, 20, 28))
GROUP = [
    expression(TRUTH_THW, number, expression_id=f"{name}{number}", annotation_set=name)
    for name in ("a", "b")
    for number in (1, 2, 3)
]
MATCHED = {"matching": True, "inner_frames_only": False, "use_void": True}
FIXED = {"matching": False, "inner_frames_only": False, "use_void": False}
INNER = {"matching": False, "inner_frames_only": True, "use_void": False}


def answers(**ids_THW: np.ndarray) -> list[IdMapAnswer]:
    frames = len(next(iter(ids_THW.values())))
    return [IdMapAnswer(t, {name: ids_THW[name][t] for name in ids_THW}) for t in range(frames)]


def renumbered(*values: int) -> np.ndarray:
    return np.array([0, *values], np.uint8)[TRUTH_THW]


def test_matching_finds_the_objects_of_each_set_under_any_numbers() -> None:
    scores = score_id_maps(GROUP, answers(a=renumbered(3, 1, 2), b=renumbered(5, 20, 1)), **MATCHED)
    assert [(one.annotation_set, one.object_ids) for one in scores] == [
        (name, (number,)) for name in ("a", "b") for number in (1, 2, 3)
    ]
    assert [one.expression_id for one in scores] == [one.expression_id for one in GROUP]
    for one in scores:
        np.testing.assert_array_equal(one.j_T, 1)
        np.testing.assert_array_equal(one.f_T, 1)
        np.testing.assert_array_equal(one.truth_T, (TRUTH_THW[0] == one.object_ids[0]).sum())
        np.testing.assert_array_equal(one.union_T, one.truth_T)
        assert one.frame_pixels == 600
        assert one.detections_T == ()
        # Examples show the proposal that was matched.
        assert [example.frame for example in one.examples] == ["f1", "f3", "f5"]
        for example in one.examples:
            decoded_HW = coco_mask.decode(example.rle)
            np.testing.assert_array_equal(decoded_HW, TRUTH_THW[0] == one.object_ids[0])


def test_fixed_identities_forgive_no_swap() -> None:
    scores = score_id_maps(GROUP[:3], answers(a=renumbered(2, 1, 3)), **FIXED)
    assert [one.j_T.tolist() for one in scores] == [[0] * 6, [0] * 6, [1] * 6]


def test_inner_frames_leave_out_the_first_and_last_whatever_they_hold() -> None:
    ids_THW = TRUTH_THW.copy()
    ids_THW[[0, -1]] = 77
    scores = score_id_maps(GROUP[:3], answers(a=ids_THW), **INNER)
    assert [one.frames for one in scores] == [("f1", "f2", "f3", "f4")] * 3
    assert all((one.j_T == 1).all() and len(one.j_T) == 4 for one in scores)


def test_an_object_without_a_sentence_counts_and_one_that_comes_later_does_not() -> None:
    truth_THW = TRUTH_THW.copy()
    truth_THW[3:, 15:, :5] = 4
    group = [expression(truth_THW, n, annotation_set="a") for n in (1, 3, 4)]
    scores = score_id_maps(group, answers(a=TRUTH_THW), **MATCHED)
    assert [one.object_ids for one in scores] == [(1,), (2,), (3,)]
    assert [one.text for one in scores] == ["the duck", "", "the duck"]
    assert [one.expression_id for one in scores] == ["0", "", "0"]
    assert all((one.j_T == 1).all() for one in scores)


def test_a_first_frame_without_objects_leaves_nothing_to_score() -> None:
    truth_THW = TRUTH_THW.copy()
    truth_THW[0] = 0
    group = [expression(truth_THW, 1, annotation_set="a")]
    assert score_id_maps(group, answers(a=TRUTH_THW), **MATCHED) == []
    assert score_id_maps(group, answers(a=np.zeros_like(TRUTH_THW)), **FIXED) == []


def test_void_is_left_out_or_background() -> None:
    truth_THW = TRUTH_THW.copy()
    truth_THW[:, :, :7] = 255
    group = [expression(truth_THW, n, annotation_set="a") for n in (1, 2, 3)]
    first, *_ = score_id_maps(group, answers(a=TRUTH_THW), **MATCHED)
    np.testing.assert_array_equal(first.j_T, 1)
    np.testing.assert_array_equal(first.union_T, first.truth_T)
    first, *_ = score_id_maps(group, answers(a=TRUTH_THW), **FIXED)
    visible, whole = (truth_THW[0] == 1).sum(), (TRUTH_THW[0] == 1).sum()
    np.testing.assert_array_equal(first.j_T, visible / whole)


def test_truth_is_read_once_for_all_sets_and_one_frame_at_a_time() -> None:
    group = [replace(one, masks=expression(TRUTH_THW).masks) for one in GROUP]
    group = [replace(one, masks=group[0].masks) for one in group]
    maps = answers(a=TRUTH_THW, b=TRUTH_THW)

    def stream():
        for t, answer in enumerate(maps):
            assert group[0].masks.reads[max(t, 1) :] == [0] * (6 - max(t, 1))
            yield answer

    score_id_maps(group, stream(), **MATCHED)
    # The first frame twice: its objects have to be known beforehand.
    assert group[0].masks.reads == [2, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(("rules", "value", "most"), [(MATCHED, 21, 20), (FIXED, 4, 3)])
def test_too_high_a_value_is_named(rules: dict[str, bool], value: int, most: int) -> None:
    ids_THW = TRUTH_THW.copy()
    ids_THW[4, 19, 29] = value
    with pytest.raises(UserError, match=rf"pond, frame f4, has the value {value}.* to {most} "):
        score_id_maps(GROUP[:3], answers(a=ids_THW), **rules)
    ids_THW[4, 19, 29] = most
    score_id_maps(GROUP[:3], answers(a=ids_THW), **rules)


def test_a_map_of_another_size_is_named() -> None:
    ids_THW = np.zeros((6, 10, 30), np.uint8)
    with pytest.raises(UserError, match=r"pond, annotation set a, frame f0, is 30 x 10 .* 30 x 20"):
        score_id_maps(GROUP[:3], answers(a=ids_THW), **MATCHED)


def test_two_frames_have_no_inner_ones() -> None:
    short = expression(TRUTH_THW[:2], 1, annotation_set="a")
    with pytest.raises(UserError, match="pond has 2 frames"):
        score_id_maps([short], answers(a=TRUTH_THW[:2]), **INNER)


def test_merging_gives_a_pixel_to_the_likeliest_object() -> None:
    probability_EHW = np.array([[[0.9, 0.6, 0.2, 0.7, 0.5]], [[0.4, 0.8, 0.1, 0.7, 0.4]]])
    ids_HW = merge_to_ids(probability_EHW, np.array([True, True]), 0.5)
    assert ids_HW.dtype == np.uint8
    assert ids_HW.tolist() == [[1, 2, 0, 1, 1]]
    assert merge_to_ids(probability_EHW, np.array([False, True]), 0.5).tolist() == [[0, 2, 0, 2, 0]]
    # A threshold under the published 0.1 of the background means what it says.
    assert merge_to_ids(probability_EHW / 10, np.array([True, True]), 0.02).tolist() == [
        [1, 2, 1, 1, 1]
    ]


@given(st.data())
def test_merging_is_the_published_way(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=3, max_dims=3, max_side=6))
    levels = st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0])
    probability_EHW = data.draw(hnp.arrays(np.float16, shape, elements=levels))
    threshold = data.draw(st.sampled_from([0.25, 0.3, 0.5, 1.0]))
    published_EHW = probability_EHW.astype(np.float64)
    published_EHW[published_EHW < threshold] = 0
    with_background = np.concatenate([np.full((1, *shape[1:]), 0.1), published_EHW])
    ids_HW = merge_to_ids(probability_EHW, np.ones(shape[0], bool), threshold)
    np.testing.assert_array_equal(ids_HW, with_background.argmax(axis=0))
