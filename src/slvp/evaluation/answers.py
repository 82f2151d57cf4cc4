"""What a model, or another program's files, says of one frame of a sequence.

Answers come in the order of the frames, and scorers take them one at a time, so that no more than
a frame of masks is in memory. Who asks is a *group*: all expressions of one sequence, in the
benchmark's order.
"""

from __future__ import annotations

from dataclasses import dataclass

from slvp.types import BoolArray, UInt8Array


@dataclass(frozen=True)
class Candidate:
    """A mask (HW) for one expression and frame, and how sure its maker is of it (more is surer)."""

    mask_HW: BoolArray
    score: float = 1.0


@dataclass(frozen=True)
class MaskAnswer:
    """Masks of frame ``t`` (an index into the video's frames), each expression on its own.

    ``candidates`` has a tuple for each expression of the group, the surest candidate first. Only
    benchmarks that are scored by average precision look at more than the first; an empty tuple
    stands for an empty mask.
    """

    t: int
    candidates: tuple[tuple[Candidate, ...], ...]


@dataclass(frozen=True)
class IdMapAnswer:
    """The objects of frame ``t`` (an index into the video's frames) in one map per annotation set.

    ``ids`` gives, by the set's name, ids_HW: 0 is background, value k the k-th object or proposal.
    """

    t: int
    ids: dict[str, UInt8Array]


Answer = MaskAnswer | IdMapAnswer
