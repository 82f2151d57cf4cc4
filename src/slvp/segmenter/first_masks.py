"""Masks that are given: where objects are in a frame, as files and callers have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slvp.data.benchmarks.masks import VOID
from slvp.data.png import read_picture
from slvp.errors import UserError
from slvp.models.text import check_sentences
from slvp.types import BoolArray

MOST_IDS = 32
"""A grey picture with higher values than this has shades and no ids: it shows one object."""


@dataclass(frozen=True, eq=False)
class FirstMask:
    """Where an object is in the frame from which on it is followed.

    Attributes:
        mask_HW: at the size of the frame.
        frame: index of the frame; before it, nothing is found.
    """

    mask_HW: BoolArray
    frame: int = 0


FirstMasks = Sequence[BoolArray | FirstMask | None]
"""For each sentence a mask of the first frame (or of a later one), or None for the sentence alone.
"""


def check_first_masks(sentences: Sequence[str], first_masks: FirstMasks) -> list[FirstMask | None]:
    """Return the masks as records.

    Raises:
        UserError: there are more or fewer than sentences, one is empty or no mask, or a sentence
            can't be asked; an empty one can where there is a mask.
    """
    if len(first_masks) != len(sentences):
        raise UserError(
            f"{len(first_masks)} first masks for {len(sentences)} sentences; expected one for "
            "each ('' follows the mask alone)"
        )
    masks: list[FirstMask | None] = []
    for number, given in enumerate(first_masks, start=1):
        mask = given if isinstance(given, FirstMask | None) else FirstMask(np.asarray(given))
        if mask is not None and (mask.mask_HW.ndim != 2 or mask.mask_HW.dtype != np.bool_):
            raise UserError(
                f"first mask {number} has shape {mask.mask_HW.shape} and type "
                f"{mask.mask_HW.dtype}; expected (height, width) and bool"
            )
        if mask is not None and not mask.mask_HW.any():
            raise UserError(f"first mask {number} is empty; mark the object in it")
        masks.append(mask)
    asked = [s for s, mask in zip(sentences, masks, strict=True) if s or mask is None]
    if asked or not masks:
        check_sentences(asked)
    return masks


def check_sizes(masks: Sequence[FirstMask | None], size: tuple[int, ...]) -> None:
    """Check that masks have the height and width of the video's frames.

    Raises:
        UserError: one hasn't.
    """
    for number, mask in enumerate(masks, start=1):
        if mask is not None and mask.mask_HW.shape != size:
            height, width = mask.mask_HW.shape
            raise UserError(
                f"first mask {number} is {width} x {height} pixels, but the video's frames are "
                f"{size[1]} x {size[0]}; draw it on the first of them"
            )


def read_first_masks(path: Path, size: tuple[int, int]) -> list[BoolArray]:
    """Read a picture of the first frame's objects, in the order of their ids.

    A palette PNG, or a grey one with values up to ``MOST_IDS``, has an object for each value but 0;
    255 beside other values is void, as in DAVIS. Of any other grey picture, all that isn't 0 is one
    object.

    Args:
        path: of the picture.
        size: height and width of the video's frames.

    Raises:
        UserError: it can't be read, has colours, is empty, or of another size.
    """
    picture = read_picture(path)
    values = picture.values
    if picture.mode not in ("P", "L", "1"):
        raise UserError(
            f"{path} is a picture of mode {picture.mode}; expected 8-bit grey (0 is background) or "
            "a palette PNG whose values are object ids"
        )
    if values.shape != size:
        raise UserError(
            f"{path} is {values.shape[1]} x {values.shape[0]} pixels, but the video's frames are "
            f"{size[1]} x {size[0]}; give a mask of the first frame"
        )
    ids = [int(value) for value in np.unique(values) if value]
    if not ids:
        raise UserError(f"{path} is empty; expected an object, marked with another value than 0")
    if picture.mode != "P" and max(ids) > MOST_IDS:
        return [values > 0]
    return [values == value for value in ids if value != VOID or len(ids) == 1]
