"""Optical flow of real video, and the part of it that the camera's own motion explains."""

from slvp.data.flow.camera import CameraMotion, camera_flow, camera_homography, camera_motion
from slvp.data.flow.consistency import forward_backward_valid
from slvp.data.flow.dis import DisFlow, dis_flow
from slvp.data.flow.estimators import FlowEstimator, KnownFlow, estimator
from slvp.data.flow.scene import ClipFlow, SceneFlow, scene_flow

__all__ = [
    "CameraMotion",
    "ClipFlow",
    "DisFlow",
    "FlowEstimator",
    "KnownFlow",
    "SceneFlow",
    "camera_flow",
    "camera_homography",
    "camera_motion",
    "dis_flow",
    "estimator",
    "forward_backward_valid",
    "scene_flow",
]
