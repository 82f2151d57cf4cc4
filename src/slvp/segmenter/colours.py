"""What colours an object has, and what its surroundings, learnt as the video goes by.

The model is sure of most of an object and most of the background. Two histograms of colour are made
of these pixels and forgotten little by little; how much likelier a colour is in one than in the
other then speaks for the pixels of which the model isn't sure. The idea is that of GrabCut (Rother,
Kolmogorov and Blake, 2004); here nothing is iterated, and what was found is never learnt from: the
histograms are made of the model's own answers, so that they can't run away with a mistake.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from slvp.types import Float32Array, UInt8Array

BINS = 32
KEEP = 0.95
"""What is left of a frame's histogram one frame later."""
SURE = 0.7
"""Probability from which a pixel is learnt from; of the background alike."""
LEAST = 20.0
"""Pixels of the object and of the background that must have been seen."""
LIMIT = 3.0
"""Of the logarithm of the ratio: however rare a colour is, it isn't proof."""

_RARE = 1e-5  # share of the pixels that a colour never seen is taken to have


def colour_bins(small_HW3: UInt8Array) -> npt.NDArray[np.intp]:
    """Return each pixel's bin (HW) in CIELAB; a and b, of small range, are cut twice as fine."""
    lab_HW3 = cv2.cvtColor(small_HW3, cv2.COLOR_RGB2LAB).astype(np.intp)
    wide_HW3 = np.clip((lab_HW3 - (0, 64, 64)) * (1, 2, 2), 0, 255)
    lightness, a, b = np.moveaxis(wide_HW3 * BINS // 256, -1, 0)
    return np.asarray((lightness * BINS + a) * BINS + b)


class ColourMemory:
    """The colours of one object and of what is around it."""

    def __init__(self) -> None:
        self._counts_2N = np.zeros((2, BINS**3), np.float32)

    def evidence(self, bins_HW: npt.NDArray[np.intp], probability_HW: Float32Array) -> Float32Array:
        """Learn from a frame and return what its colours say of each pixel.

        Args:
            bins_HW: of the frame's colours, see ``colour_bins``.
            probability_HW: that a pixel is the object's, as the model says.

        Returns:
            evidence_HW: logarithm of the ratio of likelihoods, at most 3 either way; zero as long
            as too little of the object or of the background was seen.
        """
        bins_N, object_N = bins_HW.ravel(), probability_HW.ravel()
        sides = [np.where(p > SURE, p, 0) for p in (object_N, 1 - object_N)]
        counts_2N = np.stack(
            [_smooth(np.bincount(bins_N, side, minlength=BINS**3)) for side in sides]
        )
        self._counts_2N = KEEP * self._counts_2N + counts_2N
        total_2 = self._counts_2N.sum(axis=1)
        if total_2.min() < LEAST:
            return np.zeros_like(probability_HW)
        seen_2N = self._counts_2N[:, bins_N] / total_2[:, None] + np.float32(_RARE)
        ratio_N = np.clip(np.log(seen_2N[0] / seen_2N[1]), -LIMIT, LIMIT)
        return np.asarray(ratio_N.reshape(bins_HW.shape))


def _smooth(counts_N: npt.NDArray[Any]) -> Float32Array:
    """Give a quarter of each bin to its neighbours on either side, along all three axes."""
    cube = counts_N.reshape(BINS, BINS, BINS).astype(np.float32)
    for axis in range(3):
        line = np.moveaxis(cube, axis, 0)
        wider = np.concatenate([line[:1], line, line[-1:]])
        cube = np.moveaxis((wider[:-2] + 2 * line + wider[2:]) / 4, 0, axis)
    return cube.ravel()
