"""Two results of one benchmark, compared expression by expression.

Differences are B less A throughout: a gain is what B does better. Expressions of one video rise and
fall together, so the bootstrap draws whole videos (a cluster bootstrap: Field and Welsh,
"Bootstrapping clustered data", JRSS B 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slvp.errors import UserError
from slvp.evaluation.card import CardExpression, ResultCard
from slvp.evaluation.card.records import METRIC_TITLES
from slvp.evaluation.scores import Float64Array

CONFIDENCE = 95
"""Percent of the bootstrap's draws that an interval holds."""

MOST_SHOWN = 5
"""Gains, and losses, that are told one by one."""

FEW_SEQUENCES = 10
"""With fewer, the bootstrap's draws are too much alike to trust the interval."""

_OF_THE_WHOLE = (
    *("precision_50", "precision_60", "precision_70", "precision_80", "precision_90"),
    *("overall_iou", "map", "map_50", "map_75"),
)
"""What detection is judged by besides the mean IoU; these are no means over expressions."""

_SAME = 1e-9
_DRAWS_AT_A_TIME = 500  # of whole benchmarks: bounds memory


@dataclass(frozen=True)
class MetricDifference:
    """Means of one metric over the expressions that both results have, in 0..1.

    ``mean_iou`` is a mean over their frames, as the benchmarks of detection have it. ``low`` and
    ``high`` bound the difference with ``CONFIDENCE`` percent.
    """

    metric: str
    a: float
    b: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class ExpressionDifference:
    """What one expression got in either result: J&F or, where there is no F, J."""

    expression: CardExpression
    a: float
    b: float

    @property
    def difference(self) -> float:
        """B less A."""
        return self.b - self.a


@dataclass(frozen=True)
class Comparison:
    """What ``compare`` found.

    Attributes:
        a: model or predictions of the first result.
        b: those of the second.
        benchmark: benchmark, split and protocol of both.
        expressions: how many are in both.
        sequences: how many these are asked of.
        only_a: how many expressions are in the first result only.
        only_b: how many are in the second only.
        metrics: J, F and J&F; the mean IoU where the benchmark knows no F.
        wholes: names of ``_OF_THE_WHOLE``, and the number of either whole result.
        wins: expressions that B does better.
        ties: expressions that both do alike.
        losses: expressions that A does better.
        gains: the expressions that B does most better, the largest difference first.
        setbacks: those that B does most worse, the largest difference first.
        samples: number of draws of the bootstrap.
    """

    a: str
    b: str
    benchmark: str
    expressions: int
    sequences: int
    only_a: int
    only_b: int
    metrics: tuple[MetricDifference, ...]
    wholes: tuple[tuple[str, float, float], ...]
    wins: int
    ties: int
    losses: int
    gains: tuple[ExpressionDifference, ...]
    setbacks: tuple[ExpressionDifference, ...]
    samples: int


def compare(a: ResultCard, b: ResultCard, *, samples: int = 10_000, seed: int = 0) -> Comparison:
    """Compare two results of one benchmark, split and protocol.

    Expressions are paired by sequence, annotation set, expression and objects; an expression that
    only one of the results has is left out and counted.

    Args:
        a: the result to start from.
        b: the result to judge.
        samples: draws of the bootstrap.
        seed: what they are drawn from.

    Raises:
        UserError: the results are not of one kind, or have no expression in common.
    """
    if _kind(a) != _kind(b):
        raise UserError(
            f"A is a result of {_kind(a)}, B of {_kind(b)}: compare results of one benchmark, "
            "split and protocol."
        )
    by_key_a = {one.key: one for one in a.expressions}
    by_key_b = {one.key: one for one in b.expressions}
    keys = [key for key in by_key_a if key in by_key_b]
    if not keys:
        raise UserError(
            f"A and B have no expression of {_kind(a)} in common: compare results of the same data."
        )
    pairs = [(by_key_a[key], by_key_b[key]) for key in keys]
    sequences = np.unique([one.sequence for one, _ in pairs], return_inverse=True)[1]
    metrics = ("j", "f", "jf") if pairs[0][0].f is not None else ("mean_iou",)
    pooled = [ExpressionDifference(one, one.score, other.score) for one, other in pairs]
    ranked = sorted(pooled, key=lambda one: -one.difference)
    gains = [one for one in ranked if one.difference > _SAME]
    setbacks = [one for one in reversed(ranked) if one.difference < -_SAME]
    return Comparison(
        a=a.scored,
        b=b.scored,
        benchmark=_kind(a),
        expressions=len(pairs),
        sequences=int(sequences.max()) + 1,
        only_a=len(by_key_a) - len(pairs),
        only_b=len(by_key_b) - len(pairs),
        metrics=tuple(_metric(name, pairs, sequences, samples, seed) for name in metrics),
        wholes=tuple(
            (name, a.summary[name], b.summary[name])
            for name in _OF_THE_WHOLE
            if name in a.summary and name in b.summary
        ),
        wins=len(gains),
        ties=len(pairs) - len(gains) - len(setbacks),
        losses=len(setbacks),
        gains=tuple(gains[:MOST_SHOWN]),
        setbacks=tuple(setbacks[:MOST_SHOWN]),
        samples=samples,
    )


