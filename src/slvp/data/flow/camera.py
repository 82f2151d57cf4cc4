"""The part of optical flow that the camera's own motion explains."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from slvp.types import BoolArray, Float32Array

_POINTS = 32  # along the shorter side
_BORDER = 0.12  # of width and height
_BORDER_VOTES = 4
_FEWEST = 8  # points; a homography through four says nothing


@dataclass(frozen=True)
class CameraMotion:
    """How the camera moved from one frame to the next.

    Attributes:
        homography_33: takes a still point of the first frame to its place in the second; the
            identity where no common motion is found.
        inliers: share of the points (those near the border count more) that it explains. Below
            about 0.4 it has mostly nothing to do with the camera: water, crowds, flow gone wrong.
    """

    homography_33: npt.NDArray[np.float32]
    inliers: float


def pixel_grid(height: int, width: int, stride: int = 1) -> Float32Array:
    """Return x and y (HW2) of every ``stride``-th pixel."""
    y, x = np.mgrid[stride // 2 : height : stride, stride // 2 : width : stride]
    return np.stack([x, y], axis=-1).astype(np.float32)


def camera_motion(
    flow_HW2: Float32Array, valid_HW: BoolArray | None = None, threshold: float = 1.0
) -> CameraMotion:
    """Fit a homography to the motion of the background by RANSAC.

    Points near the border of the frame have four votes each: things to look at are mostly in the
    middle, so that the fit holds on to the background in close-ups, too, where most of the frame
    moves otherwise. (Our own choice.)

    Args:
        flow_HW2: forward flow in pixels.
        valid_HW: where it can be trusted; None means everywhere.
        threshold: pixels of error up to which a point counts as background.
    """
    height, width = flow_HW2.shape[:2]
    grid_N2 = pixel_grid(height, width, max(1, min(height, width) // _POINTS)).reshape(-1, 2)
    if valid_HW is not None:
        grid_N2 = grid_N2[valid_HW[_rows_columns(grid_N2)]]
    size_2 = np.array([width, height])
    near_N = (np.minimum(grid_N2, size_2 - 1 - grid_N2) < _BORDER * size_2).any(-1)
    start_N2 = np.repeat(grid_N2, np.where(near_N, _BORDER_VOTES, 1), axis=0)
    if len(start_N2) < _FEWEST:
        return CameraMotion(np.eye(3, dtype=np.float32), 0.0)
    cv2.setRNGSeed(0)  # the same flow gives the same homography
    end_N2 = start_N2 + flow_HW2[_rows_columns(start_N2)]
    homography, inliers = cv2.findHomography(start_N2, end_N2, cv2.RANSAC, threshold)
    if homography is None or not _is_plausible(homography, width, height):
        return CameraMotion(np.eye(3, dtype=np.float32), 0.0)
    return CameraMotion(np.asarray(homography, np.float32), float(inliers.mean()))


def _is_plausible(homography_33: npt.NDArray[np.float64], width: int, height: int) -> bool:
    """Does no part of the frame come twice as near, or go twice as far, within one step?

    Such a homography was fitted to one side of the frame and sends the other to infinity.
    """
    corners_34 = np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    nearness_4 = (homography_33 / homography_33[2, 2] @ corners_34)[2]
    return bool(((nearness_4 > 0.5) & (nearness_4 < 2)).all())


def _rows_columns(points_N2: Float32Array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    x, y = points_N2.astype(np.intp).T
    return y, x


def camera_homography(flow_HW2: Float32Array, threshold: float = 1.0) -> npt.NDArray[np.float32]:
    """Return the homography (33) alone; see ``camera_motion``."""
    return camera_motion(flow_HW2, threshold=threshold).homography_33


def camera_flow(camera_33: npt.NDArray[np.floating], height: int, width: int) -> Float32Array:
    """Return the flow (HW2, pixels) of a still scene under a camera homography (33)."""
    grid_HW2 = pixel_grid(height, width)
    moved = cv2.perspectiveTransform(
        grid_HW2.reshape(1, -1, 2).astype(np.float64), np.asarray(camera_33, np.float64)
    )
    return np.asarray(moved.reshape(height, width, 2) - grid_HW2, np.float32)
