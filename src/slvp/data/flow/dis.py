"""Optical flow without weights.

DIS: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016 (OpenCV's).
"""

from __future__ import annotations

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
