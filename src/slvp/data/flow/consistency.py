"""Which flow can be trusted."""

from __future__ import annotations

import cv2
import numpy as np

from slvp.data.flow.camera import pixel_grid
from slvp.types import BoolArray, Float32Array


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
    target_HW2 = pixel_grid(height, width) + forward_HW2
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
