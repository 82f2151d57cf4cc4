"""Means over seeds and expressions, and how sure they are.

A score depends on the seed of the training and on the video that is asked about. Both are drawn
anew in the bootstrap, each with all that belongs to it (crossed random effects: Owen, "The
pigeonhole bootstrap", Annals of Applied Statistics 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slvp.evaluation.compare import CONFIDENCE
from slvp.evaluation.scores import Float64Array

DRAWS = 10_000
"""Of the bootstrap."""


@dataclass(frozen=True)
class Estimate:
    """A mean, with bounds that hold it with ``CONFIDENCE`` percent."""

    mean: float
    low: float
    high: float


def estimate(values_SN: Float64Array, clusters_N: np.ndarray, *, seed: int = 0) -> Estimate:
    """Bound the mean of values, or of paired differences.

    Args:
        values_SN: of each seed and expression.
        clusters_N: which video each expression is asked of, counted from 0.
        seed: of the bootstrap.
    """
    sums_SC = np.stack([np.bincount(clusters_N, weights=values_N) for values_N in values_SN])
    sizes_C = np.bincount(clusters_N)
    seeds, videos = sums_SC.shape
    random = np.random.default_rng(seed)
    times_DS = random.multinomial(seeds, np.full(seeds, 1 / seeds), size=DRAWS)
    times_DC = random.multinomial(videos, np.full(videos, 1 / videos), size=DRAWS)
    totals_D = ((times_DS @ sums_SC) * times_DC).sum(1)
    means_D = totals_D / (seeds * (times_DC @ sizes_C))
    outside = (100 - CONFIDENCE) / 2
    low, high = np.percentile(means_D, [outside, 100 - outside])
    return Estimate(float(values_SN.mean()), float(low), float(high))
