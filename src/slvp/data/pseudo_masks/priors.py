"""What a label says of each pixel of a frame: certainly in, certainly out, or how likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from slvp.data.labels.records import Box, Label, Outlined, Point
from slvp.types import BoolArray, Float32Array, UInt8Array

_ROUND = 2.0  # log-odds between the middle of a box and its ellipse
_WIDER = 1.1  # the ellipse at which they are zero, as a share of the box
_NEAR_POINT = 2.0  # log-odds where the way to the point is nothing beside the way to the background
_SMALL = 1.75  # log-odds that are taken off, for an object is mostly the smaller part
_STEP = 0.003  # what a step costs between pixels alike, where black to white costs 1
_MOTION = 0.6  # what one unit of difference in motion costs
_UNLIKE = 2.0  # units of difference in motion from which it costs no more
_DOT = 1  # pixels around a point that are taken to be the object's, too


@dataclass(frozen=True)
class Prior:
    """What is known of one object's pixels in one frame.

    Attributes:
        logit_HW: log-odds that a pixel is the object's.
        inside_HW: certainly the object's.
        outside_HW: certainly not.
        box_HW: all of its box, if that is known.
    """

    logit_HW: Float32Array
    inside_HW: BoolArray
    outside_HW: BoolArray
    box_HW: BoolArray | None = None


def prior_of(
    label: Label | None,
    others: Sequence[Label],
    frame_HW3: UInt8Array,
    motion_HW2: Float32Array,
    scale: float,
) -> Prior:
    """Return what a labelled frame says of an object.

    Args:
        label: of the object; None where the frame doesn't show it.
        others: labels of other objects in the frame.
        frame_HW3: small.
        motion_HW2: of it, against the scene, in hundredths of its longer side.
        scale: pixels of the small frame per pixel of the labels' frame.
    """
    size = frame_HW3.shape[:2]
    match label:
        case None:
            nothing_HW = np.zeros(size, np.bool_)
            return Prior(np.zeros(size, np.float32), nothing_HW, ~nothing_HW)
        case Outlined():
            whole_HW = label.mask_HW.astype(np.float32)
            small_HW = cv2.resize(whole_HW, size[::-1], interpolation=cv2.INTER_AREA)
            inside_HW: BoolArray = np.asarray(small_HW >= 0.5)
            return Prior(np.zeros(size, np.float32), inside_HW, ~inside_HW)
        case Box():
            return _of_box(label, size, scale)
        case Point():
            strangers = [one for one in others if isinstance(one, Point)]
            return _of_point(label, strangers, frame_HW3, motion_HW2, scale)


def box_mask(box: Box, size: tuple[int, ...], scale: float = 1.0) -> BoolArray:
    """Return mask_HW of a box's pixels in frames of another size; at least one."""
    mask_HW = np.zeros(size, np.bool_)
    rows, columns = (
        _scaled(first, length, side, scale)
        for first, length, side in zip(
            (box.top, box.left), (box.height, box.width), size, strict=True
        )
    )
    mask_HW[rows, columns] = True
    return mask_HW


def _scaled(first: int, length: int, side: int, scale: float) -> slice:
    start = min(side - 1, int(first * scale + 0.5))
    return slice(start, min(side, max(start + 1, int((first + length) * scale + 0.5))))


def _of_box(box: Box, size: tuple[int, ...], scale: float) -> Prior:
    """Outside there is nothing; inside, an ellipse is likelier than the corners."""
    y_HW, x_HW = np.mgrid[: size[0], : size[1]].astype(np.float32) + np.float32(0.5)
    half_x, half_y = (max(0.5, side * scale / 2) for side in (box.width, box.height))
    across_HW = (x_HW - (box.left + box.width / 2) * scale) / half_x
    down_HW = (y_HW - (box.top + box.height / 2) * scale) / half_y
    logit_HW = np.float32(_ROUND) * (np.float32(_WIDER) - np.hypot(across_HW, down_HW))
    box_HW = box_mask(box, size, scale)
    return Prior(logit_HW.astype(np.float32), np.zeros(size, np.bool_), ~box_HW, box_HW)


def _of_point(
    point: Point,
    others: Sequence[Point],
    frame_HW3: UInt8Array,
    motion_HW2: Float32Array,
    scale: float,
) -> Prior:
    """Compare the ways to the point and to the background, which cost what changes on them.

    The frame's edge is taken for background, and so are the points of other objects. Geodesic
    distances go back to Bai and Sapiro, "A Geodesic Framework for Fast Interactive Image and Video
    Segmentation and Matting", ICCV 2007.
    """
    size = frame_HW3.shape[:2]
    inside_HW = _dot(point, size, scale)
    strangers_HW = np.zeros(size, np.bool_)
    for other in others:
        strangers_HW |= _dot(other, size, scale)
    strangers_HW &= ~inside_HW
    background_HW = strangers_HW.copy()
    background_HW[[0, -1]] = background_HW[:, [0, -1]] = True
    background_HW &= ~inside_HW
    ways = _ways(frame_HW3, motion_HW2)
    near_HW, far_HW = (
        dijkstra(ways, directed=False, indices=np.flatnonzero(seeds_HW), min_only=True)
        .reshape(size)
        .astype(np.float32)
        for seeds_HW in (inside_HW, background_HW)
    )
    nearer_HW = (far_HW - near_HW) / (far_HW + near_HW + np.float32(1e-6))
    logit_HW = np.float32(_NEAR_POINT) * nearer_HW - np.float32(_SMALL)
    return Prior(logit_HW, inside_HW, strangers_HW)


def _dot(point: Point, size: tuple[int, ...], scale: float) -> BoolArray:
    row, column = (
        min(side - 1, int((place + 0.5) * scale))
        for place, side in zip((point.y, point.x), size, strict=True)
    )
    dot_HW = np.zeros(size, np.bool_)
    dot_HW[max(0, row - _DOT) : row + _DOT + 1, max(0, column - _DOT) : column + _DOT + 1] = True
    return dot_HW


def _ways(frame_HW3: UInt8Array, motion_HW2: Float32Array) -> csr_matrix:
    """Return what it costs to step from each pixel to its eight neighbours."""
    lab_HW3 = cv2.cvtColor(frame_HW3, cv2.COLOR_RGB2LAB).astype(np.float32) / np.float32(255)
    lab_HW3 = cv2.GaussianBlur(lab_HW3, (0, 0), 1)
    height, width = frame_HW3.shape[:2]
    number_HW = np.arange(height * width).reshape(height, width)
    firsts, seconds, costs = [], [], []
    for one, other, length in (
        (np.s_[:, :-1], np.s_[:, 1:], 1.0),
        (np.s_[:-1], np.s_[1:], 1.0),
        (np.s_[:-1, :-1], np.s_[1:, 1:], 2**0.5),
        (np.s_[1:, :-1], np.s_[:-1, 1:], 2**0.5),
    ):
        colour = np.linalg.norm(lab_HW3[one] - lab_HW3[other], axis=-1)
        motion = np.linalg.norm(motion_HW2[one] - motion_HW2[other], axis=-1)
        cost = colour + _MOTION * np.minimum(motion, _UNLIKE) + _STEP * length
        firsts.append(number_HW[one].ravel())
        seconds.append(number_HW[other].ravel())
        costs.append(cost.ravel())
    places = np.concatenate(firsts), np.concatenate(seconds)
    return csr_matrix((np.concatenate(costs), places), shape=(height * width,) * 2)
