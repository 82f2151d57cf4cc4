"""Optical flow without weights.

DIS: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016 (OpenCV's).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np

from slvp.types import Float32Array, UInt8Array

Preset = Literal["ultrafast", "fast", "medium"]
_PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
_LEAST_SIDE = 64  # below 32, some shapes crash OpenCV (5.0: 24 x 400 with "fast")


@dataclass(frozen=True)
class DisFlow:
    """Dense inverse search, on the CPU.

    Attributes:
        preset: OpenCV's trade of speed for accuracy; "medium" is the most accurate.
    """

    preset: Preset = "medium"

    def __call__(self, frames_THWC: UInt8Array, *, backward: bool = False) -> Float32Array:
        """Estimate; see ``FlowEstimator``."""
        search = cv2.DISOpticalFlow.create(_PRESETS[self.preset])
        height, width = frames_THWC.shape[1:3]
        below, right = max(0, _LEAST_SIDE - height), max(0, _LEAST_SIDE - width)
        grey = [
            cv2.copyMakeBorder(
                cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), 0, below, 0, right, cv2.BORDER_REPLICATE
            )
            for frame in frames_THWC
        ]
        pairs = ((b, a) if backward else (a, b) for a, b in pairwise(grey))
        flow = [search.calc(first, second, None)[:height, :width] for first, second in pairs]
        return np.stack(flow)


def dis_flow(frames_THWC: UInt8Array, preset: Preset = "medium") -> Float32Array:
    """Estimate forward flow (THW2, pixels) between neighbouring frames; see ``DisFlow``."""
    return DisFlow(preset)(frames_THWC)
