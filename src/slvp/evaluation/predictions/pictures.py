"""Masks in PNG files as programs write them."""

from __future__ import annotations

import numpy as np

from slvp.data.png import decode_picture
from slvp.errors import UserError
from slvp.evaluation.matching import MOST_PROPOSALS
from slvp.evaluation.predictions.composing import pixels
from slvp.types import BoolArray, UInt8Array


def read_png(png: bytes, name: str) -> tuple[str, UInt8Array]:
    """Return the mode (1, L or P, as Pillow names them) and the values (HW) of a picture.

    Args:
        png: content of the file.
        name: where it comes from, for messages.

    Raises:
        UserError: it is of another mode, or no picture.
    """
    picture = decode_picture(png, name)
    if picture.mode not in ("1", "L", "P"):
        raise UserError(
            f"{name} is a picture of mode {picture.mode}, but masks are grey, of 1 bit or indexed: "
            "write them so."
        )
    return picture.mode, picture.values.astype(np.uint8, copy=False)


def binary_mask(png: bytes, name: str, size: tuple[int, int]) -> BoolArray:
    """Return mask_HW of one object.

    Takes grey pictures of black and one other value, those of 1 bit, and indexed ones, where
    index 0 is background and any other the object.

    Args:
        png: content of the file.
        name: where it comes from, for messages.
        size: height and width of the mask's frame.

    Raises:
        UserError: the file is no such picture, or one of another size.
    """
    mode, values_HW = read_png(png, name)
    _require_size(values_HW, name, size)
    mask_HW: BoolArray = values_HW != 0
    if mode == "L":
        largest = values_HW.max()
        if largest and np.count_nonzero(values_HW == largest) < np.count_nonzero(mask_HW):
            raise UserError(
                f"{name} has grey values {values_HW[mask_HW].min()} and {largest}, but a binary "
                "mask is expected: 0 for background and one other value, as 255, for the object."
            )
    return mask_HW


def id_map(png: bytes, name: str, size: tuple[int, int]) -> UInt8Array:
    """Return ids_HW of all objects: 0 is background.

    Takes indexed pictures, whose indices are the ids, grey ones whose values are, and those of
    1 bit, which have one object. Arguments are those of ``binary_mask``.

    Raises:
        UserError: the file is no such picture, or one of another size.
    """
    mode, ids_HW = read_png(png, name)
    _require_size(ids_HW, name, size)
    if mode == "L" and (largest := int(ids_HW.max())) > MOST_PROPOSALS:
        raise UserError(
            f"{name} has grey value {largest}, but the values of a map of objects are their ids, "
            f"up to {MOST_PROPOSALS}: write 1 for the first object, 2 for the second and so on."
        )
    return ids_HW


def _require_size(values_HW: UInt8Array, name: str, size: tuple[int, int]) -> None:
    """Check the size first: to scale a mask also gives it grey values, yet is what to mend."""
    if values_HW.shape != size:
        raise UserError(
            f"{name} is {pixels(values_HW.shape)} pixels, its frame {pixels(size)}: write masks in "
            "the size of the frame."
        )
