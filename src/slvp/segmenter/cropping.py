"""A closer look: the part of a frame around a box, and what was said of it put back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from slvp.types import BoolArray, Float32Array, UInt8Array

MARGIN = 0.25
"""Of the box, on each side: what is seen around an object, and where it may stick out."""
SMALLEST = 0.4
"""Of the frame's sides: how little of it is looked at, at the least."""
_ROUNDING = 1e-6
_LOOSE = 1.6
"""How many times larger than needed a region may be before a new one is taken."""


@dataclass(frozen=True)
class Region:
    """Part of a frame, with the frame's proportions; edges are shares of its width and height."""

    left: float
    top: float
    side: float

    def holds(self, box_4: Float32Array) -> bool:
        """Whether a box, its edges shares, is within."""
        low, high = (self.left, self.top), (self.left + self.side, self.top + self.side)
        low_2, high_2 = np.subtract(low, _ROUNDING), np.add(high, _ROUNDING)
        return bool((box_4[:2] >= low_2).all() and (box_4[2:] <= high_2).all())


WHOLE = Region(0.0, 0.0, 1.0)


class Framing:
    """Chooses regions for the boxes of a video: the last one as long as it will do.

    Still pictures of what stands still are what the model was trained on; a region that trembles
    with its box would make all of them move.
    """

    def __init__(self) -> None:
        self._region = WHOLE

    def next(self, box_4: Float32Array | None, size: tuple[int, ...]) -> Region:
        """Return the region for the next frame.

        Args:
            box_4: in pixels; None where nothing is to be seen, and the region stays.
            size: height and width of the frame.
        """
        if box_4 is None:
            return self._region
        share_4 = shares(box_4, size)
        sides_2 = share_4[2:] - share_4[:2]
        side = float(np.clip(sides_2.max() * (1 + 2 * MARGIN), SMALLEST, 1))
        half = np.float32(MARGIN / 2)
        close_4 = share_4 + half * np.concatenate([-sides_2, sides_2])
        if not (self._region.holds(close_4.clip(0, 1)) and self._region.side <= _LOOSE * side):
            centre_2 = (share_4[:2] + share_4[2:]) / 2
            left, top = np.clip(centre_2 - side / 2, 0, 1 - side)
            self._region = Region(float(left), float(top), side)
        return self._region


def shares(box_4: Float32Array, size: tuple[int, ...]) -> Float32Array:
    """Return a box in pixels with edges as shares of the frame's width and height, in 0..1."""
    return np.asarray(np.clip(box_4 / np.tile(size[::-1], 2), 0, 1), np.float32)


def near(box_4: Float32Array | None, frame: tuple[int, ...], size: tuple[int, ...]) -> BoolArray:
    """Return the mask_HW of a box and its margin; empty without a box.

    Args:
        box_4: in pixels of the frame.
        frame: its height and width.
        size: height and width of the mask.
    """
    near_HW = np.zeros(size, np.bool_)
    if box_4 is not None:
        share_4 = shares(box_4, frame)
        more_2, size_2 = MARGIN * (share_4[2:] - share_4[:2]), np.array(size[::-1])
        left, top = np.floor((share_4[:2] - more_2) * size_2).clip(0).astype(int)
        right, bottom = np.ceil((share_4[2:] + more_2) * size_2).astype(int)
        near_HW[top:bottom, left:right] = True
    return near_HW


def crop(image_HW3: UInt8Array, region: Region) -> UInt8Array:
    """Return a region of a frame, enlarged to the frame's size."""
    height, width = image_HW3.shape[:2]
    corner = region.left * width, region.top * height
    scale = region.side, region.side
    cut_HW3 = _sampled(image_HW3, (height, width), scale, corner, cv2.BORDER_REPLICATE)
    return np.asarray(cut_HW3, np.uint8)


def put_back(logits_HW: Float32Array, region: Region, closer_HW: Float32Array) -> Float32Array:
    """Return a map of the frame as both looks say together: within the region their mean.

    Args:
        logits_HW: of the first look, at any size.
        region: what was looked at closer.
        closer_HW: what was said of it, at any size.
    """
    height, width = logits_HW.shape
    scale = closer_HW.shape[1] / (region.side * width), closer_HW.shape[0] / (region.side * height)
    corner = -region.left * width * scale[0], -region.top * height * scale[1]
    share_HW, sum_HW = (
        _sampled(part_HW, (height, width), scale, corner, cv2.BORDER_CONSTANT) / 2
        for part_HW in (np.ones_like(closer_HW), closer_HW)
    )
    return np.asarray((1 - share_HW) * logits_HW + sum_HW, np.float32)


def _sampled(
    picture: UInt8Array | Float32Array,
    size: tuple[int, int],
    scale: tuple[float, float],
    corner: tuple[float, float],
    outside: int,
) -> UInt8Array | Float32Array:
    """Return a picture of a size that begins at a corner of another and has a scale beside it.

    Args:
        picture: the other one.
        size: height and width of the result.
        scale: pixels of the other one for each of the result, along x and y.
        corner: x and y in pixels of the other one.
        outside: what is beyond it, in OpenCV's words for borders; a constant one is zero.
    """
    (scale_x, scale_y), (x, y) = scale, corner
    # Centres of pixels are halves in these coordinates, and whole numbers in OpenCV's.
    to_other_23 = np.array(
        [[scale_x, 0, x + scale_x / 2 - 0.5], [0, scale_y, y + scale_y / 2 - 0.5]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(picture, to_other_23, size[::-1], flags=flags, borderMode=outside)
    )
