"""Frames from a folder of images."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video.records import DEFAULT_RATE, MAX_SIDE, Frame, VideoInfo, on_white

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
_DIGITS = re.compile(r"([0-9]+)")


class FolderFrames:
    """The images of a folder as a video of 25 frames per second."""

    def __init__(self, folder: Path) -> None:
        self._paths = sorted(
            (p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES), key=_natural
        )
        if not self._paths:
            kinds = ", ".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES))
            raise UserError(f"{folder} has no images in it; give a folder of {kinds} frames.")
        for path, following in itertools.pairwise(sorted(self._paths, key=lambda p: p.stem)):
            if path.stem == following.stem:
                raise UserError(
                    f"{path} and {following.name} are named alike, so their masks would be, too; "
                    "keep one image per frame."
                )
        height, width, _ = _read_image(self._paths[0]).shape
        self.info = VideoInfo(
            folder.resolve().name, width, height, DEFAULT_RATE, len(self._paths), has_audio=False
        )

    def __iter__(self) -> Iterator[Frame]:
        expected = (self.info.height, self.info.width, 3)
        for index, path in enumerate(self._paths):
            image_HW3 = _read_image(path)
            if image_HW3.shape != expected:
                height, width, _ = image_HW3.shape
                raise UserError(
                    f"{path} is {width} x {height} pixels but the frames before it are "
                    f"{self.info.width} x {self.info.height}; give frames of one size."
                )
            yield Frame(image_HW3, time=float(index / DEFAULT_RATE))

    def frame_name(self, index: int) -> str:
        """Stem of the image."""
        return self._paths[index].stem

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorting key that puts ``2.jpg`` before ``10.jpg``."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in _DIGITS.split(path.stem)]


def _read_image(path: Path) -> UInt8Array:
    try:
        with Image.open(path) as image:
            if max(image.size) > MAX_SIDE:
                raise UserError(f"{path} is larger than {MAX_SIDE} pixels a side; make it smaller.")
            upright = ImageOps.exif_transpose(image)
            if upright.has_transparency_data:
                return on_white(np.asarray(upright.convert("RGBA")))
            return np.array(upright.convert("RGB"))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{path} can't be read as an image; replace or remove it.") from error
