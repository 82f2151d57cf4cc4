"""What the sources of frames have in common."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from slvp.types import UInt8Array

DEFAULT_RATE = Fraction(25)  # frames per second, where the source doesn't say
MAX_SIDE = 16384  # pixels; H.264 ends there, and a larger claim is a broken header


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a video before its frames are read.

    Attributes:
        name: stem of the file, name of the folder, or ``stdin``.
        width: pixels, as shown (after rotation).
        height: pixels, as shown.
        frame_rate: average frames per second.
        frame_count: an estimate; None where nothing tells, as on standard input.
        has_audio: is there sound that ``VideoWriter(audio_from=...)`` can take along?
    """

    name: str
    width: int
    height: int
    frame_rate: Fraction
    frame_count: int | None
    has_audio: bool


@dataclass(frozen=True)
class Frame:
    """One picture (8-bit RGB) and its time in seconds from the start of the file."""

    image_HW3: UInt8Array
    time: float


def on_white(pixels_HW4: UInt8Array) -> UInt8Array:
    """Show transparent pixels as a browser does on an empty page."""
    colours_HW3, alpha_HW1 = pixels_HW4[..., :3], pixels_HW4[..., 3:].astype(np.uint16)
    blended_HW3 = (colours_HW3 * alpha_HW1 + 255 * (255 - alpha_HW1) + 127) // 255
    return blended_HW3.astype(np.uint8)
