"""Outlines by GrabCut, kept where they agree with what they began from.

Rother, Kolmogorov and Blake, "GrabCut: Interactive Foreground Extraction Using Iterated Graph
Cuts", 2004 (OpenCV's). It finds edges that a soft answer misses, and now and then it takes all or
nothing.
"""

from __future__ import annotations

import cv2
import numpy as np

from slvp.types import BoolArray, Float32Array, UInt8Array

_AGREES = 0.5  # overlap with the mask that it began from; of boxes with the label's
_MARGIN = 0.5  # of a box's sides, that is looked at around it
_LEAST = 10  # pixels that each side must begin with
_MIXTURES = 65  # numbers of OpenCV's colour models


def outlined(
    frame_HW3: UInt8Array,
    probability_HW: Float32Array,
    inside_HW: BoolArray,
    outside_HW: BoolArray,
    box_HW: BoolArray | None,
) -> Float32Array:
    """Return probability_HW with the outline that GrabCut finds, half and half.

    So pixels of which both are sure stay sure, and those that they disagree about count little.

    Args:
        frame_HW3: uint8 RGB.
        probability_HW: that a pixel is the object's.
        inside_HW: certainly the object's.
        outside_HW: certainly not.
        box_HW: all of the object's box, if that is known.
    """
    likely_HW = probability_HW > 0.5
    part = _part(likely_HW)
    marks_HW = np.where(likely_HW, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    marks_HW[outside_HW] = cv2.GC_BGD
    marks_HW[inside_HW] = cv2.GC_FGD
    marks_hw = np.ascontiguousarray(marks_HW[part])
    of_object_hw = (marks_hw == cv2.GC_FGD) | (marks_hw == cv2.GC_PR_FGD)
    if min(of_object_hw.sum(), (~of_object_hw).sum()) < _LEAST:
        return probability_HW
    colours, others = np.zeros((2, 1, _MIXTURES))
    cv2.setRNGSeed(0)
    picture_hw3 = np.ascontiguousarray(frame_HW3[part])
    cv2.grabCut(picture_hw3, marks_hw, None, others, colours, 1, cv2.GC_INIT_WITH_MASK)
    found_hw = (marks_hw == cv2.GC_FGD) | (marks_hw == cv2.GC_PR_FGD)
    wanted_hw = of_object_hw if box_HW is None else box_HW[part]
    if _overlap(found_hw if box_HW is None else _boxed(found_hw), wanted_hw) < _AGREES:
        return probability_HW
    mixed_HW = probability_HW.copy()
    mixed_HW[part] = (mixed_HW[part] + found_hw) / 2
    return mixed_HW


def _part(likely_HW: BoolArray) -> tuple[slice, slice]:
    """Return rows and columns of a mask and of as much around it as colours are learnt from."""
    ranges = []
    for axis, side in ((1, likely_HW.shape[0]), (0, likely_HW.shape[1])):
        places = np.flatnonzero(likely_HW.any(axis))
        if not places.size:
            return slice(0, 0), slice(0, 0)
        more = 2 + int(_MARGIN * (places[-1] + 1 - places[0]))
        ranges.append(slice(max(0, places[0] - more), min(side, places[-1] + 1 + more)))
    rows, columns = ranges
    return rows, columns


def _boxed(mask_HW: BoolArray) -> BoolArray:
    """Return the box of a mask, as a mask."""
    rows, columns = (np.flatnonzero(mask_HW.any(axis)) for axis in (1, 0))
    boxed_HW = np.zeros_like(mask_HW)
    if rows.size:
        boxed_HW[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return boxed_HW


def _overlap(one_HW: BoolArray, other_HW: BoolArray) -> float:
    return float((one_HW & other_HW).sum() / max(1, (one_HW | other_HW).sum()))