def bootstrap_interval(
    values_N: Float64Array,
    clusters_N: np.ndarray,
    *,
    samples: int,
    seed: int,
    weights_N: Float64Array | None = None,
) -> tuple[float, float]:
    """Bound the mean of values that come in clusters, with ``CONFIDENCE`` percent.

    Args:
        values_N: what is averaged.
        clusters_N: which cluster each is of, counted from 0.
        samples: how often as many clusters as there are are drawn, with replacement.
        seed: what they are drawn from.
        weights_N: how much each value counts; by default all alike.
    """
    weights_N = np.ones_like(values_N) if weights_N is None else weights_N
    sums_C = np.bincount(clusters_N, weights=values_N * weights_N)
    sizes_C = np.bincount(clusters_N, weights=weights_N)
    count = len(sizes_C)
    random = np.random.default_rng(seed)
    means = []
    for start in range(0, samples, _DRAWS_AT_A_TIME):
        draws = min(_DRAWS_AT_A_TIME, samples - start)
        times_SC = random.multinomial(count, np.full(count, 1 / count), size=draws)
        means.append((times_SC @ sums_C) / (times_SC @ sizes_C))
    outside = (100 - CONFIDENCE) / 2
    low, high = np.percentile(np.concatenate(means), [outside, 100 - outside])
    return float(low), float(high)


def format_comparison(comparison: Comparison) -> str:
    """Lay a comparison out as plain text, in percent."""
    found = comparison
    left_out = found.only_a + found.only_b
    lines = [
        found.benchmark,
        f"A: {found.a}",
        f"B: {found.b}",
        f"{found.expressions} expressions of {found.sequences} sequences in both"
        + (f"; {found.only_a} only in A, {found.only_b} only in B" if left_out else ""),
        "",
        f"{'':<11}  {'A':>5}  {'B':>5}  {'B - A':>6}  {CONFIDENCE}% interval",
        "-" * 51,
    ]
    lines += [
        f"{_title(one.metric):<11}  {100 * one.a:5.1f}  {100 * one.b:5.1f}  "
        f"{100 * one.difference:+6.2f}  [{100 * one.low:+.2f}, {100 * one.high:+.2f}]"
        for one in found.metrics
    ]
    lines += [
        f"{_title(name):<11}  {100 * a:5.1f}  {100 * b:5.1f}  {100 * (b - a):+6.2f}"
        for name, a, b in found.wholes
    ]
    if found.wholes and left_out:
        lines.append("rows without an interval: of all expressions that each result has")
    lines += [
        "-" * 51,
        f"interval: bootstrap over sequences, {found.samples:,} draws"
        + ("; too few sequences to rely on it" if found.sequences < FEW_SEQUENCES else ""),
        f"B is better on {found.wins} expressions, worse on {found.losses}, "
        f"the same on {found.ties}",
    ]
    for title, several in (("gains", found.gains), ("losses", found.setbacks)):
        if several:
            lines += ["", f"largest {title} in {_title(found.metrics[-1].metric)}"]
            lines += [_told(one) for one in several]
    return "\n".join(lines)


def _kind(card: ResultCard) -> str:
    return f"{card.benchmark} {card.split} ({card.protocol.name})"


def _metric(
    name: str,
    pairs: Sequence[tuple[CardExpression, CardExpression]],
    clusters_N: np.ndarray,
    samples: int,
    seed: int,
) -> MetricDifference:
    value = "j" if name == "mean_iou" else name
    a_N, b_N = (np.array([getattr(pair[side], value) for pair in pairs]) for side in (0, 1))
    # Detection averages over frames, so that an expression counts as often as it has some.
    weights_N = np.array([one.frames if name == "mean_iou" else 1 for one, _ in pairs], np.float64)
    low, high = bootstrap_interval(
        b_N - a_N, clusters_N, samples=samples, seed=seed, weights_N=weights_N
    )
    return MetricDifference(
        metric=name,
        a=float(np.average(a_N, weights=weights_N)),
        b=float(np.average(b_N, weights=weights_N)),
        difference=float(np.average(b_N - a_N, weights=weights_N)),
        low=low,
        high=high,
    )


def _title(metric: str) -> str:
    return METRIC_TITLES[metric]


def _told(one: ExpressionDifference) -> str:
    expression = one.expression
    place = " ".join(
        part
        for part in (expression.sequence, expression.annotation_set, expression.expression_id)
        if part
    )
    return (
        f"{100 * one.difference:+6.1f}  {100 * one.a:5.1f} -> {100 * one.b:5.1f}  {place}: "
        f'"{expression.text}"'
    )
