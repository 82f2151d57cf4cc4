"""What colours and motion say, learnt from all frames of a video together.

Expectation and maximisation: what is likely the object's gives histograms of its colours and of its
motion, what is around it those of the background, and these say what is likely the object's. Each
time the answer is fitted to the picture by a guided filter, so that it ends at edges. Level-set
methods evolve an outline by the same terms (region, edge); here the answer is soft, and frames
share what is learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import cv2
import numpy as np
import numpy.typing as npt

from slvp.data.colour_histograms import colour_bins, count_colours, log_ratio
from slvp.data.guided import apply_to_colours, centred, fit_to_colours, guide_terms
from slvp.types import BoolArray, Float32Array, UInt8Array

_ROUNDS = 4
_LIMIT = 2.5  # of what a colour or a motion says, in log-odds
_RADIUS = 3  # of the guided filter, in pixels
_EPSILON = 1e-3
_LEAST = 20.0  # pixels that a histogram must have been made of
_FINE = 4  # steps of motion per unit
_FASTEST = 12  # steps either way that are told apart
_WIDE = 2 * _FASTEST + 1
_RARE = 1e-3  # share that a motion never seen is taken to have


class Looks:
    """Colours and motion of a video's frames, the same for all of its objects.

    Args:
        frames_THWC: uint8 RGB.
        motion_THW2: against the scene, in hundredths of the longer side.
    """

    def __init__(self, frames_THWC: UInt8Array, motion_THW2: Float32Array) -> None:
        self._colours = np.stack([colour_bins(frame) for frame in frames_THWC])
        steps = np.clip(np.round(motion_THW2 * _FINE), -_FASTEST, _FASTEST).astype(np.intp)
        self._motions = (steps[..., 1] + _FASTEST) * _WIDE + steps[..., 0] + _FASTEST
        self._pictures = [centred(frame) for frame in frames_THWC]
        self._terms = [guide_terms(picture) for picture in self._pictures]

    def of(self, frames: Sequence[int]) -> Looks:
        """Return the same of some of the frames."""
        some = copy(self)
        some._colours, some._motions = self._colours[frames], self._motions[frames]
        some._pictures = [self._pictures[t] for t in frames]
        some._terms = [self._terms[t] for t in frames]
        return some

    def settle(
        self, logit_THW: Float32Array, inside_THW: BoolArray, outside_THW: BoolArray
    ) -> Float32Array:
        """Return probability_THW of an object.

        Args:
            logit_THW: what is known besides colours and motion, in log-odds.
            inside_THW: certainly the object's.
            outside_THW: certainly not.
        """

        def bounded(probability_THW: Float32Array) -> Float32Array:
            return np.where(inside_THW, 1, np.where(outside_THW, 0, probability_THW)).astype(
                np.float32
            )

        around_THW = _around(~outside_THW)
        probability_THW = bounded(_sigmoid(logit_THW))
        for _ in range(_ROUNDS):
            rest_THW = (1 - probability_THW) * around_THW
            if min(probability_THW.sum(), rest_THW.sum()) < _LEAST:
                return probability_THW
            told_THW = logit_THW + self._told(probability_THW, rest_THW)
            rough_THW = bounded(_sigmoid(told_THW))
            probability_THW = bounded(np.stack([*map(self._fit, range(len(rough_THW)), rough_THW)]))
        return probability_THW

    def _told(self, object_THW: Float32Array, rest_THW: Float32Array) -> Float32Array:
        """Return what colours and motion say, in log-odds."""
        colours_N = log_ratio(
            count_colours(self._colours, object_THW), count_colours(self._colours, rest_THW)
        )
        motions_N = log_ratio(self._count_motions(object_THW), self._count_motions(rest_THW), _RARE)
        told_THW = np.clip(colours_N, -_LIMIT, _LIMIT)[self._colours]
        return np.asarray(told_THW + np.clip(motions_N, -_LIMIT, _LIMIT)[self._motions])

    def _count_motions(self, weights_THW: Float32Array) -> Float32Array:
        counts_N = np.bincount(self._motions.ravel(), weights_THW.ravel(), minlength=_WIDE**2)
        table = counts_N.reshape(_WIDE, _WIDE).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(table, (0, 0), 1)).ravel()

    def _fit(self, t: int, rough_HW: Float32Array) -> Float32Array:
        function_HW4 = fit_to_colours(
            self._terms[t], rough_HW, np.ones_like(rough_HW), _RADIUS, _EPSILON
        )
        return np.clip(apply_to_colours(function_HW4, self._pictures[t]), 0, 1)


def _around(possible_THW: BoolArray) -> Float32Array:
    """Mark what may be the object's, and half of its size on each side: its surroundings."""
    around_THW = np.zeros(possible_THW.shape, np.float32)
    for around_HW, possible_HW in zip(around_THW, possible_THW, strict=True):
        rows, columns = (np.flatnonzero(possible_HW.any(axis)) for axis in (1, 0))
        if rows.size:
            around_HW[_widened(rows), _widened(columns)] = 1
    return around_THW


def _widened(places: npt.NDArray[np.intp]) -> slice:
    first, last = int(places[0]), int(places[-1])
    more = (last + 1 - first + 1) // 2
    return slice(max(0, first - more), last + 1 + more)


def _sigmoid(logit: Float32Array) -> Float32Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))), np.float32)
