"""Region similarity J and boundary accuracy F of masks, their recall and decay, as DAVIS has them.

Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
Segmentation", CVPR 2016, and the evaluation code of the DAVIS 2017 challenge, whose conventions
for borders, for void pixels and for empty masks are kept to the digit.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from slvp.types import BoolArray, UInt8Array

Float64Array = npt.NDArray[np.float64]

TOLERANCE = 0.008
"""How far apart two outlines may lie and still agree, as a share of the image's diagonal."""


_EVERY_OTHER_BIT = 0x5555_5555_5555_5555


class FrameScores(NamedTuple):
    """What the mask of one object got in one frame.

    Attributes:
        j: intersection over union; 1 where both masks are empty.
        f: harmonic mean of the outlines' precision and recall. A pixel of one outline counts as
            found where the other outline has a pixel within ``ceil(0.008 * diagonal)`` pixels. Two
            masks without an outline (an empty mask, or one that fills the frame) agree, F = 1;
            where only one has an outline, F = 0.
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
    """Score the mask of one object in one frame.

    Void pixels belong to neither mask: they are taken out before the outlines are drawn.
    """
    radius = math.ceil(TOLERANCE * math.hypot(*truth_HW.shape))
    if void_HW is not None:
        prediction_HW = prediction_HW & ~void_HW
        truth_HW = truth_HW & ~void_HW
    union_HW = prediction_HW | truth_HW
    box = _box(union_HW)
    if box is None:
        return FrameScores(j=1.0, f=1.0, truth=0, union=0)

    predicted_HW, true_HW = prediction_HW[box].view(np.uint8), truth_HW[box].view(np.uint8)
    truth = cv2.countNonZero(true_HW)
    union = cv2.countNonZero(union_HW[box].view(np.uint8))
    intersection = cv2.countNonZero(predicted_HW) + truth - union
    return FrameScores(
        j=intersection / union,
        f=_agreement(_outlines(predicted_HW, true_HW), radius),
        truth=truth,
        union=union,
    )


def recall(values_T: Float64Array) -> float:
    """Return the share of frames whose J (or F) is above one half."""
    return float(np.mean(values_T > 0.5))


def decay(values_T: Float64Array) -> float:
    """Return how much J (or F) is lost from a video's first quarter to its last.

    The quarters are DAVIS's: neighbours share the frame at the border. DAVIS's own code keeps the
    numbers of these frames in 8 bits and goes wrong from 256 frames on; this one doesn't.
    """
    end = len(values_T) - 1
    first_border, last_border = ((end * quarters + 2) // 4 for quarters in (1, 3))  # rounded
    return float(np.mean(values_T[: first_border + 1]) - np.mean(values_T[last_border:]))


def _box(mask_HW: BoolArray) -> tuple[slice, slice] | None:
    """Return the rows and columns that hold a mask and its outline; None for an empty mask.

    An outline lies on the mask's pixels and on those right above and left of them; the row below
    and the column to the right, where the frame has them, let it be drawn.
    """
    width = mask_HW.shape[1]
    pixels = mask_HW.tobytes()  # searched from both ends, quicker than rows are reduced
    first, last = pixels.find(1), pixels.rfind(1)
    if first < 0:
        return None
    top, bottom = first // width, last // width + 1
    columns = mask_HW[top:bottom].any(axis=0).tobytes()
    left, right = columns.find(1), columns.rfind(1) + 1
    return slice(max(top - 1, 0), bottom + 1), slice(max(left - 1, 0), right + 1)


def _outlines(prediction_HW: UInt8Array, truth_HW: UInt8Array) -> UInt8Array:
    """Return the pixels that differ from their neighbours to the right, below, or both.

    Bit 0 is set on the outline of the prediction, bit 1 on that of the truth. The frame's own edge
    is no outline: there the mask is taken to go on as it ends, which is what DAVIS's rules for the
    last row and the last column come to.
    """
    height, width = truth_HW.shape
    wider = (0, 1, 0, 1, cv2.BORDER_REPLICATE)
    masks = cv2.copyMakeBorder(prediction_HW, *wider).ravel()
    masks |= 2 * cv2.copyMakeBorder(truth_HW, *wider).ravel()

    # Row after row in one line, a neighbour is so many places on. A row's last place is not looked
    # at: its neighbour is in the next row.
    stride = width + 1
    outlines = np.empty(height * stride, np.uint8)
    here, drawn = masks[: height * stride - 1], outlines[:-1]
    np.bitwise_xor(here, masks[1 : height * stride], out=drawn)
    drawn |= here ^ masks[stride:-1]
    drawn |= here ^ masks[stride + 1 :]
    return outlines.reshape(height, stride)[:, :width]


def _agreement(outlines_HW: UInt8Array, radius: int) -> float:
    """Return F of the outlines of a prediction (bit 0) and of the truth (bit 1)."""
    bands_HW = _in_bands(outlines_HW, margin=radius + 1)
    own = bands_HW[radius + 1 : -radius - 1].ravel().view(np.uint64)
    predicted, true = own & _EVERY_OTHER_BIT, own >> 1 & _EVERY_OTHER_BIT
    pixels, truth_pixels = _count(predicted), _count(true)
    if pixels == 0 or truth_pixels == 0:
        return float(pixels == truth_pixels)

    # What lies near both outlines is, if it is a pixel of one, near the other.
    near = _dilate(bands_HW, radius).view(np.uint64)
    near_both = near & near >> 1
    precision = _count(predicted & near_both) / pixels
    recall = _count(true & near_both) / truth_pixels
    if precision + recall == 0:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def _in_bands(outlines_HW: UInt8Array, margin: int) -> UInt8Array:
    """Cut a picture of 2-bit pixels into four bands of rows and deal a byte's bits to them.

    Work on the result is work on four pixels at a time. It has ``margin`` rows more at either end,
    where a band sees its neighbours or nothing, and at least as many empty columns on the right;
    its rows are whole words of 8 bytes.
    """
    height, width = outlines_HW.shape
    rows = -(-height // 4)
    bottom, right = margin + 4 * rows - height, margin + -(width + margin) % 8
    wider_HW = cv2.copyMakeBorder(outlines_HW, margin, bottom, 0, right, cv2.BORDER_CONSTANT)
    words_HW = wider_HW.view(np.uint64)
    bands = [words_HW[band * rows :][: rows + 2 * margin] << 2 * band for band in range(4)]
    return (bands[0] | bands[1] | bands[2] | bands[3]).view(np.uint8)


def _dilate(pixels_HW: UInt8Array, radius: int) -> UInt8Array:
    """Return the bits that are set within ``radius`` of a pixel, row after row in one line.

    Rows at either end, ``radius + 1`` of them, are only looked at; as many columns on the right
    must be empty. A disk of pixels is a union of a few rectangles, from one row at full width to
    one column at full height. Each is a run down a column, longer than the last one's, widened
    together with all that are flatter.
    """
    stride = pixels_HW.shape[1]
    pixels = pixels_HW.ravel()
    first = (radius + 1) * stride
    length = len(pixels) - 2 * first

    (_, reach), *others = _rectangles(radius)
    near = pixels[first - reach : first + length + reach]
    columns, tall = pixels, 1
    for half_height, half_width in others:
        columns = _lengthen(columns, tall, 2 * half_height + 1, stride)
        tall = 2 * half_height + 1
        start = first - half_height * stride - half_width
        near = _lengthen(near, 1, 2 * (reach - half_width) + 1, 1)
        near = near | columns[start : start + len(near)]
        reach = half_width
    return near


def _lengthen(runs: UInt8Array, have: int, want: int, step: int) -> UInt8Array:
    """Make runs of ``have`` places, ``step`` apart from the run's own place on, ``want`` long."""
    while have < want:
        more = min(have, want - have)
        runs = runs[: -more * step] | runs[more * step :]
        have += more
    return runs


@cache
def _rectangles(radius: int) -> list[tuple[int, int]]:
    """Return half height and half width of the rectangles that make a disk, the flattest first."""
    widest = {math.isqrt(radius**2 - width**2): width for width in range(radius + 1)}
    return sorted(widest.items())


def _count(words: npt.NDArray[np.integer[Any]]) -> int:
    return int(np.bitwise_count(words).sum())
