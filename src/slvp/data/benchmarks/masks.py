"""Masks that a benchmark keeps as palette PNGs, whose values are object ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slvp.data.png import read_picture
from slvp.errors import UserError
from slvp.types import BoolArray, UInt8Array

VOID = 255
"""The value of pixels that are neither object nor background, in DAVIS."""


@dataclass(frozen=True)
class IdMap:
    """One frame's masks as ids_HW, uint8: 0 is background, 255 void, all else an object."""

    ids_HW: UInt8Array

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.ids_HW.shape
        return height, width

    def void(self) -> BoolArray | None:
        """Return the pixels (HW) that are neither object nor background; None without any."""
        if self.ids_HW.max() < VOID:
            return None
        return self.ids_HW == VOID

    def mask(self, object_ids: Sequence[int]) -> BoolArray:
        """Return mask_HW of one or several objects together."""
        if len(object_ids) == 1:
            return self.ids_HW == object_ids[0]
        return np.isin(self.ids_HW, object_ids)


@dataclass(frozen=True)
class PaletteMasks:
    """One palette PNG per frame, in order."""

    paths: tuple[Path, ...]

    def read(self, t: int) -> IdMap:
        """Return the masks of frame ``t``.

        Raises:
            UserError: see ``read_mask``.
        """
        return IdMap(read_mask(self.paths[t]))


def read_mask(path: Path) -> UInt8Array:
    """Read a palette PNG as ids_HW: uint8 object ids, 0 is background.

    Raises:
        UserError: the file is missing, no picture, or has no palette, so that its values would
            be colours and not object ids.
    """
    picture = read_picture(path)
    if picture.mode != "P":
        raise UserError(
            f"{path} is a picture of mode {picture.mode}, not a palette PNG whose values are "
            "object ids: copy the benchmark's masks again without converting them."
        )
    return picture.values
