"""How things move against the scene: the target of pre-training."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from slvp.data.flow.camera import camera_flow, camera_motion
from slvp.data.flow.consistency import forward_backward_valid
from slvp.data.flow.dis import DisFlow
from slvp.data.flow.estimators import FlowEstimator
from slvp.types import BoolArray, Float32Array, UInt8Array

MIN_INLIERS = 0.4
"""Share of points that the camera's motion must explain; see ``SceneFlow``."""


@dataclass(frozen=True)
class ClipFlow:
    """Flow between the T + 1 frames of a clip.

    Attributes:
        flow_THW2: forward, from frame t to t + 1, in pixels; the camera's motion is in it.
        valid_THW: where it can be trusted.
        camera_T33: takes a still point of frame t to its place in frame t + 1, in pixels; None
            where it wasn't estimated.
    """

    flow_THW2: Float32Array
    valid_THW: BoolArray
    camera_T33: Float32Array | None = None

    def against_scene(self) -> Float32Array:
        """Return flow_THW2 less what the camera explains, if that is known."""
        if self.camera_T33 is None:
            return self.flow_THW2
        height, width = self.flow_THW2.shape[1:3]
        camera_THW2 = np.stack([camera_flow(one_33, height, width) for one_33 in self.camera_T33])
        return self.flow_THW2 - camera_THW2


@dataclass(frozen=True)
class SceneFlow:
    """Estimates how things move against the scene.

    What is trusted is our own choice: pixels whose flow forward and backward agree, in pairs of
    frames where the camera's motion explains at least ``MIN_INLIERS`` of the points. Where it
    explains fewer, no homography is the camera's, and what is left after subtracting it (or
    nothing) would be no target; so no pixel of such a pair is valid.

    Attributes:
        estimator: of flow.
        subtract_camera: False leaves the camera's motion in the flow, and all pairs are kept.
        check_consistency: False trusts the flow wherever it is finite; at half the cost.
    """

    estimator: FlowEstimator = field(default_factory=DisFlow)
    subtract_camera: bool = True
    check_consistency: bool = True

    def __call__(self, frames_THWC: UInt8Array) -> tuple[Float32Array, UInt8Array]:
        """Estimate the target.

        Args:
            frames_THWC: T + 1 frames.

        Returns:
            flow_THW2 in pixels per frame, and valid_THW in {0, 1}.
        """
        clip = self.estimate(frames_THWC)
        return clip.against_scene(), clip.valid_THW.astype(np.uint8)

    def estimate(self, frames_THWC: UInt8Array) -> ClipFlow:
        """Estimate the flow between T + 1 frames and, apart from it, the camera's motion."""
        forward_THW2 = self.estimator(frames_THWC)
        valid_THW: BoolArray = np.asarray(np.isfinite(forward_THW2).all(-1))
        if self.check_consistency:
            backward_THW2 = self.estimator(frames_THWC, backward=True)
            for valid_HW, ahead_HW2, back_HW2 in zip(
                valid_THW, forward_THW2, backward_THW2, strict=True
            ):
                valid_HW &= forward_backward_valid(ahead_HW2, back_HW2)
        if not self.subtract_camera:
            return ClipFlow(forward_THW2, valid_THW)
        cameras = [
            camera_motion(flow_HW2, valid_HW)
            for flow_HW2, valid_HW in zip(forward_THW2, valid_THW, strict=True)
        ]
        valid_THW[[camera.inliers < MIN_INLIERS for camera in cameras]] = False
        return ClipFlow(
            forward_THW2, valid_THW, np.stack([camera.homography_33 for camera in cameras])
        )


def scene_flow(frames_THWC: UInt8Array) -> tuple[Float32Array, UInt8Array]:
    """Estimate how things move against the scene with DIS; see ``SceneFlow``."""
    return SceneFlow()(frames_THWC)
