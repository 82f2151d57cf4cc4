"""PNG files of 8-bit values, written fast."""

from __future__ import annotations

import struct

import numpy as np
from zlib_ng import zlib_ng

from slvp.data.palette import palette
from slvp.types import UInt8Array

_LEVEL = 6


def grey_png(values_HW: UInt8Array) -> bytes:
    """Return the content of a grey PNG file."""
    return _png(values_HW, 0, b"")


def indexed_png(ids_HW: UInt8Array) -> bytes:
    """Return the content of a palette PNG file as DAVIS has them."""
    return _png(ids_HW, 3, _chunk(b"PLTE", bytes(palette())))


def _png(values_HW: UInt8Array, colour: int, colours: bytes) -> bytes:
    """Return a PNG file of one byte per pixel.

    No row is filtered: that makes masks no smaller, and slower to write and to read.
    """
    height, width = values_HW.shape
    rows_HW = np.zeros((height, width + 1), np.uint8)  # a row begins with the number of its filter
    rows_HW[:, 1:] = values_HW
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
        + colours
        + _chunk(b"IDAT", zlib_ng.compress(rows_HW.data, _LEVEL))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Source: Portable Network Graphics (PNG) Specification, W3C."""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib_ng.crc32(body))
