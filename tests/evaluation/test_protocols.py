import pickle

import numpy as np
import pytest
from drawn_sequences import boxes, expression

from slvp.evaluation.answers import Candidate, MaskAnswer
from slvp.evaluation.protocols import (
    DETECTION,
    PER_EXPRESSION,
    REF_DAVIS17_FIXED,
    REF_DAVIS17_PUBLISHED,
    REF_DAVIS17_SEMI_SUPERVISED,
    Protocol,
)
from slvp.evaluation.scores import Detection, ExpressionScore

ALL = (
    REF_DAVIS17_PUBLISHED,
    REF_DAVIS17_FIXED,
    REF_DAVIS17_SEMI_SUPERVISED,
    PER_EXPRESSION,
    DETECTION,
)


def scored(
    sequence: str,
    annotation_set: str,
    j_T: list[float],
    f_T: list[float] | None,
    **changes,
) -> ExpressionScore:
    fields = {
        "sequence": sequence,
        "expression_id": "0",
        "annotation_set": annotation_set,
        "text": "a thing",
        "object_ids": (1,),
        "frames": tuple(f"{t}" for t in range(len(j_T))),
        "j_T": np.array(j_T),
        "f_T": None if f_T is None else np.array(f_T),
        "truth_T": np.full(len(j_T), 10),
        "union_T": np.full(len(j_T), 20),
        "frame_pixels": 100,
    }
    return ExpressionScore(**(fields | changes))


SCORES = [
    scored("car", "annot1", [1.0, 0.8], [0.6, 0.6]),
    scored("car", "annot1", [0.3], [0.0]),
    scored("car", "annot2", [0.5], [0.4]),
    scored("car", "annot2", [0.5], [0.2]),
    scored("bear", "annot1", [0.0], [0.3]),
    scored("bear", "annot2", [0.8, 0.8, 0.8], [1.0, 1.0, 1.0]),
]


def jf(metrics: dict[str, float]) -> tuple[object, object, object]:
    return tuple(pytest.approx(metrics[name]) for name in ("j", "f", "jf"))


@pytest.mark.parametrize("protocol", ALL[:3], ids=lambda one: one.name)
def test_objects_weigh_alike_within_a_set_and_sets_alike_above(protocol: Protocol) -> None:
    summary = protocol.summarise(SCORES)
    first, second = summary.annotation_sets
    assert (first.name, second.name) == ("annot1", "annot2")
    # By objects, not by sequences, which would be (0.6 + 0.0) / 2, and not by frames.
    assert jf(first.metrics) == (0.4, 0.3, 0.35)
    assert jf(second.metrics) == (0.6, 1.6 / 3, (0.6 + 1.6 / 3) / 2)
    assert jf(first.sequences["car"]) == (0.6, 0.3, 0.45)
    assert jf(first.sequences["bear"]) == (0.0, 0.3, 0.15)
    assert jf(summary.metrics) == (0.5, (0.3 + 1.6 / 3) / 2, (1.0 + 0.3 + 1.6 / 3) / 4)
    assert jf(summary.sequences["car"]) == (0.55, 0.3, 0.425)
    assert list(summary.sequences) == ["car", "bear"]


def test_sets_weigh_alike_however_many_expressions_they_have() -> None:
    scores = [scored("car", "a", [1.0], [1.0])] * 3 + [scored("car", "b", [0.0], [0.0])]
    assert jf(REF_DAVIS17_FIXED.summarise(scores).metrics) == (0.5, 0.5, 0.5)
    assert jf(PER_EXPRESSION.summarise(scores).metrics) == (0.75, 0.75, 0.75)


def test_expressions_weigh_alike() -> None:
    summary = PER_EXPRESSION.summarise(SCORES)
    assert jf(summary.metrics) == (0.5, 2.5 / 6, (0.5 + 2.5 / 6) / 2)
    assert [one.name for one in summary.annotation_sets] == ["all"]
    assert jf(summary.sequences["bear"]) == (0.4, 0.65, 0.525)


def test_recall_and_decay_are_those_of_each_object() -> None:
    scores = [
        scored("car", "a", [1.0, 1.0, 0.6, 0.4], [0.9, 0.9, 0.9, 0.8]),
        scored("car", "a", [0.5, 0.5, 0.5, 0.5], [0.2, 0.2, 0.2, 0.7]),
    ]
    metrics = REF_DAVIS17_PUBLISHED.summarise(scores).metrics
    assert metrics["j_recall"] == pytest.approx((0.75 + 0) / 2)
    assert metrics["f_recall"] == pytest.approx((1 + 0.25) / 2)
    # The last quarter of four frames is its last two, the first quarter its first two.
    assert metrics["j_decay"] == pytest.approx((1.0 - 0.5 + 0) / 2)
    assert metrics["f_decay"] == pytest.approx((0.9 - 0.85 + 0.2 - 0.45) / 2)


def test_detection_counts_frames_and_gives_sequences_their_mean_iou() -> None:
    scores = [
        scored("car", "", [1.0, 0.4], None, detections_T=((Detection(0.9, 1.0),), ())),
        scored("car", "", [0.7], None, detections_T=((Detection(0.8, 0.7),),)),
        scored("bear", "", [0.0], None, detections_T=((),)),
    ]
    summary = DETECTION.summarise(scores)
    assert list(summary.metrics) == [
        "map",
        "map_50",
        "map_75",
        "precision_50",
        "precision_60",
        "precision_70",
        "precision_80",
        "precision_90",
        "overall_iou",
        "mean_iou",
    ]
    assert summary.metrics["mean_iou"] == pytest.approx(2.1 / 4)
    assert summary.metrics["precision_50"] == 0.5
    # Two of four are found, without a mistake, so 51 of the 101 points of recall.
    assert summary.metrics["map_50"] == pytest.approx(51 / 101)
    assert summary.sequences == {
        "car": {"mean_iou": pytest.approx(0.7)},
        "bear": {"mean_iou": 0.0},
    }


def test_per_expression_counts_the_first_and_last_frame() -> None:
    ids_THW = boxes(4, (2, 10, 2, 12))
    wrong = [MaskAnswer(t, ((Candidate(ids_THW[t] == (t in (1, 2))),),)) for t in range(4)]
    scores = PER_EXPRESSION.score([expression(ids_THW, 1)], wrong)
    assert PER_EXPRESSION.summarise(scores).metrics["j_recall"] == 0.5


def test_names_differ_and_protocols_travel_to_other_processes() -> None:
    assert len({one.name for one in ALL}) == len(ALL)
    for one in ALL:
        assert pickle.loads(pickle.dumps(one)).name == one.name
        assert one.title and one.source
