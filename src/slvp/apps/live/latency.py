"""How old frames are when they are shown."""

from __future__ import annotations

import math

import numpy as np

_SHORTEST, _STEP, _BINS = 1e-4, 1.02, 1000  # up to 11 hours


class Latencies:
    """Counts durations in bins that are 2% wide, so that any number of them takes no memory."""

    def __init__(self) -> None:
        self._counts_N = np.zeros(_BINS, np.int64)

    def add(self, seconds: float) -> None:
        """Count a duration."""
        number = int(math.log(max(seconds, _SHORTEST) / _SHORTEST) / math.log(_STEP))
        self._counts_N[min(number, _BINS - 1)] += 1

    def quantile(self, share: float) -> float:
        """Return the seconds, to 1%, that a share (0..1) of the durations doesn't exceed."""
        reached_N = np.cumsum(self._counts_N)
        number = int(np.searchsorted(reached_N, share * reached_N[-1]))
        return float(_SHORTEST * _STEP ** (number + 0.5))
