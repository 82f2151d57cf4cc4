"""Boxes of one frame that may hold what a sentence describes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from slvp.types import BoolArray, Float32Array

MOST = 12
"""Boxes of a frame that are kept for a sentence."""

_OVERLAP = 0.7  # intersection over union from which two boxes are of one object
_NOTHING = 1e-6  # square pixels
_LEAST_SIDE = 1.0  # pixels; a box with less is empty


@dataclass(frozen=True, eq=False)
class Candidates:
    """Where one sentence's object may be in one frame.

    Attributes:
        boxes_N4: float32, left, top, right, bottom in pixels of the frame, edges between pixels
            (right > left, bottom > top).
        score_N: float32 in 0..1.
    """

    boxes_N4: Float32Array
    score_N: Float32Array


def best(
    candidates: Candidates, size: tuple[int, int], *, most: int = MOST, overlap: float = _OVERLAP
) -> Candidates:
    """Return the boxes that are worth a thought, best first.

    Args:
        candidates: as a detector gives them.
        size: height and width of the frame. Boxes are clipped to it; what is left of them must be
            a pixel wide and high.
        most: so many are kept.
        overlap: of boxes whose intersection over union is above it, only the best is kept.
    """
    from torchvision.ops import clip_boxes_to_image, nms

    boxes_N4 = clip_boxes_to_image(torch.from_numpy(candidates.boxes_N4), size)
    score_N = torch.from_numpy(candidates.score_N)
    # Also false where a side is not a number.
    kept_N = (boxes_N4[:, 2:] - boxes_N4[:, :2] >= _LEAST_SIDE).all(1) & score_N.isfinite()
    boxes_N4, score_N = boxes_N4[kept_N], score_N[kept_N]
    order_N = nms(boxes_N4, score_N, overlap)[:most]
    return Candidates(boxes_N4[order_N].numpy(), score_N[order_N].numpy())


def box_of(mask_HW: BoolArray) -> Float32Array | None:
    """Return left, top, right, bottom (float32, edges between pixels) of a mask; None of none."""
    rows, columns = np.flatnonzero(mask_HW.any(1)), np.flatnonzero(mask_HW.any(0))
    if not len(rows):
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float32)


def overlap_of(one_4: Float32Array, other_4: Float32Array) -> float:
    """Return the intersection over union of two boxes."""
    return float(overlaps(one_4[None], other_4[None])[0, 0])


def overlaps(boxes_M4: Float32Array, boxes_N4: Float32Array) -> Float32Array:
    """Return the intersection over union of each two boxes, MN; zero of empty ones."""
    first, second = boxes_M4[:, None], boxes_N4[None]
    low, high = (
        np.maximum(first[..., :2], second[..., :2]),
        np.minimum(first[..., 2:], second[..., 2:]),
    )
    shared_MN = np.clip(high - low, 0, None).prod(-1)
    areas_M1, areas_1N = ((boxes[..., 2:] - boxes[..., :2]).prod(-1) for boxes in (first, second))
    return np.asarray(shared_MN / np.maximum(areas_M1 + areas_1N - shared_MN, _NOTHING))
