"""A red disc that moves over a green field: a video of which everything is known."""

from dataclasses import dataclass, field

import cv2
import numpy as np

HEIGHT, WIDTH, FRAMES, RADIUS = 96, 128, 4, 18


def disc_masks(left=40, step=6, frames=FRAMES):
    """Return masks_THW of a disc that starts with its centre at column ``left``."""
    y_HW, x_HW = np.mgrid[:HEIGHT, :WIDTH]
    centres = [left + step * t for t in range(frames)]
    return np.stack([(x_HW - x) ** 2 + (y_HW - 50) ** 2 <= RADIUS**2 for x in centres])


def filmed(masks_THW, step=6, seed=0):
    """Return frames_THWC: the masks in red, before grass; what is red moves on by ``step``."""
    rng = np.random.default_rng(seed)
    grass_HW3 = _mottled(rng) + np.array((30, 110, 40))
    cloth_HW3 = _mottled(rng) + np.array((180, 30, 30))
    cloth_THW3 = np.stack([np.roll(cloth_HW3, step * t, 1) for t in range(len(masks_THW))])
    return np.where(masks_THW[..., None], cloth_THW3, grass_HW3).astype(np.uint8)


def _mottled(rng):
    return cv2.GaussianBlur(rng.integers(0, 150, (HEIGHT, WIDTH, 3)).astype(np.float32), (0, 0), 2)


@dataclass
class ReadFrames:
    """Frames as a benchmark gives them."""

    frames_THWC: np.ndarray
    asked: list = field(default_factory=list)

    @property
    def names(self):
        return tuple(f"{t:05d}" for t in range(len(self.frames_THWC)))

    def read(self, indices):
        self.asked += indices
        return iter(self.frames_THWC[list(indices)])


def overlap(one, other):
    return (one & other).sum() / max(1, (one | other).sum())
