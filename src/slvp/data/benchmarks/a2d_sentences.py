"""A2D-Sentences: the actors of A2D, each described by one sentence.

Source: Gavrilyuk, Ghodrati, Li and Snoek, "Actor and Action Video Segmentation from a Sentence",
CVPR 2018, on the videos of Xu et al., "Can Humans Fly? Action Understanding with Multiple Classes
of Actors", CVPR 2015. Layout::

    ROOT/Release/videoset.csv                   no header; ID,label,start,end,height,width,frames,
                                                annotated frames,subset (0 train, 1 test)
    ROOT/Release/clips320H/ID.mp4
    ROOT/text_annotations/a2d_annotation.txt    CSV: video_id,instance_id,query[,short_query]
    ROOT/text_annotations/a2d_missed_videos.txt             IDs without annotation, one per line
    ROOT/text_annotations/a2d_annotation_with_instances/ID/00017.h5 ...

An HDF5 file has the masks of one frame; frames count from one, and about three of a video are
annotated. ``instance`` lists the ids of the N instances in it, and ``reMask`` has their masks, as
N x width x height, or width x height where N is 1.

What counts is what MTTR (Botach et al., CVPR 2022) scores, and those after it: a sentence in each
annotated frame that has its instance; frames without the instance are left out, and so is the one
row whose instance is "1 (copy)", a slip of the annotators.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from slvp.data.benchmarks.files import read_text, require_file, require_folder
from slvp.data.benchmarks.frames import VideoFrames
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.benchmarks.tables import one_line, read_table
from slvp.errors import UserError
from slvp.types import BoolArray

BENCHMARK = "A2D-Sentences"

VIDEOS = 3782
"""Lines of ``videoset.csv``, as MTTR checks them."""
ROWS = 6655
"""Rows of ``a2d_annotation.txt`` under the header, as MTTR checks them."""
TEST_VIDEOS, TEST_EXPRESSIONS, TEST_SCORED = 737, 1295, 3800
"""Videos, sentences and pairs of a sentence and a frame in the test split.

