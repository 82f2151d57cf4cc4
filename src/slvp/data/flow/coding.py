"""Compact flow: fixed point of 1/16 pixel, predicted from its neighbours, deflated.

A field takes about 5 % of its float32 size, and 6 ms to encode, 4 ms to decode at 432 x 240. Of the
codings measured (``scripts/measure_flow.py``) FFV1 is smaller by a quarter, but opaque; this one is
read with zlib and a cumulative sum.

One field is one zlib stream of ``4 H W + ceil(H W / 8)`` bytes: all low bytes of x (HW), those of
y, all high bytes of x, those of y, and the valid pixels, 8 to a byte (most significant bit
first). A value v (int16, in 1/16 pixel) is stored as the difference d from the plane through its
neighbours, v[y, x] - v[y-1, x] - v[y, x-1] + v[y-1, x-1] (0 outside the frame), wrapped to 16
bits, and d as (d << 1) ^ (d >> 15), so that small differences of both signs have no high byte.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from zlib_ng import zlib_ng

from slvp.types import BoolArray, Float32Array

UNIT = 1 / 16
"""Pixels; what is stored is nearest in it, so the error is at most half of it, 1/32 pixel."""

LIMIT = 32767 * UNIT
"""Pixels, of x and of y. What is longer is cut to it and no longer valid."""

_LEVEL = 4  # half the time of level 6 for 5 % more bytes


def encode_flow(flow_HW2: Float32Array, valid_HW: BoolArray) -> bytes:
    """Encode a flow field in pixels; what isn't finite or beyond ``LIMIT`` loses its validity."""
    with np.errstate(invalid="ignore"):
        storable_HW2 = np.abs(flow_HW2) <= LIMIT  # False for NaN
    clipped_HW2 = np.clip(np.nan_to_num(flow_HW2, nan=0.0), -LIMIT, LIMIT)
    values_2HW = np.rint(clipped_HW2 / UNIT).astype(np.int16).transpose(2, 0, 1)
    difference_2HW = values_2HW
    for axis in (1, 2):
        difference_2HW = np.diff(difference_2HW, axis=axis, prepend=np.int16(0))
    folded_2HW = (difference_2HW << 1) ^ (difference_2HW >> 15)
    bytes_N2 = folded_2HW.astype("<i2").view(np.uint8).reshape(-1, 2)
    valid = np.packbits(valid_HW & storable_HW2.all(-1))
    return zlib_ng.compress(bytes_N2.T.tobytes() + valid.tobytes(), _LEVEL)


def decode_flow(content: bytes, height: int, width: int) -> tuple[Float32Array, BoolArray]:
    """Return flow_HW2 in pixels and valid_HW.

    Raises:
        ValueError: the content is no flow of this size.
    """
    try:
        plain = np.frombuffer(zlib_ng.decompress(content), np.uint8)
    except zlib_ng.error as error:  # type: ignore[misc]  # its stub takes the class for an instance
        raise ValueError(str(error)) from None
    count = height * width
    if len(plain) != 4 * count + -(-count // 8):
        raise ValueError(f"{len(plain)} bytes are no flow of {width} x {height} pixels")
    bytes_N2 = np.ascontiguousarray(plain[: 4 * count].reshape(2, -1).T)
    folded_2HW = bytes_N2.view("<u2").astype(np.uint16).reshape(2, height, width)
    signs_2HW = (folded_2HW & 1).astype(np.int16)
    values_2HW = (folded_2HW >> 1).view(np.int16) ^ -signs_2HW
    for axis in (1, 2):
        values_2HW = np.cumsum(values_2HW, axis=axis, dtype=np.int16)
    flow_HW2 = np.ascontiguousarray(values_2HW.transpose(1, 2, 0)).astype(np.float32) * UNIT
    valid_N = np.unpackbits(plain[4 * count :], count=count)
    return flow_HW2, valid_N.reshape(height, width).astype(np.bool_)


def largest_error(flow_THW2: npt.NDArray[np.floating]) -> float:
    """Return the largest error (pixels, of x or y) that storing flow adds to what is kept."""
    with np.errstate(invalid="ignore"):
        kept = flow_THW2[(np.abs(flow_THW2) <= LIMIT).all(-1)].astype(np.float64)
    return float(np.abs(np.rint(kept / UNIT) * UNIT - kept).max(initial=0.0))
