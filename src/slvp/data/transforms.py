"""What is done to all frames of a clip alike: cuts, mirroring, and the step to tensors."""

from __future__ import annotations

import re

import cv2
import numpy as np
import torch

from slvp.types import BoolArray, Clip, UInt8Array

Box = tuple[slice, slice]
"""Rows and columns of a part of a frame."""

_LEFT_AND_RIGHT = {
    "left": "right",
    "leftmost": "rightmost",
    "lefthand": "righthand",
    "leftward": "rightward",
    "leftwards": "rightwards",
    "lft": "rt",  # as RefCOCO's annotators typed it
    "clockwise": "counterclockwise",
    "anticlockwise": "clockwise",
    "anti-clockwise": "clockwise",
    "counter-clockwise": "clockwise",
}
_MIRRORED = {right: left for left, right in _LEFT_AND_RIGHT.items()} | _LEFT_AND_RIGHT
_SIDE = re.compile(
    rf"\b({'|'.join(sorted(_MIRRORED, key=len, reverse=True))})\b", flags=re.IGNORECASE
)


def frames_to_tensor(frames_THWC: UInt8Array) -> torch.Tensor:
    """Return frames_TCHW as float32 in 0..1."""
    return torch.from_numpy(frames_THWC).permute(0, 3, 1, 2).float() / 255


def object_mask(clip: Clip, object_ids: tuple[int, ...]) -> BoolArray:
    """Return mask_THW of the union of some objects of a clip with masks."""
    assert clip.ids_THW is not None
    return np.isin(clip.ids_THW, object_ids)


def random_box(rng: np.random.Generator, height: int, width: int, aspect: float) -> Box:
    """Draw a part of a frame: at least 40% of the largest that has its shape.

    Args:
        rng: source of chance.
        height: of the frame, in pixels.
        width: of the frame, in pixels.
        aspect: height by width of the part, which is kept to within a factor of about 1.28.
    """
    stretched = aspect * np.exp(rng.uniform(-0.25, 0.25))
    share = rng.uniform(0.4, 1.0)
    high = min(height, width * stretched) * np.sqrt(share)
    rows = min(height, max(8, int(high)))
    columns = min(width, max(8, int(high / stretched)))
    top = int(rng.integers(0, height - rows + 1))
    left = int(rng.integers(0, width - columns + 1))
    return slice(top, top + rows), slice(left, left + columns)


def cut_frames(
    frames_THWC: UInt8Array, box: Box, height: int, width: int, *, mirrored: bool
) -> UInt8Array:
    """Return a part of all frames, resized to ``height`` x ``width`` and mirrored if asked for."""
    part_THWC = frames_THWC[:, *box]
    how = cv2.INTER_AREA if part_THWC.shape[1] > height else cv2.INTER_LINEAR
    cut_THWC = np.stack([cv2.resize(f, (width, height), interpolation=how) for f in part_THWC])
    return _mirror(np.asarray(cut_THWC, np.uint8), mirrored=mirrored)


def cut_masks(
    values_THW: UInt8Array, box: Box, height: int, width: int, *, mirrored: bool
) -> UInt8Array:
    """Do to masks or ids what :func:`cut_frames` does to their frames; no value is made anew."""
    nearest = cv2.INTER_NEAREST_EXACT
    cut_THW = np.stack(
        [cv2.resize(v, (width, height), interpolation=nearest) for v in values_THW[:, *box]]
    )
    return _mirror(np.asarray(cut_THW, np.uint8), mirrored=mirrored)


def mirror_words(text: str) -> str:
    """Swap left and right in a sentence, as mirroring does in its picture."""

    def swap(match: re.Match[str]) -> str:
        word = match[0]
        swapped = _MIRRORED[word.lower()]
        if word.isupper():
            return swapped.upper()
        return swapped.capitalize() if word[0].isupper() else swapped

    return _SIDE.sub(swap, text)


def _mirror(values: UInt8Array, *, mirrored: bool) -> UInt8Array:
    """Mirror T pictures (T, H, W, ...) from left to right, if asked for."""
    return np.ascontiguousarray(values[:, :, ::-1]) if mirrored else values
