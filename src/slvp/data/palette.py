"""Pictures whose values are object ids."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import Image

from slvp.types import UInt8Array


@cache
def palette() -> list[int]:
    """Return the palette of PASCAL VOC and DAVIS: the index's bits, dealt to red, green, blue."""

    def channel(index: int, which: int) -> int:
        return sum(((index >> (3 * place + which)) & 1) << (7 - place) for place in range(3))

    return [channel(index, which) for index in range(256) for which in range(3)]


def indexed_picture(ids_HW: UInt8Array) -> Image.Image:
    """Return a picture of mode P whose values are the ids."""
    picture = Image.fromarray(ids_HW).convert("P")
    picture.putpalette(palette())
    return picture


def write_ids(ids_HW: UInt8Array, path: Path) -> None:
    """Write a palette PNG as DAVIS and YouTube-VOS have them."""
    indexed_picture(ids_HW).save(path)