Counted in the ground truth in COCO's format that MTTR's ``create_gt_in_coco_format.py`` makes of
the benchmark's files.
"""

_SUBSETS = {"train": "0", "test": "1"}
_COLUMNS = ("video_id", "instance_id", "query")
_SLIP = "1 (copy)"


def load_a2d_sentences(
    root: Path, split: str = "test", *, with_masks: bool = True
) -> list[BenchmarkExpression]:
    """Read the expressions of a split, video by video in the order of ``a2d_annotation.txt``.

    ``expression_id`` is the instance's id, as an instance has one sentence. ``text`` is the
    sentence in its own case, as with all benchmarks here: published models ask it in lower case,
    which is for the text encoder to do. Its spaces are put right, as published models have them.

    Only the mask files tell which frames are annotated, and which instances are seen in none of
    them, so that their sentences are left out: without masks, all sentences are there.

    Args:
        root: the folder with ``Release`` and ``text_annotations`` in it.
        split: ``train`` or ``test``.
        with_masks: if not, no mask file is looked at: there are no masks, and no frame is scored.

    Raises:
        UserError: a file or folder is missing or doesn't read as said above, or an instance is
            described twice.
    """
    root = Path(root)
    texts = root / "text_annotations"
    frame_counts = _frame_counts(root / "Release" / "videoset.csv", _SUBSETS[split])
    missed = read_text(texts / "a2d_missed_videos.txt", BENCHMARK).decode(errors="replace")
    used = frame_counts.keys() - {line.strip() for line in missed.splitlines()}

    table = texts / "a2d_annotation.txt"
    described: dict[str, dict[int, str]] = {}
    for video, instance, query in read_table(table, _COLUMNS, BENCHMARK):
        if video not in used or instance == _SLIP:
            continue
        if not instance.isdecimal() or int(instance) in described.get(video, ()):
            raise UserError(
                f"{table} describes instance {instance!r} of video {video}, which is no number or "
                f"stands there twice: download or unpack {BENCHMARK} again."
            )
        described.setdefault(video, {})[int(instance)] = one_line(query)
    if not described:
        raise UserError(
            f"{table} describes no video that {root / 'Release' / 'videoset.csv'} has in {split}: "
            f"unpack {BENCHMARK} again."
        )

    expressions = []
    for video, texts_by_instance in described.items():
        clip = require_file(root / "Release" / "clips320H" / f"{video}.mp4", table, BENCHMARK)
        mask_folder = texts / "a2d_annotation_with_instances" / video
        paths = _mask_files(mask_folder) if with_masks else {}
        last = max(paths, default=0)
        frames = VideoFrames(clip, count=max(frame_counts[video], last + 1), needed=last + 1)
        masks = A2dMasks(paths) if with_masks else None
        instances = {t: _read_instances(path) for t, path in paths.items()}
        for instance_id, text in texts_by_instance.items():
            scored = tuple(t for t, present in instances.items() if instance_id in present)
            if scored or not with_masks:
                expressions.append(
                    BenchmarkExpression(
                        sequence=video,
                        expression_id=str(instance_id),
                        text=text,
                        object_ids=(instance_id,),
                        annotation_set="",
                        frames=frames,
                        masks=masks,
                        scored=scored,
                    )
                )
    return expressions


def image_id(expression: BenchmarkExpression, t: int) -> str:
    """Return what MTTR's results in COCO's format call a sentence in frame ``t``."""
    (instance_id,) = expression.object_ids
    return f"v_{expression.sequence}_f_{t + 1}_i_{instance_id}"


@dataclass(frozen=True)
class InstanceMasks:
    """One frame's masks, each for itself: mask ``rows[id]`` of N is that of an instance.

    Attributes:
        masks_NHW: they may overlap.
        rows: by instance id.
    """

    masks_NHW: BoolArray
    rows: dict[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        _, height, width = self.masks_NHW.shape
        return height, width

    def void(self) -> None:
        """Return None: all pixels count."""

    def mask(self, object_ids: Sequence[int]) -> BoolArray:
        """Return mask_HW of one or several instances together."""
        rows = [self.rows[one] for one in object_ids if one in self.rows]
        return np.any(self.masks_NHW[rows], axis=0)


@dataclass(frozen=True)
class A2dMasks:
    """One HDF5 file for each annotated frame, by the frame's index."""

    paths: dict[int, Path]

    def read(self, t: int) -> InstanceMasks:
        """Return the masks of frame ``t``, which must be an annotated one.

        Raises:
            UserError: the file can't be read or has fewer masks than instances.
        """
        path = self.paths[t]
        with _opened(path) as file:
            instances = _instances(file)
            masks = np.asarray(file["reMask"])
        masks_NWH = masks[None] if masks.ndim == 2 else masks
        if masks_NWH.ndim != 3 or len(masks_NWH) < len(instances):
            raise UserError(
                f"{path} has {len(instances)} instances, but reMask is of shape {masks.shape} and "
                f"not instances x width x height: unpack {BENCHMARK} again."
            )
        # An id that stands twice means its first mask, as in published scores.
        rows = {one: row for row, one in reversed(list(enumerate(instances)))}
        return InstanceMasks(masks_NWH.transpose(0, 2, 1) != 0, rows)


def _frame_counts(videoset: Path, subset: str) -> dict[str, int]:
    """Return the number of frames of each video of a subset."""
    content = read_text(videoset, BENCHMARK).decode(errors="replace")
    counts: dict[str, int] = {}
    seen: set[str] = set()
    for number, line in enumerate(content.splitlines(), start=1):
        values = [value.strip() for value in line.split(",")]
        if values == [""]:
            continue
        if len(values) != 9 or not values[6].isdecimal() or values[0] in seen:
            raise UserError(
                f"{videoset}, line {number}, should be a video that wasn't there before, with nine "
                f"values, the seventh its number of frames: unpack {BENCHMARK} again."
            )
        seen.add(values[0])
        if values[8] == subset:
            counts[values[0]] = int(values[6])
    return counts


def _mask_files(folder: Path) -> dict[int, Path]:
    """Return the files of a video's masks in the order of the frames, by the frame's index."""
    files = sorted(
        path for path in require_folder(folder, BENCHMARK).iterdir() if path.suffix == ".h5"
    )
    numbered = {int(path.stem) - 1: path for path in files if path.stem.isdecimal()}
    if not files or len(numbered) < len(files) or -1 in numbered:
        raise UserError(
            f"{folder} should have a file 00017.h5 or so for each annotated frame, numbered from 1 "
            f"on: unpack {BENCHMARK} again."
        )
    return dict(sorted(numbered.items()))


def _read_instances(path: Path) -> frozenset[int]:
    with _opened(path) as file:
        return frozenset(_instances(file))


def _instances(file: h5py.File) -> list[int]:
    return [int(one) for one in np.ravel(file["instance"])]


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError) as error:
        raise UserError(
            f"{path} can't be read as an HDF5 file with the instances of a frame and their masks "
            f"({error.args[0]}): unpack {BENCHMARK} again."
        ) from error
