"""What colours an object has, and what its surroundings, learnt as the video goes by.

The model is sure of most of an object and most of the background. Two histograms of colour are made
of these pixels and forgotten little by little; how much likelier a colour is in one than in the
other then speaks for the pixels of which the model isn't sure. The idea is that of GrabCut (Rother,
Kolmogorov and Blake, 2004); here nothing is iterated, and what was found is never learnt from: the
histograms are made of the model's own answers, so that they can't run away with a mistake.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slvp.data.colour_histograms import BINS, count_colours, log_ratio
from slvp.types import Float32Array

KEEP = 0.95
"""What is left of a frame's histogram one frame later."""
SURE = 0.7
"""Probability from which a pixel is learnt from; of the background alike."""
LEAST = 20.0
"""Pixels of the object and of the background that must have been seen."""
LIMIT = 3.0
"""Of the logarithm of the ratio: however rare a colour is, it isn't proof."""


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
        counts_2N = np.stack([count_colours(bins_N, side) for side in sides])
        self._counts_2N = KEEP * self._counts_2N + counts_2N
        if self._counts_2N.sum(axis=1).min() < LEAST:
            return np.zeros_like(probability_HW)
        ratio_N = np.clip(log_ratio(*self._counts_2N)[bins_N], -LIMIT, LIMIT)
        return np.asarray(ratio_N.reshape(bins_HW.shape))
