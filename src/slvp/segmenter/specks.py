"""Small pieces apart from the object."""

from __future__ import annotations

import re

import cv2
import numpy as np

from slvp.data.colour_naming import COLOUR_WORDS
from slvp.types import BoolArray, Float32Array

SHARE = 0.2
"""Of the heaviest piece: lighter ones are no part of one object."""

_ASIDE = re.compile(
    r"[,;]|\s(?:with|without|in|on|at|of|by|under|behind|near|next|beside|above|below|over|from|to|"
    r"that|which|who|\w+ing)\b"
)
"""What a sentence begins with to say more of what it named before."""

_SEVERAL = re.compile(
    r"\b(?:two|three|four|five|six|several|some|many|few|all|both|each|every|these|those|\d+|"
    r"people|persons|men|women|children|bunch|couple|crowd|flock|group|herd|line|lots?|number|pack|"
    r"pair|row|school|team)\b|"
    rf"\band (?!{'|'.join(COLOUR_WORDS)})"
)


def names_one(sentence: str) -> bool:
    """Whether a sentence names one thing, as far as its first words tell.

    >>> names_one("a dog near two cats"), names_one("the dogs"), names_one("a man and his dog")
    (True, False, False)
    """
    named = _ASIDE.split(sentence.lower().strip(), maxsplit=1)[0]
    if _SEVERAL.search(named):
        return False
    return named.startswith(("a ", "an ")) or not re.search(r"[^su]s$", named)


def specks(probability_HW: Float32Array, threshold: float) -> BoolArray:
    """Return the pixels of small pieces: those that weigh less than a fifth of the heaviest.

    A piece is a connected set of pixels above the threshold; its weight is the sum of how far they
    are above it.
    """
    found_HW = np.zeros(probability_HW.shape, np.bool_)
    mask_HW = (probability_HW > threshold).view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask_HW)
    if not width:  # OpenCV crashes on a picture without pixels
        return found_HW
    box = np.s_[top : top + height, left : left + width]
    pieces, piece_HW = cv2.connectedComponents(mask_HW[box])
    if pieces > 2:  # background and one piece
        above_HW = probability_HW[box] - np.float32(threshold)
        weight_N = np.bincount(piece_HW.ravel(), above_HW.ravel(), minlength=pieces)
        weight_N[0] = 0
        small_N = weight_N < SHARE * weight_N.max()
        small_N[0] = False
        found_HW[box] = small_N[piece_HW]
    return found_HW
