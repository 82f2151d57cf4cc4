"""From masks of single expressions to answers for a group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from slvp.data.benchmarks.records import BenchmarkExpression, Frames, Group
from slvp.evaluation.answers import Candidate, IdMapAnswer, MaskAnswer
from slvp.types import UInt8Array

ReadMasks = Callable[[BenchmarkExpression, int], tuple[Candidate, ...]]
"""From an expression and a frame's index to the candidates, the surest first."""


def asked_frames(group: Group) -> list[Sequence[int]]:
    """Return, for each expression, the ascending indices of the frames that it is asked of.

    These are the ones that count; all of the video where none counts for any expression, as a
    server knows the answers.
    """
    if any(one.scored for one in group):
        return [one.scored for one in group]
    return [range(len(group[0].frames.names))] * len(group)


def frame_size(frames: Frames) -> tuple[int, int]:
    """Return height and width in pixels; reads the first frame.

    Raises:
        UserError: it can't be read.
    """
    height, width, _ = next(iter(frames.read([0]))).shape
    return height, width


def pixels(size: Sequence[int]) -> str:
    """Return a size, height first, as people write it: WIDTH x HEIGHT."""
    return f"{size[1]} x {size[0]}"


def mask_answers(group: Group, read: ReadMasks) -> Iterator[MaskAnswer]:
    """Yield an answer for each frame that any expression is asked of; none where it isn't."""
    asked = [frozenset(frames) for frames in asked_frames(group)]
    for t in sorted({t for frames in asked for t in frames}):
        yield MaskAnswer(
            t,
            tuple(
                read(one, t) if t in frames else ()
                for one, frames in zip(group, asked, strict=True)
            ),
        )


def id_map_answers(group: Group, read: ReadMasks, size: tuple[int, int]) -> Iterator[IdMapAnswer]:
    """Yield an answer for each frame, the surest masks of each annotation set merged to one map.

    Where masks of two objects overlap, the lower id wins: they don't say how likely a pixel is.

    Args:
        group: all expressions of one sequence.
        read: gives masks of ``size``.
        size: height and width of the frames.
    """
    sets = list(dict.fromkeys(one.annotation_set for one in group))
    # The lowest id is painted last, over the others.
    members = sorted(group, key=lambda one: one.object_ids, reverse=True)
    indices = sorted({t for frames in asked_frames(group) for t in frames})
    for t in indices:
        ids: dict[str, UInt8Array] = {name: np.zeros(size, np.uint8) for name in sets}
        for one in members:
            if candidates := read(one, t):
                ids[one.annotation_set][candidates[0].mask_HW] = one.object_ids[0]
        yield IdMapAnswer(t, ids)
