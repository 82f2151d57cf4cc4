"""Masks in PNG files as programs write them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from slvp.errors import UserError
from slvp.types import BoolArray, UInt8Array

MOST_IDS = 20
"""DAVIS takes no more proposals than this."""


def read_png(png: bytes, name: str) -> tuple[str, UInt8Array]:
    """Return the mode (1, L or P, as Pillow names them) and the values (HW) of a picture.

    Raises:
        UserError: it is of another mode, or no picture.
    """
    try:
        with Image.open(io.BytesIO(png)) as image:
            image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(
            f"{name} can't be read as a PNG picture: write or copy it again."
        ) from error
    if image.mode not in ("1", "L", "P"):
        raise UserError(
            f"{name} is a picture of mode {image.mode}, but masks are grey, of 1 bit or indexed: "
            "write them so."
        )
    return image.mode, np.array(image, np.uint8)


def binary_mask(png: bytes, name: str) -> BoolArray:
    """Return mask_HW of one object.

    Takes grey pictures of black and one other value, those of 1 bit, and indexed ones, where
    index 0 is background and any other the object.

    Args:
        png: content of the file.
        name: where it comes from, for messages.

    Raises:
        UserError: the file is no such picture.
    """
    mode, values_HW = read_png(png, name)
    mask_HW = values_HW != 0
    if mode == "L" and (grey := _other_grey(values_HW, mask_HW)) is not None:
        raise UserError(
            f"{name} has grey values {grey[0]} and {grey[1]}, but a binary mask is expected: 0 "
            "for background and one other value, as 255, for the object."
        )
    return mask_HW


def id_map(png: bytes, name: str) -> UInt8Array:
    """Return ids_HW of all objects: 0 is background.

    Takes indexed pictures, whose indices are the ids, grey ones whose values are, and those of
    1 bit, which have one object.

    Raises:
        UserError: the file is no such picture.
    """
    mode, ids_HW = read_png(png, name)
    if mode == "L" and (largest := int(ids_HW.max())) > MOST_IDS:
        raise UserError(
            f"{name} has grey value {largest}, but the values of a map of objects are their ids, "
            f"up to {MOST_IDS}: write 1 for the first object, 2 for the second and so on."
        )
    return ids_HW


def _other_grey(values_HW: UInt8Array, mask_HW: BoolArray) -> tuple[int, int] | None:
    """Return two values of a picture that are not 0, where there are two."""
    largest = values_HW.max()
    if np.count_nonzero(values_HW == largest) == np.count_nonzero(mask_HW) or not largest:
        return None
    return int(values_HW[mask_HW].min()), int(largest)
