"""How things move against the scene."""

from __future__ import annotations

import numpy as np

from slvp.data.flow.camera import camera_flow, camera_homography
from slvp.data.flow.consistency import forward_backward_valid
from slvp.data.flow.dis import dis_flow
from slvp.types import Float32Array, UInt8Array


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
