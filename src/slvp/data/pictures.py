"""Pictures with and without transparency that are read when first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from slvp.data.colour_naming import Look
from slvp.data.colour_naming import look as measure_look
from slvp.errors import UserError
from slvp.types import UInt8Array

CUTOUT_SIDE = 288
BACKGROUND_SIDE = 480


@dataclass(frozen=True)
class Picture:
    """A picture that is read when first needed and kept in memory from then on.

    Attributes:
        name: unique in its library; the split is decided by it.
        read: returns HW3 RGB or HW4 RGBA, uint8.
        source: where it comes from, for model cards.
    """

    name: str
    read: Callable[[], UInt8Array]
    source: str = ""

    @cached_property
    def _pixels(self) -> UInt8Array:
        return self.read()

    def load(self) -> UInt8Array:
        """Return the pixels. Do not write into them."""
        return self._pixels


@dataclass(frozen=True)
class Cutout(Picture):
    """An object cut out of its photograph; ``load`` gives HW4 RGBA, at most 288 pixels a side.

    Attributes:
        class_name: singular, lower case, such as ``dog``.
        caption: noun phrase with its article, such as ``a dog lying down``.
        broader: broader classes, nearest first; empty where not known.
        mirrorable: False where the mirror image would be wrong (writing, an asymmetric thing).
    """

    class_name: str = ""
    caption: str = ""
    broader: tuple[str, ...] = ()
    mirrorable: bool = True

    @cached_property
    def look(self) -> Look:
        """Its colours, measured when first asked for."""
        person = "person" in (self.class_name, *self.broader)
        return measure_look(self.load(), self.class_name, whole=not person)


def require_files(files: Iterable[Path], listed_in: Path) -> None:
    """Raise a UserError that names the first file that isn't there."""
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise UserError(
            f"{listed_in}: lists {missing[0]}, which isn't there ({len(missing)} missing); "
            "restore the pictures or remove their entries."
        )


def shrink(pixels: UInt8Array, side: int) -> UInt8Array:
    """Return the picture with its longer side at most ``side`` pixels."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def read_picture(path: Path, flag: int) -> UInt8Array:
    """Read a picture with OpenCV's ``flag``; colours in OpenCV's order (BGR)."""
    pixels = cv2.imread(str(path), flag)
    if pixels is None:
        raise UserError(f"{path}: not a picture that can be read; replace or remove it.")
    return np.asarray(pixels, np.uint8)


def read_rgba(path: Path) -> UInt8Array:
    """Read a cut-out: HW4 RGBA, at most ``CUTOUT_SIDE`` pixels a side."""
    pixels = read_picture(path, cv2.IMREAD_UNCHANGED)
    if pixels.ndim != 3 or pixels.shape[2] != 4:
        raise UserError(f"{path}: has no transparency; a cut-out must be an RGBA picture.")
    return shrink(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA), np.uint8), CUTOUT_SIDE)


def read_rgb(path: Path) -> UInt8Array:
    """Read a background: HW3 RGB, at most ``BACKGROUND_SIDE`` pixels a side."""
    pixels = read_picture(path, cv2.IMREAD_COLOR)
    return shrink(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8), BACKGROUND_SIDE)
