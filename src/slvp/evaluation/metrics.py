"""Region similarity J and boundary accuracy F of masks, their recall and decay, as DAVIS has them.

Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
Segmentation", CVPR 2016, and the evaluation code of the DAVIS 2017 challenge, whose conventions
for borders, for void pixels and for empty masks are kept to the digit.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from slvp.types import BoolArray, UInt8Array

Float64Array = npt.NDArray[np.float64]

TOLERANCE = 0.008
"""How far apart two outlines may lie and still agree, as a share of the image's diagonal."""


class FrameScores(NamedTuple):
    """What the mask of one object got in one frame.

    Attributes:
        j: intersection over union; 1 where both masks are empty.
        f: harmonic mean of the outlines' precision and recall (see ``boundary_accuracy``).
        truth: size of the true mask, in pixels.
        union: size of the union of both masks, in pixels.
    """

    j: float
    f: float
    truth: int
    union: int


def frame_scores(
    prediction_HW: BoolArray, truth_HW: BoolArray, void_HW: BoolArray | None = None
) -> FrameScores:
    """Score the mask of one object in one frame; void pixels belong to neither mask."""
    if void_HW is not None:
        prediction_HW = prediction_HW & ~void_HW
        truth_HW = truth_HW & ~void_HW
    radius = math.ceil(TOLERANCE * math.hypot(*truth_HW.shape))

    # Outside the box around both masks, one pixel wider for the outlines, there is nothing to
    # count; most objects fill a small part of the frame.
    left, top, columns, rows = cv2.boundingRect((prediction_HW | truth_HW).view(np.uint8))
    box = (
        slice(max(top - 1, 0), top + rows + 1),
        slice(max(left - 1, 0), left + columns + 1),
    )
    prediction_HW, truth_HW = prediction_HW[box], truth_HW[box]
    union = int(np.count_nonzero(prediction_HW | truth_HW))
    return FrameScores(
        j=int(np.count_nonzero(prediction_HW & truth_HW)) / union if union else 1.0,
        f=_outlines_agree(_outline(prediction_HW), _outline(truth_HW), radius),
        truth=int(np.count_nonzero(truth_HW)),
        union=union,
    )


def region_similarity(
    prediction_THW: BoolArray, truth_THW: BoolArray, void_THW: BoolArray | None = None
) -> Float64Array:
    """Return J_T: intersection over union in each frame; 1 where both masks are empty.

    Void pixels belong to neither mask.
    """
    return np.array([scores.j for scores in _scores(prediction_THW, truth_THW, void_THW)])


def boundary_accuracy(
    prediction_THW: BoolArray, truth_THW: BoolArray, void_THW: BoolArray | None = None
) -> Float64Array:
    """Return F_T: in each frame the harmonic mean of the outlines' precision and recall.

    A pixel of one outline counts as found where the other outline has a pixel within
    ``ceil(0.008 * diagonal)`` pixels. Two masks without an outline (an empty mask, or one that
    fills the frame) agree, F = 1; where only one has an outline, F = 0. Void pixels are taken out
    of both masks before their outlines are drawn.
    """
    return np.array([scores.f for scores in _scores(prediction_THW, truth_THW, void_THW)])


def recall(values_T: Float64Array) -> float:
    """Return the share of frames whose J (or F) is above one half."""
    return float(np.mean(values_T > 0.5))


def decay(values_T: Float64Array) -> float:
    """Return how much J (or F) is lost from a video's first quarter to its last.

    The quarters are those of DAVIS: each shares the frame at its end with the next. DAVIS keeps
    the indices of these frames in 8 bits, so that its decay of a video of more than 256 frames
    compares other frames than it says; this one doesn't.
    """
    edges = np.round(np.linspace(1, len(values_T), 5) + 1e-10).astype(int) - 1
    first_T = values_T[: edges[1] + 1]
    last_T = values_T[edges[3] :]
    return float(np.mean(first_T) - np.mean(last_T))


def _scores(
    prediction_THW: BoolArray, truth_THW: BoolArray, void_THW: BoolArray | None
) -> list[FrameScores]:
    void = [None] * len(truth_THW) if void_THW is None else void_THW
    return [
        frame_scores(*masks_HW) for masks_HW in zip(prediction_THW, truth_THW, void, strict=True)
    ]


def _outlines_agree(outline_HW: UInt8Array, truth_outline_HW: UInt8Array, radius: int) -> float:
    pixels = cv2.countNonZero(outline_HW)
    truth_pixels = cv2.countNonZero(truth_outline_HW)
    if pixels == 0 or truth_pixels == 0:
        return float(pixels == truth_pixels)
    disk = _disk(radius)
    found = cv2.countNonZero(outline_HW & cv2.dilate(truth_outline_HW, disk))
    truth_found = cv2.countNonZero(truth_outline_HW & cv2.dilate(outline_HW, disk))
    precision, recall = found / pixels, truth_found / truth_pixels
    if precision + recall == 0:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def _outline(mask_HW: BoolArray) -> UInt8Array:
    """Return 1 where a pixel differs from its neighbour to the right, below, or both.

    The last row looks only to the right and the last column only down, as DAVIS has it, so the
    frame's own edge is no outline.
    """
    outline_HW = np.zeros_like(mask_HW)
    outline_HW[:, :-1] = mask_HW[:, :-1] ^ mask_HW[:, 1:]
    outline_HW[:-1] |= mask_HW[:-1] ^ mask_HW[1:]
    outline_HW[:-1, :-1] |= mask_HW[:-1, :-1] ^ mask_HW[1:, 1:]
    return outline_HW.view(np.uint8)


@cache
def _disk(radius: int) -> UInt8Array:
    offsets = np.arange(-radius, radius + 1)
    distance2_HW = offsets[:, None] ** 2 + offsets[None, :] ** 2
    return (distance2_HW <= radius**2).astype(np.uint8)
