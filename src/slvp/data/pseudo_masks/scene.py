"""Some frames of a video, small, and how things move in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from slvp.data.benchmarks.records import Frames
from slvp.data.flow import SceneFlow
from slvp.types import Float32Array, UInt8Array

SIDE = 160
"""Pixels of a frame's shorter side, at most, in which pseudo masks are made."""


@dataclass(frozen=True)
class Scene:
    """Frames of one video.

    Attributes:
        frames_THWC: uint8 RGB, small.
        flow_THW2: from each frame to the next, in pixels of the small frames; zero of the last.
        motion_THW2: the same less what the camera explains, in hundredths of the longer side; of
            the last frame that of the one before.
        size: height and width of the video's own frames, in pixels.
        scale: pixels of a small frame per pixel of the video's.
    """

    frames_THWC: UInt8Array
    flow_THW2: Float32Array
    motion_THW2: Float32Array
    size: tuple[int, int]
    scale: float

    @classmethod
    def of(cls, frames: Frames, chosen: Sequence[int]) -> Scene:
        """Read frames and estimate their flow.

        Args:
            frames: of the video.
            chosen: ascending indices.

        Raises:
            UserError: a frame can't be read.
        """
        small, size, scale = [], (0, 0), 1.0
        for frame_HWC in frames.read(chosen):
            size = frame_HWC.shape[0], frame_HWC.shape[1]
            scale = min(1.0, SIDE / min(size))
            height, width = (max(1, round(side * scale)) for side in size)
            small.append(cv2.resize(frame_HWC, (width, height), interpolation=cv2.INTER_AREA))
        frames_THWC = np.stack(small).astype(np.uint8)
        flow_THW2, motion_THW2 = _flow(frames_THWC)
        unit = max(frames_THWC.shape[1:3]) / 100
        return cls(frames_THWC, flow_THW2, motion_THW2 / np.float32(unit), size, scale)


def chosen_frames(count: int, labelled: Sequence[int], most: int) -> tuple[int, ...]:
    """Choose frames of a video to make pseudo masks of: all, or evenly some.

    Args:
        count: frames of the video.
        labelled: those that have labels. Where they are few, half of what is chosen is of them.
        most: how many are chosen, about.
    """
    if count <= most:
        return tuple(range(count))
    few = len(labelled) < count
    some = _evenly(list(labelled), most // 2) if few else []
    return tuple(sorted({*some, *_evenly(list(range(count)), most - len(some))}))


def _evenly(frames: list[int], most: int) -> list[int]:
    if len(frames) <= most:
        return frames
    return [frames[round(place)] for place in np.linspace(0, len(frames) - 1, most)]


def _flow(frames_THWC: UInt8Array) -> tuple[Float32Array, Float32Array]:
    """Return forward flow, and that against the scene, both with a field for the last frame."""
    if len(frames_THWC) == 1:
        nothing_THW2 = np.zeros((*frames_THWC.shape[:3], 2), np.float32)
        return nothing_THW2, nothing_THW2
    clip = SceneFlow().estimate(frames_THWC)
    forward_THW2, scene_THW2 = clip.flow_THW2, clip.against_scene()
    still_1HW2 = np.zeros_like(forward_THW2[:1])
    return np.concatenate([forward_THW2, still_1HW2]), np.concatenate([scene_THW2, scene_THW2[-1:]])
