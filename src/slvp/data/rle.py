"""COCO's run lengths: compressed, as MeViS keeps its masks, or as plain numbers.

Source: the format is that of ``rleToString`` in COCO's ``maskApi.c``. Counts of pixels that are out
of and in the mask by turns, down the columns; from the fourth on, each is written as its difference
to the one before the last; five bits a letter, lowest first, with a sixth bit that says that
letters of the same number follow.

Decoding is written anew because ``pycocotools`` believes what it is given: counts that are cut off
make it hand out memory that it never wrote to, or write past the end of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from slvp.types import BoolArray

_MOST_LETTERS = 6  # of one number: 30 bits


def encode_rle(mask_HW: BoolArray) -> dict[str, Any]:
    """Return ``{"size": [height, width], "counts": str}``, as ``pycocotools`` and JSON take it."""
    counts: bytes = coco.encode(np.asfortranarray(mask_HW, np.uint8))["counts"]
    return {"size": list(mask_HW.shape), "counts": counts.decode("ascii")}


def decode_rle(counts: str, height: int, width: int) -> BoolArray:
    """Return mask_HW.

    Args:
        counts: the compressed run lengths.
        height: of the mask, in pixels.
        width: of the mask, in pixels.

    Raises:
        ValueError: the counts are no run lengths of a mask of that size.
    """
    return expand(_run_lengths(counts), height, width)


def expand(lengths: npt.NDArray[np.int64], height: int, width: int) -> BoolArray:
    """Return mask_HW of run lengths that are out of and in the mask by turns, down the columns.

    Raises:
        ValueError: they are not those of a mask of that size.
    """
    pixels = height * width
    # The sum alone could be right by overflow.
    if ((lengths < 0) | (lengths > pixels)).any() or lengths.sum() != pixels:
        raise ValueError(f"not the run lengths of a mask of {width} x {height} pixels")
    inside = np.zeros(len(lengths), np.bool_)
    inside[1::2] = True
    return np.ascontiguousarray(np.repeat(inside, lengths).reshape(width, height).T)


def _run_lengths(counts: str) -> npt.NDArray[np.int64]:
    letters = np.frombuffer(counts.encode("utf-8"), np.uint8).astype(np.int64) - 48
    if len(letters) == 0 or letters.min() < 0 or letters.max() > 63 or letters[-1] & 32:
        raise ValueError("no run lengths, or cut off")
    last = np.flatnonzero(letters & 32 == 0)
    first = np.concatenate(([0], last[:-1] + 1))
    sizes = last - first + 1
    if sizes.max() > _MOST_LETTERS:
        raise ValueError("a run length beyond any picture")
    places = np.arange(len(letters)) - np.repeat(first, sizes)
    lengths = np.add.reduceat((letters & 31) << (5 * places), first)
    # The highest bit of a number is its sign.
    lengths -= np.where(letters[last] & 16, 1 << (5 * sizes), 0)
    lengths[1::2] = np.cumsum(lengths[1::2])
    lengths[2::2] = np.cumsum(lengths[2::2])
    return lengths
