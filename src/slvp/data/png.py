"""Pictures whose values, and not colours, are wanted: masks and maps of object ids.

Nearly all the time that Pillow takes for such a PNG goes into inflating it. The PNGs that
benchmarks and programs write, 8-bit values or palette indices, are read here with zlib-ng, which
inflates the long runs of a mask more than ten times faster; everything else is left to Pillow.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from zlib_ng import zlib_ng

from slvp.errors import UserError


@dataclass(frozen=True)
class Picture:
    """A picture as its file has it.

    Attributes:
        mode: what the values are, in Pillow's words: ``P`` palette indices, ``L`` grey, ``1``
            black or white (as bool), ``RGB`` and so on.
        values: HW, or HWC where a pixel has several; uint8 in the first two modes.
    """

    mode: str
    values: npt.NDArray[Any]


def read_picture(path: Path) -> Picture:
    """Read the values of a picture; quick for PNGs of masks.

    Raises:
        UserError: the file is missing or no picture.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path) from error
    return decode_picture(content, path)


def decode_picture(content: bytes, name: Path | str) -> Picture:
    """Decode the content of a picture's file; ``name`` is for the complaint.

    Raises:
        UserError: it is no picture, or cut off.
    """
    picture = _decode_mask(content)
    if picture is not None:
        return picture
    try:
        with Image.open(io.BytesIO(content)) as image:
            return Picture(image.mode, np.array(image))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(name) from error


def _unreadable(name: Path | str) -> UserError:
    return UserError(f"{name} can't be read as a picture: unpack or copy it again.")


_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_MODES = {0: "L", 3: "P"}


def _decode_mask(content: bytes) -> Picture | None:
    """Decode a PNG of one byte per pixel; None where it is anything else, or broken.

    Source: Portable Network Graphics (PNG) Specification, W3C.
    """
    if not content.startswith(_START) or len(content) < 33:
        return None
    width, height, *layout = struct.unpack_from(">IIBBBBB", content, 16)
    depth, colour, compression, filters, interlace = layout
    mode = _MODES.get(colour)
    if mode is None or (depth, compression, filters, interlace) != (8, 0, 0, 0):
        return None
    if width * height > (Image.MAX_IMAGE_PIXELS or 0):
        return None

    compressed = _compressed(content)
    if compressed is None:
        return None
    size = height * (width + 1)
    inflater = zlib_ng.decompressobj()
    try:
        raw = inflater.decompress(compressed, size + 1)
    except zlib_ng.error:  # type: ignore[misc]  # its stub takes the class for an instance
        return None
    if len(raw) != size or not inflater.eof:
        return None

    # Each row starts with the number of the filter that it went through, 0 for none.
    rows_HW = np.frombuffer(raw, np.uint8).reshape(height, width + 1)
    strongest = rows_HW[:, 0].max()
    if strongest == 0:
        return Picture(mode, rows_HW[:, 1:].copy())
    if strongest > 4:
        return None
    stored = zlib_ng.compress(raw, 0)  # Pillow undoes the filters, without anything to inflate
    return Picture(mode, np.array(Image.frombytes("L", (width, height), stored, "zip", "L")))


def _compressed(content: bytes) -> bytes | None:
    """Return a PNG's compressed pixels; None where a part of the file is missing or damaged."""
    parts = []
    place = 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        end = place + 8 + length
        kind = content[place + 4 : place + 8]
        if int.from_bytes(content[end : end + 4], "big") != zlib_ng.crc32(content[place + 4 : end]):
            return None
        if kind == b"IDAT":
            parts.append(content[place + 8 : end])
        elif kind == b"IEND":
            return b"".join(parts)
        place = end + 4
    return None
