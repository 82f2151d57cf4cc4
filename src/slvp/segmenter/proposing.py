"""Candidates without a detector: what the model marks in a frame, piece by piece."""

from __future__ import annotations

import cv2
import numpy as np

from slvp.models.grounded.candidates import Candidates, overlap_of
from slvp.types import BoolArray, Float32Array

_FAINT = 0.4  # of the threshold: what perhaps is marked
_GAP = 3  # places: pieces no farther apart are one thing behind something thin
_LIGHT = 0.05  # of the heaviest: lighter pieces are specks
_SAME = 0.8  # overlap of boxes from which on a faint piece is a sure one again
_MOST = 8


def propose(
    logits_HW: Float32Array,
    believed: float,
    size: tuple[int, ...],
    *,
    one: bool,
    threshold: float = 0.5,
) -> Candidates:
    """Return the boxes of what is marked, in pixels of the frame.

    A piece's score is the mean probability within, times the root of its weight beside the
    heaviest, times how much the object is believed to be there. Pieces are connected above the
    threshold and, what isn't marked so, above two fifths of it.

    Args:
        logits_HW: what the model says of each place.
        believed: how likely the object is to be in the frame at all, in 0..1.
        size: height and width of the frame.
        one: whether the sentence names one thing; otherwise all pieces are one candidate.
        threshold: probability above which a pixel belongs to the object.
    """
    probability_HW = np.reciprocal(1 + np.exp(-np.clip(logits_HW, -30, 30))).astype(np.float32)
    found = _pieces(probability_HW, probability_HW > threshold, one=one)
    if one or not found:
        faint = _pieces(probability_HW, probability_HW > _FAINT * threshold, one=one)
        found += [
            piece
            for piece in faint
            if all(overlap_of(piece[0], other_4) < _SAME for other_4, _, _ in found)
        ]
    heaviest = max((weight for _, weight, _ in found), default=0.0)
    found = [piece for piece in found if piece[1] >= _LIGHT * heaviest]
    found.sort(key=lambda piece: -piece[1])
    scale_4 = np.tile(np.divide(size[::-1], probability_HW.shape[::-1]), 2).astype(np.float32)
    boxes = [box_4 * scale_4 for box_4, _, _ in found[:_MOST]]
    scores = [believed * mean * np.sqrt(weight / heaviest) for _, weight, mean in found[:_MOST]]
    return Candidates(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32).reshape(-1)
    )


def _pieces(
    probability_HW: Float32Array, marked_HW: BoolArray, *, one: bool
) -> list[tuple[Float32Array, float, float]]:
    """Return box, sum and mean of the probabilities of each piece, in places of the map."""
    if not marked_HW.any():
        return []
    if one:
        near = np.ones((_GAP, _GAP), np.uint8)
        number, piece_HW = cv2.connectedComponents(cv2.dilate(marked_HW.view(np.uint8), near))
    else:
        number, piece_HW = 2, marked_HW.astype(np.int32)
    pieces = []
    for label in range(1, number):
        rows, columns = np.nonzero((piece_HW == label) & marked_HW)
        inside = probability_HW[rows, columns]
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        pieces.append((np.array(box, np.float32), float(inside.sum()), float(inside.mean())))
    return pieces
