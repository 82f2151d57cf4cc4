"""The part of optical flow that the camera's own motion explains."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from slvp.types import Float32Array


def pixel_grid(height: int, width: int, stride: int = 1) -> Float32Array:
    """Return x and y (HW2) of pixels, every ``stride``-th of them."""
    y, x = np.mgrid[stride // 2 : height : stride, stride // 2 : width : stride]
    return np.stack([x, y], axis=-1).astype(np.float32)


def camera_homography(flow_HW2: Float32Array, threshold: float = 1.0) -> npt.NDArray[np.float32]:
    """Fit the motion of the background, which most of the frame should be.

    Args:
        flow_HW2: forward flow in pixels.
        threshold: pixels of error up to which a point counts as background.

    Returns:
        Homography (33) that takes a still point of this frame to its place in the next; the
        identity where no common motion is found.
    """
    height, width = flow_HW2.shape[:2]
    stride = max(1, min(height, width) // 32)
    start_N2 = pixel_grid(height, width, stride).reshape(-1, 2)
    x, y = start_N2.astype(int).T
    cv2.setRNGSeed(0)  # the same flow gives the same homography
    homography, _ = cv2.findHomography(start_N2, start_N2 + flow_HW2[y, x], cv2.RANSAC, threshold)
    return np.asarray(np.eye(3) if homography is None else homography, np.float32)


def camera_flow(camera_33: npt.NDArray[np.floating], height: int, width: int) -> Float32Array:
    """Return the flow (HW2, pixels) of a still scene under a camera homography (33)."""
    grid_HW2 = pixel_grid(height, width)
    moved = cv2.perspectiveTransform(
        grid_HW2.reshape(1, -1, 2).astype(np.float64), np.asarray(camera_33, np.float64)
    )
    return np.asarray(moved.reshape(height, width, 2) - grid_HW2, np.float32)
