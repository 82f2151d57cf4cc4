from dataclasses import replace

import numpy as np
import pytest
from drawn_sequences import boxes, expression
from pycocotools import mask as coco_mask

from slvp.errors import UserError
from slvp.evaluation.answers import Candidate, MaskAnswer
from slvp.evaluation.metrics import frame_scores
from slvp.evaluation.scores import Detection
from slvp.evaluation.scoring import score_detections, score_masks

TRUTH_THW = boxes(8, (2, 10, 2, 12), (8, 18, 10, 25))
"""The second box covers a corner of the first."""


def one_each(t: int, *masks_HW: np.ndarray) -> MaskAnswer:
    return MaskAnswer(t, tuple((Candidate(mask_HW),) for mask_HW in masks_HW))


def test_each_expression_gets_the_metrics_of_its_mask_and_its_objects() -> None:
    group = [expression(TRUTH_THW, 1), expression(TRUTH_THW, 1, 2, expression_id="1", text="all")]
    first_THW = np.roll(TRUTH_THW == 1, 2, axis=2)
    both_THW = np.roll(TRUTH_THW > 0, 1, axis=1)
    both_THW[3] = False
    answers = (one_each(t, first_THW[t], both_THW[t]) for t in range(8))
    first, both = score_masks(group, answers)

    assert (first.expression_id, first.text, first.object_ids) == ("0", "the duck", (1,))
    assert (both.expression_id, both.text, both.object_ids) == ("1", "all", (1, 2))
    assert first.frames == both.frames == tuple(f"f{t}" for t in range(8))
    for score, mask_THW, truth_THW in [
        (first, first_THW, TRUTH_THW == 1),
        (both, both_THW, TRUTH_THW > 0),
    ]:
        j_T, f_T, _, _ = np.array([*map(frame_scores, mask_THW, truth_THW)]).T
        np.testing.assert_array_equal(score.j_T, j_T)
        assert score.f_T is not None
        np.testing.assert_array_equal(score.f_T, f_T)
        np.testing.assert_array_equal(score.truth_T, truth_THW.sum(axis=(1, 2)))
        np.testing.assert_array_equal(score.union_T, (mask_THW | truth_THW).sum(axis=(1, 2)))
        assert score.truth_T.dtype == score.union_T.dtype == np.int64
        assert score.frame_pixels == 600
        assert score.detections_T == ()
    # Eight frames: the examples are at 8/6, 8/2 and 40/6.
    assert [one.frame for one in both.examples] == ["f1", "f4", "f6"]
    decoded_HW = coco_mask.decode(both.examples[1].rle)
    np.testing.assert_array_equal(decoded_HW, both_THW[4])
    assert isinstance(both.examples[1].rle["counts"], str)


def test_nothing_described_and_nothing_predicted_agree() -> None:
    (score,) = score_masks([expression(TRUTH_THW)], (MaskAnswer(t, ((),)) for t in range(8)))
    np.testing.assert_array_equal(score.j_T, 1)
    np.testing.assert_array_equal(score.f_T, 1)
    answers = [one_each(t, TRUTH_THW[t] == t) for t in range(8)]
    (score,) = score_masks([expression(TRUTH_THW)], answers)
    np.testing.assert_array_equal(score.j_T, [0, 0, 0, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(score.f_T, [0, 0, 0, 1, 1, 1, 1, 1])


def test_only_frames_that_count_are_read_and_scored() -> None:
    first = expression(TRUTH_THW, 1, scored=(2, 5))
    second = replace(first, object_ids=(2,), scored=(5, 6))
    answers = (one_each(t, TRUTH_THW[t] == 1, TRUTH_THW[t] == 1) for t in range(8))
    scores = score_masks([first, second], answers)
    assert [one.frames for one in scores] == [("f2", "f5"), ("f5", "f6")]
    np.testing.assert_array_equal(scores[0].j_T, 1)
    np.testing.assert_array_equal(scores[1].j_T, 0)
    assert first.masks.reads == [0, 0, 1, 0, 0, 1, 1, 0]
    assert [[one.frame for one in score.examples] for score in scores] == [
        ["f2", "f5"],
        ["f5", "f6"],
    ]


def test_answers_come_one_at_a_time() -> None:
    masks = expression(TRUTH_THW, 1)

    def answers():
        for t in range(8):
            assert masks.masks.reads == [1] * t + [0] * (8 - t)
            yield one_each(t, TRUTH_THW[t] == 1)

    score_masks([masks], answers())


@pytest.mark.parametrize("frames", [[0, 1, 3, 4], [0, 2, 1, 3]])
def test_an_answer_that_is_missing_or_late_is_our_mistake(frames: list[int]) -> None:
    group = [expression(TRUTH_THW, 1, scored=(0, 1, 2, 3))]
    with pytest.raises(ValueError, match="frame 2"):
        score_masks(group, [one_each(t, TRUTH_THW[t] == 1) for t in frames])


@pytest.mark.parametrize("score", [score_masks, score_detections])
def test_a_mask_of_another_size_is_named(score) -> None:
    answers = [one_each(t, np.zeros((20, 40 if t == 3 else 30), bool)) for t in range(8)]
    with pytest.raises(UserError, match=r"pond, expression \S+, frame f3, is 40 x 20 .* 30 x 20"):
        score([expression(TRUTH_THW, 1)], answers)


def test_detections_are_all_candidates_and_j_is_the_first_one_s() -> None:
    group = [expression(TRUTH_THW, 1, scored=(0, 4, 7)), expression(TRUTH_THW, scored=(4,))]
    right_HW, other_HW = TRUTH_THW[0] == 1, TRUTH_THW[0] == 2
    both = (Candidate(other_HW | right_HW, 0.75), Candidate(right_HW, 0.25))
    nothing = (Candidate(np.zeros_like(right_HW), 0.5),)
    answers = [
        MaskAnswer(0, (both, ())),
        MaskAnswer(4, ((), nothing)),
        MaskAnswer(7, (both[::-1], ())),
    ]
    first, second = score_detections(group, answers)
    j = int(right_HW.sum()) / int((other_HW | right_HW).sum())
    assert first.f_T is None
    np.testing.assert_array_equal(first.j_T, [j, 0, 1])
    np.testing.assert_array_equal(first.truth_T, right_HW.sum())
    assert first.detections_T == (
        (Detection(0.75, j), Detection(0.25, 1.0)),
        (),
        (Detection(0.25, 1.0), Detection(0.75, j)),
    )
    # Two empty masks agree, yet to COCO they don't overlap.
    np.testing.assert_array_equal(second.j_T, [1])
    assert second.detections_T == ((Detection(0.5, 0.0),),)
