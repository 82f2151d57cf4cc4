"""Kinds of labels, and what a label says of an object in a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from slvp.types import BoolArray

Supervision = Literal["mask", "box", "point", "first-frame", "sentence"]
"""What is known of the objects that sentences describe: their masks, their boxes or a point inside
them (in each frame or in some), their masks in the first frame that shows them, or nothing but that
the video shows them."""


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
    """An object's whole mask, mask_HW."""

    mask_HW: BoolArray


Label = Box | Point | Outlined
"""What is known of one object in one frame."""


@dataclass(frozen=True)
class VideoLabels:
    """All labels of a video.

    Attributes:
        kind: of all of them; boxes for ``box``, points for ``point``, masks for ``first-frame``,
            none for ``sentence``.
        size: height and width of the frames, in pixels.
        frames: by object and frame (an index into the video's frames), ascending. An object that
            a labelled frame doesn't show has no label there; a frame that nobody has labelled
            isn't in ``labelled``.
        labelled: the frames that were looked at: in these, an object without a label is not seen.
    """

    kind: Supervision
    size: tuple[int, int]
    frames: Mapping[int, Mapping[int, Label]]
    labelled: tuple[int, ...]
