"""What a report's charts and pictures are made from: pure functions of scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from slvp.evaluation.scores import ExpressionScore, Float64Array, Int64Array

TIME_BINS = 20

SIZE_EDGES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Least shares of a frame of each group of objects; the last one is open."""

DASH = "\N{EN DASH}"

LENGTH_EDGES = (1, 3, 5, 7, 10, 15)
"""Fewest words of each group of sentences; the last one is open."""

MOST_OF_A_SEQUENCE = 2
"""Cases of one sequence that pictures show."""


@dataclass(frozen=True)
class Bin:
    """The scores of ``count`` cases that are alike: mean, lower and upper quartile."""

    label: str
    count: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Moment(Bin):
    """The scores at a ``position``, 0 to 1, of a video or on another axis."""

    position: float


@dataclass(frozen=True)
class Cases:
    """Expressions worth a look, none of them twice."""

    best: tuple[ExpressionScore, ...]
    middle: tuple[ExpressionScore, ...]
    worst: tuple[ExpressionScore, ...]


def score_of(score: ExpressionScore) -> float:
    """Return J&F or, where there is no F, J: the mean over the frames that count."""
    j = float(score.j_T.mean())
    return j if score.f_T is None else (j + float(score.f_T.mean())) / 2


def histogram(values: Sequence[float], bins: int = 20) -> Int64Array:
    """Count values in 0..1; the last bin holds 1 as well."""
    counts: Int64Array = np.histogram(values, bins=bins, range=(0, 1))[0]
    return counts


def over_time(
    curves: Iterable[tuple[Float64Array, Float64Array]], bins: int = TIME_BINS
) -> list[Moment]:
    """Average curves over equal parts of the video; parts without a frame are left out.

    A curve counts once in each part that it has frames in, by their mean.

    Args:
        curves: positions in 0..1 and the scores there, of one expression each.
        bins: number of parts.
    """
    parts: list[list[float]] = [[] for _ in range(bins)]
    for positions_T, values_T in curves:
        part_T = np.minimum((positions_T * bins).astype(int), bins - 1)
        sums, sizes = np.bincount(part_T, values_T, bins), np.bincount(part_T, minlength=bins)
        for part in np.flatnonzero(sizes):
            parts[part].append(float(sums[part] / sizes[part]))
    return [
        Moment(
            **vars(_bin(f"{100 * i / bins:.0f} to {100 * (i + 1) / bins:.0f} %", values)),
            position=(i + 0.5) / bins,
        )
        for i, values in enumerate(parts)
        if values
    ]


def above_thresholds(values: Float64Array, steps: int = TIME_BINS) -> list[Moment]:
    """Return the share of values above each of the thresholds 0, 1 / steps, ... 1."""
    return [
        Moment(f"above {100 * at:.0f}", len(values), share, share, share, position=at)
        for at in (step / steps for step in range(steps + 1))
        for share in (float(np.mean(values > at)),)
    ]


def by_object_size(scores: Iterable[ExpressionScore]) -> list[Bin]:
    """Group J by the share of the frame that the object fills where it is seen, on average.

    Expressions whose object is never seen come first, in a group of their own.
    """
    absent: list[float] = []
    groups: list[list[float]] = [[] for _ in SIZE_EDGES]
    for score in scores:
        seen_T = score.truth_T[score.truth_T > 0]
        if len(seen_T) == 0:
            absent.append(float(score.j_T.mean()))
            continue
        share = float(seen_T.mean()) / score.frame_pixels
        group = int(np.searchsorted(SIZE_EDGES, share, side="right")) - 1
        groups[group].append(float(score.j_T.mean()))
    labels = [f"{100 * low:g}{DASH}{100 * high:g}" for low, high in pairwise(SIZE_EDGES)]
    labels.append(f"{100 * SIZE_EDGES[-1]:g}+")
    return _bins([("none", absent), *zip(labels, groups, strict=True)])


def by_length(scores: Iterable[ExpressionScore]) -> list[Bin]:
    """Group J by the number of words; objects without a sentence are left out."""
    groups: list[list[float]] = [[] for _ in LENGTH_EDGES]
    for score in scores:
        words = len(score.text.split())
        if words:
            group = int(np.searchsorted(LENGTH_EDGES, words, side="right")) - 1
            groups[group].append(float(score.j_T.mean()))
    labels = [f"{first}{DASH}{after - 1}" for first, after in pairwise(LENGTH_EDGES)]
    return _bins(zip([*labels, f"{LENGTH_EDGES[-1]}+"], groups, strict=True))


def choose_cases(scores: Sequence[ExpressionScore], count: int) -> Cases:
    """Choose the best, the middling and the worst expressions that have pictures to show.

    No more than ``MOST_OF_A_SEQUENCE`` of a kind are of one sequence, and no two of these describe
    the same objects. Half of all expressions are the better ones, so that none is best and worst.

    Args:
        scores: of all expressions.
        count: the most of each kind.
    """
    ranked = sorted((one for one in scores if one.examples), key=score_of, reverse=True)
    half = (len(ranked) + 1) // 2
    best = _varied(ranked[:half], count)
    worst = _varied(ranked[half:][::-1], count)
    shown = {one.key for one in (*best, *worst)}
    from_the_middle = sorted(
        (i for i, one in enumerate(ranked) if one.key not in shown),
        key=lambda i: abs(i - (len(ranked) - 1) / 2),
    )
    middle = _varied([ranked[i] for i in from_the_middle], count)
    return Cases(best, tuple(sorted(middle, key=score_of, reverse=True)), worst)


def _varied(ranked: Iterable[ExpressionScore], count: int) -> tuple[ExpressionScore, ...]:
    chosen: list[ExpressionScore] = []
    of_sequence: Counter[str] = Counter()
    objects: set[tuple[str, tuple[int, ...]]] = set()
    for one in ranked:
        if len(chosen) == count:
            break
        if (
            of_sequence[one.sequence] < MOST_OF_A_SEQUENCE
            and (one.sequence, one.object_ids) not in objects
        ):
            chosen.append(one)
            of_sequence[one.sequence] += 1
            objects.add((one.sequence, one.object_ids))
    return tuple(chosen)


def _bins(groups: Iterable[tuple[str, list[float]]]) -> list[Bin]:
    return [_bin(label, values) for label, values in groups if values]


def _bin(label: str, values: list[float]) -> Bin:
    low, high = np.percentile(values, [25, 75])
    return Bin(label, len(values), float(np.mean(values)), float(low), float(high))
