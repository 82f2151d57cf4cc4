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
        self._decided: int | None = None
        # Of the undecided frames, and of the steps between them; what it costs to come to the first
        # one from what was decided before is part of its cost.
        self._costs: deque[Costs] = deque()
        self._moves: deque[Costs] = deque()

    def add(self, cost_N: Costs, move_MN: Costs | None = None) -> int | None:
        """Add the next frame.

        Args:
            cost_N: of being in each of its N states, at least one.
            move_MN: of coming there from each of the M states of the frame before; None at the
                first frame.

        Returns:
            The state of the frame that is now decided, or None as long as there are too few.
        """
        if self._costs:
            assert move_MN is not None
            self._moves.append(move_MN)
        elif self._decided is not None:
            assert move_MN is not None
            cost_N = cost_N + move_MN[self._decided]
        self._costs.append(cost_N)
        return self._decide_first() if len(self._costs) > self._lag else None

    def finish(self) -> list[int]:
        """Return the states of the frames that aren't decided yet; nothing may be added then."""
        return [self._decide_first() for _ in range(len(self._costs))]

    def _decide_first(self) -> int:
        """Decide the first undecided frame.

        From the newest frame back, so that each time all paths on from the last decision are
        compared: going forward, the best way to a state may be one that a decision has ruled out.
        """
        *earlier, ahead_N = self._costs
        for cost_M, move_MN in zip(reversed(earlier), reversed(self._moves), strict=True):
            ahead_N = cost_M + (move_MN + ahead_N).min(axis=1)
        self._decided = int(ahead_N.argmin())
        self._costs.popleft()
        if self._costs:
            self._costs[0] = self._costs[0] + self._moves.popleft()[self._decided]
        return self._decided
