"""What each benchmark scores and what it averages over.

A protocol scores one sequence at a time and makes a summary of all sequences' scores. Scores are
shares between 0 and 1; J is region similarity, F boundary accuracy, J&F = (J + F) / 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from slvp.data.benchmarks.records import Group
from slvp.evaluation.answers import Answer
from slvp.evaluation.detection import average_precision, overlap_metrics
from slvp.evaluation.matching import score_id_maps
from slvp.evaluation.metrics import decay, recall
from slvp.evaluation.scores import ExpressionScore, SetSummary, Summary
from slvp.evaluation.scoring import score_detections, score_masks

Metrics = dict[str, float]


@dataclass(frozen=True)
class Protocol:
    """How a benchmark turns masks into numbers.

    Attributes:
        name: on the command line and in files.
        title: in tables.
        source: where the protocol comes from.
        answers: what it scores: one map of ids per annotation set and frame, or masks that each
            expression has for itself.
        score: from all expressions of one sequence and answers in the order of frames, which cover
            at least the frames that count, to what the expressions got. Answers are taken one at a
            time. Raises UserError if an answer doesn't fit the truth.
        summarise: from the scores of all sequences to the benchmark's numbers.
    """

    name: str
    title: str
    source: str
    answers: Literal["id_maps", "masks"]
    score: Callable[[Group, Iterable[Answer]], list[ExpressionScore]]
    summarise: Callable[[Sequence[ExpressionScore]], Summary]


def mean_over_sets(scores: Sequence[ExpressionScore]) -> Summary:
    """Average over the objects of an annotation set, then over the sets.

    A sequence with three objects weighs three times as much as one with a single object, as the
    evaluation code of DAVIS 2017 has it; a sequence's own number is the mean over its objects.
    Sequences are averaged over the sets.
    """
    return _summary(_by(scores, lambda one: one.annotation_set))


def mean_over_expressions(scores: Sequence[ExpressionScore]) -> Summary:
    """Average over all expressions alike, whatever sequence they are asked of."""
    return _summary({"all": scores})


def detection_summary(scores: Sequence[ExpressionScore]) -> Summary:
    """Take every frame of every expression as an image with one object to be found.

    Sequences get their ``mean_iou`` alone; average precision of a few images says little.
    """
    everything: Metrics = {
        **average_precision([image for one in scores for image in one.detections_T]),
        **overlap_metrics(scores),
    }
    sequences = {
        name: {"mean_iou": float(np.concatenate([one.j_T for one in group]).mean())}
        for name, group in _by(scores, lambda one: one.sequence).items()
    }
    return Summary(everything, (SetSummary("all", everything, sequences),), sequences)


REF_DAVIS17_PUBLISHED = Protocol(
    name="published",
    title="Ref-DAVIS17, as published",
    source="DAVIS 2017 evaluation code with task=unsupervised, as ReferFormer's eval_davis.py runs "
    "it on each of the four annotation sets; the mean of the four.",
    answers="id_maps",
    score=partial(score_id_maps, matching=True, inner_frames_only=False, use_void=True),
    summarise=mean_over_sets,
)
"""The way of published Ref-DAVIS17 results.

The objects of one annotation set share one map of ids (see ``merge_to_ids``). All frames count,
void pixels don't, and the Hungarian method chooses which id stands for which object, so that a
swapped identity is forgiven. An object that nobody describes counts, too.

