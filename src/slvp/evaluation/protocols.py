"""What each benchmark scores and what it averages over: pure functions of scores.

Scores are shares between 0 and 1; J is region similarity, F boundary accuracy, J&F their mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.types import BoolArray


@dataclass(frozen=True)
class Score:
    """Region similarity and boundary accuracy, both in 0..1."""

    j: float
    f: float

    @property
    def jf(self) -> float:
        """J&F: their mean."""
        return (self.j + self.f) / 2

    @classmethod
    def mean(cls, scores: Iterable[Score]) -> Score:
        """Average J and F, each on its own."""
        j, f = np.mean([(score.j, score.f) for score in scores], axis=0)
        return cls(float(j), float(f))


@dataclass(frozen=True)
class ExpressionScore:
    """What one expression got, as a mean over the frames of its video."""

    expression: BenchmarkExpression
    score: Score


@dataclass(frozen=True)
class SetScore:
    """What one annotation set got, and each sequence within it."""

    name: str
    score: Score
    sequences: dict[str, Score]


@dataclass(frozen=True)
class Summary:
    """A benchmark's numbers: the one to report and the ones it is made of."""

    score: Score
    annotation_sets: tuple[SetScore, ...]
    sequences: dict[str, Score]


@dataclass(frozen=True)
class Protocol:
    """How a benchmark turns masks into numbers.

    Attributes:
        name: for the result card.
        exclusive: do the objects of a sequence and annotation set share one map of ids, so that
            a pixel belongs to one of them at most?
        summarise: from the scores of all expressions to the benchmark's numbers.
    """

    name: str
    exclusive: bool
    summarise: Callable[[Sequence[ExpressionScore]], Summary]


def exclusive_masks(probability_EHW: npt.NDArray[np.floating], masks_EHW: BoolArray) -> BoolArray:
    """Give each pixel of one frame to the likeliest of the objects whose masks hold it.

    Args:
        probability_EHW: in 0..1, of one object each; of equals the first wins.
        masks_EHW: what each object would have on its own.

    Returns:
        masks_EHW that overlap nowhere.

    Source: published Ref-DAVIS17 results write the objects of one annotation set to one map of
    ids: probabilities under the threshold are set to zero, 0.1 stands for background, and the
    largest wins.
    """
    if len(masks_EHW) == 1:
        return masks_EHW
    owner_HW = np.where(masks_EHW, probability_EHW, -1.0).argmax(axis=0)
    owned_EHW: BoolArray = owner_HW == np.arange(len(masks_EHW))[:, None, None]
    return masks_EHW & owned_EHW


def mean_over_annotation_sets(scores: Sequence[ExpressionScore]) -> Summary:
    """Average over the objects of an annotation set, then over the sets.

    A sequence with three objects weighs three times as much as one with a single object, as the
    evaluation code of DAVIS 2017 has it; a sequence's own number is the mean over its objects.
    Sequences are averaged over the sets.
    """
    by_set = _grouped(scores, lambda scored: scored.expression.annotation_set)
    sets = tuple(_set_score(name, group) for name, group in by_set.items())
    sequences = dict.fromkeys(name for one in sets for name in one.sequences)
    return Summary(
        score=Score.mean(one.score for one in sets),
        annotation_sets=sets,
        sequences={
            name: Score.mean(one.sequences[name] for one in sets if name in one.sequences)
            for name in sequences
        },
    )


def mean_over_expressions(scores: Sequence[ExpressionScore]) -> Summary:
    """Average over all expressions alike, whatever sequence they are asked of."""
    everything = _set_score("all", scores)
    return Summary(everything.score, (everything,), everything.sequences)


REF_DAVIS17_FIXED = Protocol(
    "Ref-DAVIS17, fixed identities", exclusive=True, summarise=mean_over_annotation_sets
)
"""Each expression is scored against the object that it names.

All frames count, the first and last among them: published Ref-DAVIS17 results come from the
DAVIS 2017 evaluation code run with ``--task unsupervised`` (so in ReferFormer's ``eval_davis.py``),
which drops the first and last frame for the semi-supervised task alone. The published way then
matches masks to objects by the Hungarian method, which forgives a swapped identity; this doesn't.
"""

PER_EXPRESSION = Protocol("mean over expressions", exclusive=False, summarise=mean_over_expressions)
"""Each expression stands for itself, as in Ref-YouTube-VOS and the embedded world.

An expression that describes nothing in the video is scored against empty masks.
"""


def _set_score(name: str, scores: Sequence[ExpressionScore]) -> SetScore:
    by_sequence = _grouped(scores, lambda scored: scored.expression.sequence)
    return SetScore(
        name=name,
        score=Score.mean(scored.score for scored in scores),
        sequences={
            sequence: Score.mean(scored.score for scored in group)
            for sequence, group in by_sequence.items()
        },
    )


def _grouped(
    scores: Iterable[ExpressionScore], key: Callable[[ExpressionScore], str]
) -> dict[str, list[ExpressionScore]]:
    groups: dict[str, list[ExpressionScore]] = {}
    for scored in scores:
        groups.setdefault(key(scored), []).append(scored)
    return groups
