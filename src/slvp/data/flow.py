"""Optical flow of real video, and the part of it that the camera's own motion explains.

DIS: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016 (OpenCV's).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from slvp.types import BoolArray, Float32Array, UInt8Array

Preset = Literal["ultrafast", "fast", "medium"]
_PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}


def dis_flow(frames_THWC: UInt8Array, preset: Preset = "medium") -> Float32Array:
    """Estimate forward flow between neighbouring frames.

    Args:
        frames_THWC: T >= 2 RGB frames.
        preset: OpenCV's trade of speed for accuracy; "medium" is the most accurate.

    Returns:
        T - 1 flow fields (THW2), frame t to t + 1, in pixels.
    """
    estimator = cv2.DISOpticalFlow.create(_PRESETS[preset])
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames_THWC]
    return np.stack([estimator.calc(first, second, None) for first, second in pairwise(grey)])


def _pixel_grid(height: int, width: int, stride: int = 1) -> Float32Array:
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
    start_N2 = _pixel_grid(height, width, stride).reshape(-1, 2)
    x, y = start_N2.astype(int).T
    cv2.setRNGSeed(0)  # the same flow gives the same homography
    homography, _ = cv2.findHomography(start_N2, start_N2 + flow_HW2[y, x], cv2.RANSAC, threshold)
    return np.asarray(np.eye(3) if homography is None else homography, np.float32)


def camera_flow(camera_33: npt.NDArray[np.floating], height: int, width: int) -> Float32Array:
    """Return the flow (HW2, pixels) of a still scene under a camera homography (33)."""
    grid_HW2 = _pixel_grid(height, width)
    moved = cv2.perspectiveTransform(
        grid_HW2.reshape(1, -1, 2).astype(np.float64), np.asarray(camera_33, np.float64)
    )
    return np.asarray(moved.reshape(height, width, 2) - grid_HW2, np.float32)


def forward_backward_valid(
    forward_HW2: Float32Array,
    backward_HW2: Float32Array,
    *,
    share: float = 0.05,
    slack: float = 1.0,
) -> BoolArray:
    """Mark the pixels whose forward flow the backward flow takes back.

    Args:
        forward_HW2: flow from this frame to the next, pixels.
        backward_HW2: flow from the next frame to this one, pixels.
        share: allowed error as a share of the flows' lengths.
        slack: allowed error in pixels besides.

    Returns:
        HW, True where the flow can be trusted; False where it is occluded or leaves the frame.
    """
    height, width = forward_HW2.shape[:2]
    target_HW2 = _pixel_grid(height, width) + forward_HW2
    back_HW2 = cv2.remap(
        backward_HW2, target_HW2[..., 0], target_HW2[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    error = np.linalg.norm(forward_HW2 + back_HW2, axis=-1)
    length = np.linalg.norm(forward_HW2, axis=-1) + np.linalg.norm(back_HW2, axis=-1)
    inside = (
        (target_HW2 >= 0) & (target_HW2 <= np.array([width - 1, height - 1], np.float32))
    ).all(-1)
    return np.asarray(inside & (error <= share * length + slack), np.bool_)


def scene_flow(frames_THWC: UInt8Array) -> tuple[Float32Array, UInt8Array]:
    """Estimate how things move against the scene.

    Args:
        frames_THWC: T + 1 frames.

    Returns:
        flow_THW2 without the camera's motion, in pixels per frame, and valid_THW in {0, 1}
        where flow forward and backward agree.
    """
    height, width = frames_THWC.shape[1:3]
    forward_THW2 = dis_flow(frames_THWC)
    backward_THW2 = dis_flow(frames_THWC[::-1])[::-1]
    flow, valid = [], []
    for ahead_HW2, back_HW2 in zip(forward_THW2, backward_THW2, strict=True):
        camera_HW2 = camera_flow(camera_homography(ahead_HW2), height, width)
        flow.append(ahead_HW2 - camera_HW2)
        valid.append(forward_backward_valid(ahead_HW2, back_HW2))
    return np.stack(flow), np.stack(valid).astype(np.uint8)
