"""What every benchmark's parser returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from slvp.data.labels.records import VideoLabels
from slvp.types import BoolArray, UInt8Array


class Frames(Protocol):
    """The frames of a video, read when they are needed."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the benchmark calls each frame, in order: the stem of a file's name."""
        ...

    def read(self, indices: Sequence[int]) -> Iterator[UInt8Array]:
        """Yield frame_HWC, uint8 RGB, for each of some ascending indices.

        Raises:
            UserError: a frame can't be read, or differs in size from the ones before it.
        """
        ...


class ObjectMasks(Protocol):
    """The masks of the objects in one frame."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        ...

    def void(self) -> BoolArray | None:
        """Return the pixels (HW) that nobody is to be judged by; None where there are none."""
        ...

    def mask(self, object_ids: Sequence[int]) -> BoolArray:
        """Return mask_HW of one or several objects together; empty for objects not in the frame."""
        ...


class Masks(Protocol):
    """The masks of a video's objects, read when they are needed."""

    def read(self, t: int) -> ObjectMasks:
        """Return the masks of frame ``t``, an index into the video's frames.

        Raises:
            UserError: the masks can't be read.
        """
        ...


@dataclass(frozen=True)
class BenchmarkExpression:
    """One sentence of a benchmark, asked of one of its videos.

    Attributes:
        sequence: name of the video.
        expression_id: tells the expressions of a sequence apart.
        text: the sentence.
        object_ids: the objects that it describes, as ``masks`` knows them; empty where it describes
            nothing in the video or where the benchmark keeps the answer to itself.
        annotation_set: who described the object and how, for benchmarks that average over several
            descriptions of it; empty elsewhere.
        frames: the video's frames. All expressions of a sequence share one object.
        masks: the masks of the video's objects; None where the benchmark keeps them to itself, or
            where they are not to be used.
        scored: ascending indices of the frames that count; all of them for most benchmarks, none
            where there are no masks.
        labels: what is known of the video's objects where masks are not to be used; else None. All
            expressions of a sequence share them.
    """

    sequence: str
    expression_id: str
    text: str
    object_ids: tuple[int, ...]
    annotation_set: str
    frames: Frames
    masks: Masks | None
    scored: tuple[int, ...]
    labels: VideoLabels | None = None


Group = Sequence[BenchmarkExpression]
"""All expressions of one sequence, in the benchmark's order."""


def sequences_of(expressions: Iterable[BenchmarkExpression]) -> list[Group]:
    """Return expressions, of which those of a sequence stand together, sequence by sequence."""
    return [list(group) for _, group in groupby(expressions, key=lambda one: one.sequence)]
