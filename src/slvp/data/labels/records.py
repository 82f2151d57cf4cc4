"""What a label says of an object in a frame, and all labels of a video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slvp.data.labels.kinds import Supervision
from slvp.data.rle import decode_rle, encode_rle
from slvp.types import BoolArray


@dataclass(frozen=True)
class Box:
    """The smallest rectangle around an object, in pixels of the frame.

    Attributes:
        left: first column.
        top: first row.
        width: columns, at least 1.
        height: rows, at least 1.
    """

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Point:
    """A pixel of an object.

    Attributes:
        x: column.
        y: row.
    """

    x: int
    y: int


@dataclass(frozen=True)
class Outlined:
    """An object's whole mask, kept small: those of a whole benchmark are in memory at a time.

    Attributes:
        size: height and width of the frame, in pixels.
        counts: COCO's compressed run lengths.
    """

    size: tuple[int, int]
    counts: str

    @classmethod
    def of(cls, mask_HW: BoolArray) -> Outlined:
        """Keep a mask."""
        height, width = mask_HW.shape
        return cls((height, width), encode_rle(mask_HW)["counts"])

    @property
    def mask_HW(self) -> BoolArray:  # noqa: N802  (an array, by its name)
        """The mask, decoded anew each time."""
        return decode_rle(self.counts, *self.size)


Label = Box | Point | Outlined
"""What is known of one object in one frame."""


@dataclass(frozen=True)
class VideoLabels:
    """All labels of a video.

    Attributes:
        kind: of all of them; boxes for ``box``, points for ``point``, masks for ``first-frame``,
            none for ``sentence``.
        size: height and width of the frames, in pixels; None for ``sentence``.
        frames: by object and frame (an index into the video's frames), ascending. An object that
            no labelled frame shows is there, too, with no frame.
        labelled: ascending indices of the frames that were looked at for every object: in these, an
            object without a label is not seen. Of an object without a label in any other frame
            nothing is known. For ``first-frame`` it is the first annotated frame at most: an object
            that comes later has its label in a frame in which nobody looked for the others.
    """

    kind: Supervision
    size: tuple[int, int] | None
    frames: Mapping[int, Mapping[int, Label]]
    labelled: tuple[int, ...]


SENTENCE_ONLY = VideoLabels(kind="sentence", size=None, frames={}, labelled=())
"""The labels of every video of which only the sentences are known."""
