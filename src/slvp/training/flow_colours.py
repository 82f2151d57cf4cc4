"""Optical flow as colours.

The colour wheel is that of Baker et al., "A Database and Evaluation Methodology for Optical Flow",
IJCV 2011 (the Middlebury benchmark): hue is the direction (right red, down yellow, left blue, up
violet), white is no motion, and what is longer than the scale is darkened.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slvp.types import Float32Array, UInt8Array

# Places of red, yellow, green, cyan, blue, magenta and red again on a wheel of 55 colours.
_PLACES = (0, 15, 21, 25, 36, 49, 55)
_CORNERS = ((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0))
_COLOURS = _PLACES[-1]
_BEYOND = 0.75  # brightness of what is longer than the scale


def colour_flow(flow_HW2: npt.NDArray[np.floating], scale: float) -> UInt8Array:
    """Paint a flow field.

    Args:
        flow_HW2: x to the right, y down.
        scale: length that has full colour, in the flow's unit; positive.

    Returns:
        uint8 RGB, HW3.
    """
    x_HW, y_HW = flow_HW2[..., 0] / scale, flow_HW2[..., 1] / scale
    length_HW1 = np.hypot(x_HW, y_HW)[..., None]
    place_HW = (np.arctan2(-y_HW, -x_HW) / np.pi + 1) / 2 * (_COLOURS - 1)
    hue_HW3 = np.stack(
        [np.interp(place_HW, _PLACES, channel) for channel in zip(*_CORNERS, strict=True)], axis=-1
    )
    pale_HW3 = 1 - length_HW1 * (1 - hue_HW3)
    colours_HW3 = np.where(length_HW1 <= 1, pale_HW3, _BEYOND * hue_HW3)
    return np.floor(255 * colours_HW3).astype(np.uint8)


def colour_wheel(side: int) -> UInt8Array:
    """Return the legend: each direction and length at its place; uint8 RGB, white around it."""
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    flow_HW2: Float32Array = np.stack(np.meshgrid(axis, axis), axis=-1)
    outside_HW = np.hypot(flow_HW2[..., 0], flow_HW2[..., 1]) > 1
    flow_HW2[outside_HW] = 0
    return colour_flow(flow_HW2, 1.0)
