"""Which of several marked pieces is meant, where the sentence says it in plain words.

A small model finds things of the kind that is asked for, and rarely tells them apart. Where it
marks several, and the sentence names one and says how it differs, the others are dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from slvp.data.colour_naming import colour_share
from slvp.segmenter.specks import SHARE
from slvp.segmenter.wishes import Wish
from slvp.types import BoolArray, Float32Array, UInt8Array

IntArray = npt.NDArray[np.int64]

_GAP = 2  # places: pieces nearer than twice this are one thing, cut in two by another
_DROPPED = np.float32(8)  # how far below the threshold the logits of what isn't meant are put
_FAINT_SHARE = 0.03  # of the largest piece, where the smaller or farther one is meant
_SAME_PLACE = 0.05  # of the picture's side: no difference of place
_SAME_SIZE = 0.75  # of the larger one's area: no difference of size
_LEAST_COLOUR = 0.05  # of a piece: less of a colour tells nothing
_SAME_COLOUR = 0.6  # of the share of the piece that has most of it: no difference of colour
_MUCH_COLOUR = 0.3  # of a piece: it has that colour, whatever others have
_SAME_PIECE = 0.3  # of a piece that was chosen in the frame before: it is the same
_MOVES = 0.002  # of the picture's width from frame to frame: less is noise of the flow
_SAME_SPEED = 0.5  # of the fastest: it goes that way, too
_BETWEEN = 3  # pieces, of which one can be in the middle


@dataclass(frozen=True, eq=False)
class _Piece:
    """Marked places near one another.

    Attributes:
        label: its number.
        mask_HW: where it is.
        x: of its middle, as a share of the picture's width.
        y: of its middle, as a share of the picture's height.
        foot: of its lowest place, likewise.
        area: in places.
    """

    label: int
    mask_HW: BoolArray
    x: float
    y: float
    foot: float
    area: int

    @classmethod
    def of(cls, label: int, label_HW: IntArray) -> _Piece:
        """Measure the piece with a label."""
        mask_HW = label_HW == label
        rows, columns = np.nonzero(mask_HW)
        height, width = mask_HW.shape
        x, y, foot = columns.mean() / width, rows.mean() / height, rows.max() / height
        return cls(label, mask_HW, x, y, foot, len(rows))


class Chooser:
    """Chooses for one sentence, frame by frame of one video.

    Once one was chosen, it stays chosen wherever it moves, as long as it can be followed.

    Args:
        wish: what the sentence says.
        threshold: probability above which a place is marked.
    """

    def __init__(self, wish: Wish, threshold: float = 0.5) -> None:
        self._wish = wish
        self._marked = np.float32(_logit(threshold))
        self._chosen_HW: BoolArray | None = None

    def choose(
        self,
        logits_HW: Float32Array,
        picture_HW3: UInt8Array,
        motion_HW2: Float32Array | None = None,
    ) -> Float32Array:
        """Return the next frame's map without the pieces that aren't meant.

        Args:
            logits_HW: of the same size for all frames.
            picture_HW3: the frame, of that size.
            motion_HW2: how its places moved since the frame before, in places, if it is known.
        """
        if self._wish.nothing:
            return logits_HW
        label_HW = _numbered(logits_HW > self._marked)
        pieces = self._rivals(label_HW)
        before = self._found_again(pieces)
        meant = before or pieces
        if meant:
            meant = self._nearer(self._placed(self._sized(self._coloured(meant, picture_HW3))))
            if motion_HW2 is not None:
                meant = self._moving(meant, motion_HW2, label_HW == 0)
        dropped = [piece.label for piece in pieces if piece not in meant]
        chosen = before or dropped
        self._chosen_HW = np.any([p.mask_HW for p in meant], axis=0) if chosen else None
        if not dropped:
            return logits_HW
        low_HW = np.minimum(logits_HW, self._marked - _DROPPED)
        return np.where(_nearest_to(dropped, label_HW), low_HW, logits_HW)

    def _rivals(self, label_HW: IntArray) -> list[_Piece]:
        areas_N = np.bincount(label_HW.ravel())[1:]
        if not len(areas_N):
            return []
        faint = self._wish.size < 0 or self._wish.nearer < 0
        # Otherwise those that aren't dropped as specks later.
        least = (_FAINT_SHARE if faint else SHARE) * areas_N.max()
        return [_Piece.of(int(label), label_HW) for label in 1 + np.flatnonzero(areas_N >= least)]

    def _found_again(self, pieces: list[_Piece]) -> list[_Piece]:
        """Return those that were chosen in the frame before."""
        if self._chosen_HW is None:
            return []
        before_HW = self._chosen_HW
        return [p for p in pieces if before_HW[p.mask_HW].sum() >= _SAME_PIECE * p.area]

    def _coloured(self, pieces: list[_Piece], picture_HW3: UInt8Array) -> list[_Piece]:
        """Return those that have all the colours, or most of the one that they have least of."""
        words = self._wish.colours
        if not words:
            return pieces
        share = {
            p: min(colour_share(picture_HW3[p.mask_HW], word) for word in words) for p in pieces
        }
        most = max(share.values())
        if most < _LEAST_COLOUR:
            return pieces
        return [p for p in pieces if share[p] >= min(_SAME_COLOUR * most, _MUCH_COLOUR)]

    def _sized(self, pieces: list[_Piece]) -> list[_Piece]:
        """Return the largest, or the smallest, and those that are hardly of another size."""
        areas = [p.area for p in pieces]
        if self._wish.size > 0:
            return [p for p in pieces if p.area >= _SAME_SIZE * max(areas)]
        if self._wish.size < 0:
            return [p for p in pieces if _SAME_SIZE * p.area <= min(areas)]
        return pieces

    def _placed(self, pieces: list[_Piece]) -> list[_Piece]:
        """Return the one that is farthest on its side, or in the middle, and those at its place."""
        x, y = self._wish.side
        distance = {p: -(x * p.x + y * p.y) for p in pieces}
        if self._wish.middle:
            if len(pieces) < _BETWEEN:
                return pieces
            middle = float(np.median([p.x for p in pieces]))
            distance = {p: abs(p.x - middle) for p in pieces}
        least = min(distance.values())
        return [p for p in pieces if distance[p] <= least + _SAME_PLACE]

    def _nearer(self, pieces: list[_Piece]) -> list[_Piece]:
        """Return the nearest, or the farthest: what is nearer stands lower in the picture."""
        depth = {p: self._wish.nearer * p.foot for p in pieces}
        return [p for p in pieces if depth[p] >= max(depth.values()) - _SAME_PLACE]

    def _moving(
        self, pieces: list[_Piece], motion_HW2: Float32Array, ground_HW: BoolArray
    ) -> list[_Piece]:
        """Return those that move against the ground, or don't, as it is wished."""
        wish = self._wish
        if not wish.moves or not ground_HW.any():
            return pieces
        ground_2 = np.median(motion_HW2[ground_HW], axis=0)
        motion = {p: motion_HW2[p.mask_HW].mean(0) - ground_2 for p in pieces}
        least = _MOVES * ground_HW.shape[1]
        if any(wish.heading):
            speed = {p: float(motion[p] @ np.array(wish.heading)) for p in pieces}
            least = max(least, _SAME_SPEED * max(speed.values()))
        else:
            speed = {p: float(np.linalg.norm(motion[p])) for p in pieces}
        moving = [p for p in pieces if speed[p] >= least]
        asked = moving if wish.moves > 0 else [p for p in pieces if p not in moving]
        return asked or pieces


def _logit(probability: float) -> float:
    """Return the logit of a probability; of 0 and 1 that of what is next to them."""
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))


def _numbered(marked_HW: BoolArray) -> IntArray:
    """Number the pieces from 1; 0 is unmarked."""
    side = 2 * _GAP + 1
    joined_HW = cv2.dilate(marked_HW.astype(np.uint8), np.ones((side, side), np.uint8))
    _, label_HW = cv2.connectedComponents(joined_HW)
    return np.asarray(label_HW * marked_HW, np.int64)


def _nearest_to(labels: list[int], label_HW: IntArray) -> BoolArray:
    """Return the places, marked or not, whose nearest piece is one of some."""
    unmarked_HW = (label_HW == 0).astype(np.uint8)
    _, region_HW = cv2.distanceTransformWithLabels(
        unmarked_HW, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Regions are numbered by the marked place that is nearest.
    marked_HW = label_HW > 0
    piece_of_region = np.zeros(int(region_HW.max()) + 1, np.int64)
    piece_of_region[region_HW[marked_HW]] = label_HW[marked_HW]
    return np.isin(piece_of_region[region_HW], labels)
