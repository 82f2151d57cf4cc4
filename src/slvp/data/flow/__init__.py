"""Optical flow of real video, and the part of it that the camera's own motion explains."""

from slvp.data.flow.camera import camera_flow, camera_homography
from slvp.data.flow.consistency import forward_backward_valid
from slvp.data.flow.dis import dis_flow
from slvp.data.flow.scene import scene_flow

__all__ = [
    "camera_flow",
    "camera_homography",
    "dis_flow",
    "forward_backward_valid",
    "scene_flow",
]
