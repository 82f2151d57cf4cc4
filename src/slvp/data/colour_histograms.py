"""Histograms of colour: how often an object has each colour, and what is around it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from slvp.types import Float32Array, UInt8Array

BINS = 32
"""Steps of each of the three channels."""

RARE = 1e-5
"""Share of the pixels that a colour never seen is taken to have."""


def colour_bins(small_HW3: UInt8Array) -> npt.NDArray[np.intp]:
    """Return each pixel's bin (HW) in CIELAB; a and b, of small range, are cut twice as fine."""
    lab_HW3 = cv2.cvtColor(small_HW3, cv2.COLOR_RGB2LAB).astype(np.intp)
    wide_HW3 = np.clip((lab_HW3 - (0, 64, 64)) * (1, 2, 2), 0, 255)
    lightness, a, b = np.moveaxis(wide_HW3 * BINS // 256, -1, 0)
    return np.asarray((lightness * BINS + a) * BINS + b)


def count_colours(bins: npt.NDArray[np.intp], weights: npt.NDArray[Any]) -> Float32Array:
    """Return how much of the weights each of the ``BINS ** 3`` bins has, smoothed.

    Args:
        bins: of pixels, see :func:`colour_bins`, in any shape.
        weights: of the same pixels.
    """
    counts_N = np.bincount(bins.ravel(), weights.ravel(), minlength=BINS**3)
    cube = counts_N.reshape(BINS, BINS, BINS).astype(np.float32)
    # A quarter of each bin goes to its neighbours on either side, along all three axes.
    for axis in range(3):
        line = np.moveaxis(cube, axis, 0)
        wider = np.concatenate([line[:1], line, line[-1:]])
        cube = np.moveaxis((wider[:-2] + 2 * line + wider[2:]) / 4, 0, axis)
    return cube.ravel()


def log_ratio(object_N: Float32Array, rest_N: Float32Array, rare: float = RARE) -> Float32Array:
    """Return for each bin how much likelier it is of the object: the ratio's logarithm.

    Args:
        object_N: a histogram of any kind, not empty.
        rest_N: the same of what is not the object.
        rare: share that a bin never seen is taken to have.
    """
    chances = [counts_N / counts_N.sum() + np.float32(rare) for counts_N in (object_N, rest_N)]
    return np.asarray(np.log(chances[0] / chances[1]))
