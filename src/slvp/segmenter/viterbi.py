"""The cheapest path through the states of frames that come one by one.

A. J. Viterbi, "Error bounds for convolutional codes and an asymptotically optimum decoding
algorithm", 1967; with a fixed lag, so that a video of any length is decided in constant memory.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

Costs = npt.NDArray[np.float64]


class Viterbi:
    """Decides frame by frame which state each is in.

    A frame is decided when ``lag`` later ones have been added: by the cheapest path through all
    frames so far that agrees with what has been decided before. With a lag of at least the number
    of frames less one, that is the cheapest path of all.

    Args:
        lag: frames that have a say in the decision on one before them; 0 decides at once.
    """

    def __init__(self, lag: int) -> None:
        self._lag = lag
        self._total_N: Costs | None = None
        # For each undecided frame, which state of the frame before its states are best reached
        # from; for the first of all, nothing.
        self._came_from: deque[npt.NDArray[np.intp]] = deque()

    def add(self, cost_N: Costs, move_MN: Costs | None = None) -> int | None:
        """Add the next frame.

        Args:
            cost_N: of being in each of its N states, at least one.
            move_MN: of coming there from each of the M states of the frame before; None at the
                first frame.

        Returns:
            The state of the frame that is now decided, or None as long as there are too few.
        """
        if self._total_N is None:
            self._total_N = np.asarray(cost_N, np.float64)
            self._came_from.append(np.arange(len(cost_N)))
        else:
            assert move_MN is not None
            through_MN = self._total_N[:, None] + move_MN
            best_N = through_MN.argmin(axis=0)
            self._total_N = cost_N + through_MN[best_N, np.arange(len(cost_N))]
            self._came_from.append(best_N)
        return self._decide_first() if len(self._came_from) > self._lag else None

    def finish(self) -> list[int]:
        """Return the states of the frames that aren't decided yet; nothing may be added then."""
        return [self._decide_first() for _ in range(len(self._came_from))]

    def _decide_first(self) -> int:
        """Decide the first undecided frame, and give up all paths that don't go through it."""
        assert self._total_N is not None
        state_N = np.arange(len(self._total_N))
        for best_N in list(self._came_from)[:0:-1]:
            state_N = best_N[state_N]
        decided = int(state_N[self._total_N.argmin()])
        self._total_N = np.where(state_N == decided, self._total_N, np.inf)
        self._came_from.popleft()
        return decided
