"""COCO's run-length encoding of a mask as JSON files have it."""

from __future__ import annotations

from typing import Any

import numpy as np

from slvp.data.rle import decode_rle, expand
from slvp.types import BoolArray


def mask_from_json(rle: Any) -> BoolArray:
    """Return mask_HW of ``{"size": [height, width], "counts": compressed str or list of runs}``.

    Raises:
        ValueError: it is none; the message ends a sentence that names it.
    """
    if not isinstance(rle, dict) or not {"size", "counts"} <= rle.keys():
        raise ValueError('is no run-length encoding {"size": [height, width], "counts": ...}')
    size, counts = rle["size"], rle["counts"]
    if not (
        isinstance(size, list)
        and len(size) == 2
        and all(isinstance(length, int) and length > 0 for length in size)
    ):
        raise ValueError(f'has the "size" {size!r} instead of [height, width]')
    height, width = size
    if isinstance(counts, str):
        try:
            return decode_rle(counts, height, width)
        except ValueError as error:
            raise ValueError(f'has "counts" that are {error}') from error
    if not (isinstance(counts, list) and all(isinstance(run, int) and run >= 0 for run in counts)):
        raise ValueError('has "counts" that are neither a string nor a list of run lengths')
    # Before they are an array: Python's numbers have no end.
    if sum(counts) != height * width:
        raise ValueError(f'has "counts" for {sum(counts)} pixels, but a "size" of {size}')
    return expand(np.array(counts, np.int64), height, width)
