"""Sequences whose masks are arrays, for tests of scoring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slvp.data.benchmarks.masks import IdMap
from slvp.data.benchmarks.records import BenchmarkExpression


@dataclass(frozen=True)
class NamedFrames:
    """Frames that nobody looks at."""

    names: tuple[str, ...]

    def read(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        raise AssertionError("scoring needs no frames")


class ArrayMasks:
    """Masks as ids_THW; counts how often each frame is read."""

    def __init__(self, ids_THW: np.ndarray) -> None:
        self.ids_THW = ids_THW
        self.reads = [0] * len(ids_THW)

    def read(self, t: int) -> IdMap:
        self.reads[t] += 1
        return IdMap(self.ids_THW[t])


def expression(ids_THW: np.ndarray, *object_ids: int, **changes) -> BenchmarkExpression:
    """Return an expression for these objects, all of whose frames count."""
    record = BenchmarkExpression(
        sequence="pond",
        expression_id="0",
        text="the duck",
        object_ids=object_ids,
        annotation_set="",
        frames=NamedFrames(tuple(f"f{t}" for t in range(len(ids_THW)))),
        masks=ArrayMasks(ids_THW),
        scored=tuple(range(len(ids_THW))),
    )
    return replace(record, **changes)


def boxes(frames: int, *corners: tuple[int, int, int, int]) -> np.ndarray:
    """Return ids_THW, 20 x 30, with a still box (top, bottom, left, right) for each id."""
    ids_THW = np.zeros((frames, 20, 30), np.uint8)
    for number, (top, bottom, left, right) in enumerate(corners, start=1):
        ids_THW[:, top:bottom, left:right] = number
    return ids_THW
