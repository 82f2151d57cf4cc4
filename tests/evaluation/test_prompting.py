import numpy as np
import pytest
from made_up import FRAMES, Scripted, ask, two_boxes

from slvp.errors import UserError
from slvp.evaluation.answers import MaskAnswer
from slvp.evaluation.prompting import questions, require_first_masks
from slvp.evaluation.segmenting import segment_sequence


def test_a_sentence_is_asked_without_a_mask():
    group = [ask("x", (1,)), ask("y", (2,)), ask("x", (1,), "again")]
    assert questions(group, "sentence") == (["x", "y"], None, [0, 1, 0])


def test_for_masks_equal_objects_are_asked_once():
    group = [ask("x", (1,)), ask("y", (2,)), ask("the x", (1,), "again")]
    sentences, masks, rows_E = questions(group, "mask")
    assert sentences == ["", ""]
    assert rows_E == [0, 1, 0]
    assert masks is not None
    for mask, object_id in zip(masks, (1, 2), strict=True):
        assert mask.frame == 0
        np.testing.assert_array_equal(mask.mask_HW, two_boxes()[0] == object_id)


def test_for_both_equal_sentences_about_other_objects_are_asked_apart():
    group = [ask("x", (1,)), ask("x", (2,)), ask("x", (1, 2)), ask("x", (1,), "again")]
    sentences, masks, rows_E = questions(group, "both")
    assert sentences == ["x"] * 3
    assert rows_E == [0, 1, 2, 0]
    assert masks is not None
    np.testing.assert_array_equal(masks[2].mask_HW, two_boxes()[0] > 0)


def test_the_mask_is_that_of_the_first_frame_in_which_the_object_is_visible():
    ids_THW = two_boxes()
    ids_THW[:2][ids_THW[:2] == 2] = 0
    group = [ask("x", (1,), ids_THW=ids_THW), ask("y", (2,)), ask("none", ())]
    _, masks, _ = questions(group, "mask")
    assert masks is not None
    # What is never visible begins after the end.
    assert [mask.frame for mask in masks] == [0, 2, FRAMES]
    np.testing.assert_array_equal(masks[1].mask_HW, ids_THW[2] == 2)


def test_the_segmenter_is_given_the_masks():
    ids_THW = two_boxes()
    segmenter = Scripted({(1, ""): ids_THW == 1})
    group = [ask("x", (1,)), ask("the x", (1,))]
    answers = list(segment_sequence(segmenter, group, "masks", "mask"))
    assert segmenter.asked == [[""]]
    (given,) = segmenter.given[0]
    np.testing.assert_array_equal(given.mask_HW, ids_THW[0] == 1)
    for answer in answers:
        assert isinstance(answer, MaskAnswer)
        assert len(answer.candidates) == 2


def test_where_some_frames_have_no_masks_none_is_the_first():
    group = [ask("x", (1,), scored=(1, 3))]
    require_first_masks(group, "sentence")
    with pytest.raises(UserError, match=r"--prompt both: .* only 2 of 5 frames have masks"):
        require_first_masks(group, "both")
