"""Masks of J-HMDB: a MATLAB file for each video."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy.io
from scipy.io.matlab import MatReadError

from slvp.data.benchmarks.masks import IdMap
from slvp.errors import UserError
from slvp.types import UInt8Array

ACTOR = 1
"""The id of the one object that a video has."""

# SciPy finds in many ways that a file is cut off or no MATLAB file.
_UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    NotImplementedError,
    MatReadError,
    zlib.error,
)


@dataclass(frozen=True)
class PuppetMasks:
    """A MATLAB 5 file that has the actor's masks of all frames: ``part_mask``, H x W x frames."""

    path: Path

    def read(self, t: int) -> IdMap:
        """Return the mask of frame ``t``, whose one object is ``ACTOR``.

        Raises:
            UserError: the file can't be read or ends before that frame.
        """
        ids_HWT = _read_masks(self.path)
        count = ids_HWT.shape[2]
        if t >= count:
            raise UserError(
                f"{self.path} ends after the masks of {count} frames, yet frame {t + 1} counts: "
                "unpack the benchmark again."
            )
        return IdMap(np.ascontiguousarray(ids_HWT[:, :, t]))


def count_masks(path: Path) -> int:
    """Return the number of frames that have a mask, from the head of a file like the above.

    Raises:
        UserError: the file can't be read.
    """
    try:
        shapes = {name: shape for name, shape, _ in scipy.io.whosmat(path)}
        _, _, count = shapes["part_mask"]
    except _UNREADABLE as error:
        raise _unreadable(path) from error
    return int(count)


# Scorers read one video after another: one file in memory is enough, and more would add up.
@lru_cache(maxsize=1)
def _read_masks(path: Path) -> UInt8Array:
    """Return ids_HWT."""
    try:
        masks_HWT = scipy.io.loadmat(path, variable_names=["part_mask"])["part_mask"]
    except _UNREADABLE as error:
        raise _unreadable(path) from error
    if masks_HWT.ndim != 3:
        raise _unreadable(path)
    return np.where(masks_HWT != 0, np.uint8(ACTOR), np.uint8(0))


def _unreadable(path: Path) -> UserError:
    return UserError(
        f"{path} can't be read as a MATLAB 5 file with part_mask, height x width x frames: unpack "
        "the benchmark again."
    )
