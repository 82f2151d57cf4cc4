"""Estimators of optical flow behind one interface, and their names on the command line.

====================  ==========================================================================
name                  what
====================  ==========================================================================
``dis``               DIS, the most accurate preset; no weights, CPU
``dis-fast``          DIS, about three times as fast
``raft-small``        RAFT, small; weights from the hub
``raft-large``        RAFT, large; weights from the hub
``raft-large:FILE``   RAFT, weights from a file (``raft-small:FILE`` alike)
====================  ==========================================================================

Which one to estimate targets with is our own choice: DIS, for it needs neither weights nor a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slvp.data.flow.dis import DisFlow
from slvp.errors import UserError
from slvp.types import Float32Array, UInt8Array

NAMES = ("dis", "dis-fast", "raft-small", "raft-large")


class FlowEstimator(Protocol):
    """Estimates flow between neighbouring frames."""

    def __call__(self, frames_THWC: UInt8Array, *, backward: bool = False) -> Float32Array:
        """Estimate.

        Args:
            frames_THWC: T >= 2 RGB frames.
            backward: from frame t + 1 to frame t, instead of from t to t + 1.

        Returns:
            T - 1 flow fields (THW2) in pixels.
        """
        ...


@dataclass(frozen=True)
class KnownFlow:
    """Flow that was computed elsewhere, for exactly the frames that it will be asked of.

    Attributes:
        forward_THW2: from frame t to t + 1, in pixels.
        backward_THW2: from frame t + 1 to t; only asked for where consistency is checked.
    """

    forward_THW2: Float32Array
    backward_THW2: Float32Array | None = None

    def __call__(self, frames_THWC: UInt8Array, *, backward: bool = False) -> Float32Array:
        """Return what is known; see ``FlowEstimator``."""
        flow_THW2 = self.backward_THW2 if backward else self.forward_THW2
        assert flow_THW2 is not None, "without flow backward, set check_consistency=False"
        assert len(flow_THW2) == len(frames_THWC) - 1
        return flow_THW2


def estimator(name: str, device: str = "cpu") -> FlowEstimator:
    """Build an estimator from its name; see the table above.

    Args:
        name: of the estimator.
        device: that RAFT runs on; ``auto`` is a GPU if there is one. DIS has only the CPU.

    Raises:
        UserError: there is no such estimator, or its weights can't be had.
    """
    kind, _, file = name.partition(":")
    if kind not in NAMES or (file and kind.startswith("dis")):
        raise UserError(
            f"--estimator {name}: expected one of {', '.join(NAMES)}, RAFT with a file of weights "
            "(raft-large:FILE), or flow of another program (precomputed:FOLDER)"
        )
    if kind.startswith("dis"):
        return DisFlow("fast" if kind == "dis-fast" else "medium")
    from slvp.data.flow.raft import RaftFlow  # torchvision takes seconds to import

    weights = Path(file) if file else None
    return RaftFlow.load("small" if kind == "raft-small" else "large", weights, device)