Source: the DAVIS 2017 evaluation code, task "unsupervised" (Caelles et al., "The 2019 DAVIS
Challenge on VOS: Unsupervised Multi-Object Segmentation"), applied to Ref-DAVIS17 by ReferFormer
(Wu et al., CVPR 2022) and those after it.
"""

REF_DAVIS17_FIXED = Protocol(
    name="fixed",
    title="Ref-DAVIS17, fixed identities",
    source="The semi-supervised function of the DAVIS 2017 evaluation code on all frames, so that "
    "each expression is scored against the object that it names.",
    answers="id_maps",
    score=partial(score_id_maps, matching=False, inner_frames_only=False, use_void=False),
    summarise=mean_over_sets,
)
"""Each expression is scored against the object that it names: a swapped identity is an error.

All frames count, as no frame's mask is given to a model that follows a sentence. Void pixels are
background, as in the semi-supervised task.

Source: Pont-Tuset et al., "The 2017 DAVIS Challenge on Video Object Segmentation", without the rule
for the first and last frame.
"""

REF_DAVIS17_SEMI_SUPERVISED = Protocol(
    name="semi-supervised",
    title="Ref-DAVIS17, fixed identities, inner frames",
    source="DAVIS 2017 evaluation code with task=semi-supervised: fixed identities, without the "
    "first and last frame.",
    answers="id_maps",
    score=partial(score_id_maps, matching=False, inner_frames_only=True, use_void=False),
    summarise=mean_over_sets,
)
"""As ``REF_DAVIS17_FIXED``, but the first and the last frame don't count.

Source: the DAVIS 2017 evaluation code, task "semi-supervised", where the first frame's mask is
given and the last frame is left out.
"""

PER_EXPRESSION = Protocol(
    name="mean-over-expressions",
    title="Mean over expressions",
    source="J and F of DAVIS 2017 over all frames that have masks, first and last among them, of "
    "each expression for itself; the mean over expressions.",
    answers="masks",
    score=score_masks,
    summarise=mean_over_expressions,
)
"""Each expression stands for itself and weighs like any other.

An expression that describes nothing in the video is scored against empty masks. The first and the
last frame count.

Source: Ref-YouTube-VOS (Seo et al., "URVOS", ECCV 2020) and its server; MeViS (Ding et al., ICCV
2023), ``tools/eval_mevis.py``; J&F of VISOR (Darkhalil et al., "EPIC-KITCHENS VISOR", NeurIPS
2022), which includes the last frame.
"""

DETECTION = Protocol(
    name="detection",
    title="Detection",
    source="COCO average precision of masks over the annotated frames, precision at IoU 0.5 to "
    "0.9, overall and mean IoU, as MTTR evaluates A2D-Sentences and JHMDB-Sentences.",
    answers="masks",
    score=score_detections,
    summarise=detection_summary,
)
"""Every annotated frame of every expression is an image in which one object is to be found.

Source: Gavrilyuk et al., "Actor and Action Video Segmentation from a Sentence", CVPR 2018, for the
metrics; MTTR (Botach et al., CVPR 2022), ``metrics.py`` and ``trainer.py``, for average precision
by pycocotools.
"""


def _summary(by_set: Mapping[str, Sequence[ExpressionScore]]) -> Summary:
    sets = tuple(_set_summary(name, group) for name, group in by_set.items())
    sequences = dict.fromkeys(name for one in sets for name in one.sequences)
    return Summary(
        metrics=_mean([one.metrics for one in sets]),
        annotation_sets=sets,
        sequences={
            name: _mean([one.sequences[name] for one in sets if name in one.sequences])
            for name in sequences
        },
    )


def _set_summary(name: str, scores: Sequence[ExpressionScore]) -> SetSummary:
    return SetSummary(
        name=name,
        metrics=_mean([_metrics(one) for one in scores]),
        sequences={
            sequence: _mean([_metrics(one) for one in group])
            for sequence, group in _by(scores, lambda one: one.sequence).items()
        },
    )


def _metrics(score: ExpressionScore) -> Metrics:
    assert score.f_T is not None
    j, f = float(score.j_T.mean()), float(score.f_T.mean())
    return {
        "j": j,
        "f": f,
        "jf": (j + f) / 2,
        "j_recall": recall(score.j_T),
        "j_decay": decay(score.j_T),
        "f_recall": recall(score.f_T),
        "f_decay": decay(score.f_T),
    }


def _mean(several: Sequence[Metrics]) -> Metrics:
    return {name: float(np.mean([one[name] for one in several])) for name in several[0]}


def _by(
    scores: Iterable[ExpressionScore], key: Callable[[ExpressionScore], str]
) -> dict[str, list[ExpressionScore]]:
    groups: dict[str, list[ExpressionScore]] = {}
    for score in scores:
        groups.setdefault(key(score), []).append(score)
    return groups
