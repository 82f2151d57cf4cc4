"""Which frames of a video make a clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Window:
    """Frames at equal distances.

    Attributes:
        start: seconds from the video's first frame to the window's.
        interval: seconds from each of its frames to the next.
    """

    start: float
    interval: float


def draw_window(rng: np.random.Generator, end: float, frames: int, rate: float) -> Window:
    """Draw a window from anywhere in a video; in one that is too short for it, a faster one.

    Args:
        rng: source of chance.
        end: seconds from the video's first frame to its last; 0 where it isn't known.
        frames: of the window, at least 2.
        rate: frames of the window per second.
    """
    span = (frames - 1) / rate
    start = rng.uniform(0, max(0.0, end - span))
    return Window(start, end / (frames - 1) if 0 < end < span else 1 / rate)
