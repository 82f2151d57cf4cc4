"""Region similarity J and boundary accuracy F of masks, as DAVIS defines them.

Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
Segmentation", CVPR 2016, and the evaluation code of the DAVIS 2017 challenge, whose conventions
for borders and for empty masks are kept to the digit.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from slvp.types import BoolArray, UInt8Array

Float64Array = npt.NDArray[np.float64]

TOLERANCE = 0.008
"""How far apart two outlines may lie and still agree, as a share of the image's diagonal."""


def region_similarity(prediction_THW: BoolArray, truth_THW: BoolArray) -> Float64Array:
    """Return J_T: intersection over union in each frame; 1 where both masks are empty."""
    intersection_T = np.count_nonzero(prediction_THW & truth_THW, axis=(1, 2))
    union_T = np.count_nonzero(prediction_THW | truth_THW, axis=(1, 2))
    j_T = np.ones(len(union_T))
    np.divide(intersection_T, union_T, out=j_T, where=union_T > 0)
    return j_T


def boundary_accuracy(prediction_THW: BoolArray, truth_THW: BoolArray) -> Float64Array:
    """Return F_T: in each frame the harmonic mean of the outlines' precision and recall.

    A pixel of one outline counts as found where the other outline has a pixel within
    ``ceil(0.008 * diagonal)`` pixels. Two masks without an outline (an empty mask, or one that
    fills the frame) agree, F = 1; where only one has an outline, F = 0.
    """
    height, width = truth_THW.shape[1:]
    radius = math.ceil(TOLERANCE * math.hypot(height, width))
    pairs = zip(prediction_THW, truth_THW, strict=True)
    return np.array([_frame_accuracy(mask_HW, truth_HW, radius) for mask_HW, truth_HW in pairs])


def _frame_accuracy(prediction_HW: BoolArray, truth_HW: BoolArray, radius: int) -> float:
    # Outside the box around both masks, one pixel wider for the outlines, there is nothing to
    # count; most objects fill a small part of the frame.
    left, top, columns, rows = cv2.boundingRect((prediction_HW | truth_HW).view(np.uint8))
    box = (
        slice(max(top - 1, 0), top + rows + 1),
        slice(max(left - 1, 0), left + columns + 1),
    )
    outline_HW = _outline(prediction_HW[box])
    truth_outline_HW = _outline(truth_HW[box])

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
