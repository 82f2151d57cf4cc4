"""MeViS: expressions about motion, for one object, several or none.

Source: Ding, Liu, He, Jiang and Loy, "MeViS: A Large-scale Benchmark for Video Segmentation with
Motion Expressions", ICCV 2023. Layout::

    ROOT/SPLIT/JPEGImages/VIDEO/00000.jpg ...
    ROOT/SPLIT/meta_expressions.json
    ROOT/SPLIT/mask_dict.json                               not for valid

The splits are ``train`` (1662 videos), ``valid_u`` (50) and ``valid`` (140), whose answers a server
keeps. In the others, an expression of ``meta_expressions.json`` also has an ``"anno_id": [3, 4]``:
the union of these annotations is meant, and nothing in the video if the list is empty. (There is an
``obj_id``, too, which counts the video's objects.) ``mask_dict.json`` reads ``{ANNOTATION: [RLE,
null, ...]}``, with COCO's compressed run lengths, ``{"size": [HEIGHT, WIDTH], "counts": LETTERS}``,
for each frame in the order of ``frames``, or null where the object is not to be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from slvp.data.benchmarks.files import read_json, require_folder
from slvp.data.benchmarks.frames import PictureFrames, read_frame
from slvp.data.benchmarks.meta_expressions import (
    Video,
    expressions_of,
    read_meta_expressions,
    require_pictures,
)
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.rle import decode_rle
from slvp.errors import UserError
from slvp.types import BoolArray

BENCHMARK = "MeViS"


@dataclass(frozen=True)
class AnnotationMasks:
    """One frame's masks (HW) by annotation; an annotation that is not to be seen is left out."""

    size: tuple[int, int]
    masks: dict[int, BoolArray]

    def void(self) -> None:
        """Return None: every pixel counts."""

    def mask(self, object_ids: Sequence[int]) -> BoolArray:
        """Return mask_HW of one or several annotations together."""
        union_HW = np.zeros(self.size, np.bool_)
        for object_id in object_ids:
            if object_id in self.masks:
                union_HW |= self.masks[object_id]
        return union_HW


@dataclass(frozen=True)
class RleMasks:
    """The masks of a video's annotations, as run lengths that are decoded frame by frame.

    Attributes:
        path: the file that they are from.
        frames: the video's pictures.
        counts: by annotation, for each frame the run lengths; None where there is no mask.
        rle_size: height and width that all run lengths are of; None where there are none.
    """

    path: Path
    frames: tuple[Path, ...]
    counts: dict[int, tuple[str | None, ...]]
    rle_size: tuple[int, int] | None

    @cached_property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels; reads the first frame.

        Raises:
            UserError: the frame can't be read, or differs from the masks in size.
        """
        height, width, _ = read_frame(self.frames[0]).shape
        if self.rle_size not in (None, (height, width)):
            mask_height, mask_width = self.rle_size
            raise UserError(
                f"{self.path} has masks of {mask_width} x {mask_height} pixels for the annotations "
                f"{', '.join(map(str, self.counts))}, yet {self.frames[0]} is {width} x {height}: "
                f"download or unpack {BENCHMARK} again."
            )
        return height, width

    def read(self, t: int) -> AnnotationMasks:
        """Return the masks of frame ``t``.

        Raises:
            UserError: the masks can't be read, or differ from the frame in size.
        """
        masks = {}
        for annotation, counts_T in self.counts.items():
            counts = counts_T[t]
            if counts is None:
                continue
            try:
                masks[annotation] = decode_rle(counts, *self.size)
            except ValueError as error:
                raise UserError(
                    f'{self.path}, annotation {annotation}, has "counts" for frame '
                    f"{self.frames[t].stem} of video {self.frames[t].parent.name} that are "
                    f"{error}: download or unpack {BENCHMARK} again."
                ) from error
        return AnnotationMasks(self.size, masks)


def load_mevis(
    root: Path, split: str = "valid_u", *, with_masks: bool = True
) -> list[BenchmarkExpression]:
    """Read the expressions of a split, video by video in the order of the JSON file.

    ``object_ids`` are the numbers of the annotations.

    Args:
        root: the folder with the splits' folders in it.
        split: ``train``, ``valid_u`` or ``valid``.
        with_masks: if not, no mask file is looked at: there are no masks, and no frame is scored.

    Raises:
        UserError: a file or folder is missing, or a JSON file doesn't read as said above.
    """
    root = Path(root)
    meta = root / split / "meta_expressions.json"
    mask_file = root / split / "mask_dict.json"
    answered = split != "valid"
    videos = read_meta_expressions(meta, BENCHMARK, _annotations_of if answered else None)
    frames_folder = require_folder(root / split / "JPEGImages", BENCHMARK)
    masked = answered and with_masks
    rles = _read_masks(mask_file) if masked else {}
    expressions = []
    for video in videos:
        frames = require_pictures(frames_folder / video.name, video.frames, ".jpg", meta, BENCHMARK)
        masks = _masks_of_video(rles, mask_file, video, frames) if masked else None
        expressions += expressions_of(video, PictureFrames(frames), masks)
    return expressions


def _annotations_of(entry: dict[str, Any]) -> tuple[int, ...]:
    named = entry.get("anno_id")
    if named is None:
        raise ValueError('has no "anno_id"')
    if not isinstance(named, list) or not all(str(one).isdecimal() for one in named):
        raise ValueError(f'has the "anno_id" {named!r} and no list of numbers')
    # One that is named twice adds nothing to the union.
    return tuple(dict.fromkeys(int(one) for one in named))


def _read_masks(path: Path) -> dict[str, Any]:
    content = read_json(path, BENCHMARK)
    if not isinstance(content, dict):
        raise UserError(f"{path} has no masks by annotation: download or unpack it again.")
    return content


def _masks_of_video(
    rles: dict[str, Any], path: Path, video: Video, frames: tuple[Path, ...]
) -> RleMasks:
    """Keep what the video's expressions name, checked as far as that goes without decoding."""
    counts: dict[int, tuple[str | None, ...]] = {}
    sizes: set[tuple[int, int]] = set()
    for annotation in sorted({one for s in video.sentences for one in s.object_ids}):
        try:
            counts[annotation], sizes_of_one = _parse_annotation(
                rles.get(str(annotation)), len(frames)
            )
            sizes |= sizes_of_one
            if len(sizes) > 1:
                raise ValueError("has masks of another size than the rest of the video")
        except ValueError as error:
            raise UserError(
                f"{path}, annotation {annotation} of video {video.name}, {error}: download or "
                f"unpack {BENCHMARK} again."
            ) from error
    return RleMasks(path, frames, counts, sizes.pop() if sizes else None)


def _parse_annotation(
    rles: Any, frames: int
) -> tuple[tuple[str | None, ...], set[tuple[int, int]]]:
    """Return an annotation's run lengths by frame, and the sizes of its masks.

    Raises:
        ValueError: what is wrong with it; the message ends a sentence.
    """
    if rles is None:
        raise ValueError("is missing")
    if not isinstance(rles, list):
        raise ValueError("is no list of masks")
    if len(rles) != frames:
        raise ValueError(f"has {len(rles)} masks for the {frames} frames of the video")
    counts: list[str | None] = []
    sizes = set()
    for rle in rles:
        if rle is None:
            counts.append(None)
            continue
        match rle:
            case {"size": [int(height), int(width)], "counts": str(letters)}:
                counts.append(letters)
                sizes.add((height, width))
            case _:
                raise ValueError(
                    'has a mask that is no {"size": [HEIGHT, WIDTH], "counts": LETTERS}'
                )
    return tuple(counts), sizes
