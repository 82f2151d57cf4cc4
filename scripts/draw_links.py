"""Draw frames in which the link over time chose another box than the frame alone would have.

::

    python scripts/draw_links.py examples/cars.mp4 "the white car" links.png

Each row is such a frame: the candidates with their scores, the best of them by itself, and the one
that the link chose, both with what the closer look made of them. How many frames differ is printed;
whether the link was right is for people to see.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from slvp.errors import UserError
from slvp.segmenter.grounded import GroundedSegmenter, Look, UnlinkedSegmenter
from slvp.segmenter.linking import Grounded
from slvp.training.sheet import Cell, Row, Sheet, tinted
from slvp.types import BoolArray, Float32Array, UInt8Array
from slvp.video import read_frames

CANDIDATE, ALONE, LINKED = (160, 160, 160), (230, 60, 20), (30, 160, 90)


def main() -> None:
    """Draw, and print how many frames differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("sentence")
    parser.add_argument("picture", type=Path, help="PNG to write")
    parser.add_argument("--model", default="default", help="one of ours (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=3, help="frames to draw, at most")
    parser.add_argument("--frames", type=int, default=100, help="of the video, at most")
    asked = parser.parse_args()
    try:
        draw(asked.video, asked.sentence, asked.picture, asked.model, asked.rows, asked.frames)
    except UserError as error:
        parser.error(str(error))


def draw(video: Path, sentence: str, picture: Path, model: str, rows: int, frames: int) -> None:
    """Print which frames differ, and draw some of them."""
    images = read_frames(video, max_frames=frames)
    segmenters = [kind.from_pretrained(model) for kind in (UnlinkedSegmenter, GroundedSegmenter)]
    alone, linked = (list(one.ground(images, [sentence])) for one in segmenters)
    differ = [t for t, pair in enumerate(zip(alone, linked, strict=True)) if not same(*pair)]
    print(f"{len(differ)} of {len(linked)} frames differ: {' '.join(map(str, differ))}")
    if not differ:
        return
    masks = [one.segment(images, [sentence]).masks_ETHW[0] for one in segmenters]
    places = np.linspace(0, len(differ) - 1, min(rows, len(differ))).round().astype(int)
    drawn = [
        row(t, alone[t], linked[t], [one_THW[t] for one_THW in masks])
        for t in (differ[place] for place in places)
    ]
    titles = ["candidates", "each frame by itself", "linked over time"]
    Sheet(titles, drawn, f'"{sentence}"').write(picture)


def same(one: Grounded[Look], other: Grounded[Look]) -> bool:
    """Whether the same box was chosen for the first sentence, or none in both."""
    (first, *_), (second, *_) = one.boxes, other.boxes
    if first is None or second is None:
        return first is second
    return bool((first == second).all())


def row(t: int, alone: Grounded[Look], linked: Grounded[Look], masks: Sequence[BoolArray]) -> Row:
    """Return the pictures of a frame."""
    image_HW3, candidates = alone.found.image_HW3, alone.found.candidates_E[0]
    shown_HW3 = image_HW3
    for box_4 in candidates.boxes_N4:
        shown_HW3 = with_box(shown_HW3, box_4, CANDIDATE)
    cells = [Cell(shown_HW3, ", ".join(f"{score:.2f}" for score in candidates.score_N))]
    for frame, mask_HW, colour in zip((alone, linked), masks, (ALONE, LINKED), strict=True):
        (box_4, *_) = frame.boxes
        shown_HW3 = with_box(tinted(image_HW3, mask_HW, colour), box_4, colour)
        cells.append(Cell(shown_HW3, "" if box_4 is not None else "not to be seen"))
    return Row(f"frame {t}", cells)


def with_box(
    image_HW3: UInt8Array, box_4: Float32Array | None, colour: tuple[int, ...]
) -> UInt8Array:
    """Draw a box into a picture."""
    picture_HW3 = image_HW3.copy()
    if box_4 is not None:
        left, top, right, bottom = box_4.round().astype(int).tolist()
        width = max(2, round(min(image_HW3.shape[:2]) / 100))
        cv2.rectangle(picture_HW3, (left, top), (right - 1, bottom - 1), colour, width)
    return picture_HW3


if __name__ == "__main__":
    main()
