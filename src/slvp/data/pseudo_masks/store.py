"""Pseudo masks on disk, a file for each video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from slvp.files import whole_file
from slvp.types import UInt8Array


@dataclass(frozen=True)
class PseudoMasks:
    """The pseudo masks of a video.

    Attributes:
        frames: indices into the video's frames, ascending: T of them.
        names: of N masks: an object's number or, where objects aren't known, a sentence's.
        probability_NTHW: uint8, small: 255 is certainly the object's.
    """

    frames: tuple[int, ...]
    names: tuple[str, ...]
    probability_NTHW: UInt8Array

    def of(self, names: tuple[str, ...], places: npt.NDArray[np.intp]) -> UInt8Array:
        """Return probability_THW of some masks together, in the frames at some places."""
        rows = [self.names.index(name) for name in names]
        if not rows:
            return np.zeros((len(places), *self.probability_NTHW.shape[2:]), np.uint8)
        return np.asarray(self.probability_NTHW[rows][:, places].max(0))


def path_of(folder: Path, sequence: str) -> Path:
    """Return the file of a video's pseudo masks, whatever it is called."""
    return folder / f"{quote(sequence, safe='')}.npz"


def write_pseudo_masks(path: Path, masks: PseudoMasks) -> None:
    """Write a video's pseudo masks, whole or not at all."""
    with whole_file(path) as part, part.open("wb") as file:
        np.savez_compressed(
            file,
            frames=np.array(masks.frames, np.int64),
            names=np.array(masks.names, np.str_),
            probability_NTHW=masks.probability_NTHW,
        )


def read_pseudo_masks(path: Path) -> PseudoMasks:
    """Read what :func:`write_pseudo_masks` wrote."""
    with np.load(path) as content:
        return PseudoMasks(
            tuple(content["frames"].tolist()),
            tuple(content["names"].tolist()),
            content["probability_NTHW"],
        )
