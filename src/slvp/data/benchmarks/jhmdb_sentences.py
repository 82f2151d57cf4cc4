"""JHMDB-Sentences: the one actor of each video of J-HMDB, described by a sentence.

Source: Gavrilyuk, Ghodrati, Li and Snoek, "Actor and Action Video Segmentation from a Sentence",
CVPR 2018, on the videos of Jhuang et al., "Towards Understanding Action Recognition", ICCV 2013.
It is for testing only. Layout::

    ROOT/jhmdb_annotation.txt                               CSV: video_id,query
    ROOT/Rename_Images/ACTION/VIDEO/00001.png ...
    ROOT/puppet_mask/ACTION/VIDEO/puppet_mask.mat           MATLAB 5: part_mask, H x W x frames
    ROOT/jhmdb_sentences_samples_metadata.json              which frames count

Videos may have more frames than masks; those at the end are left out. Published numbers score
three frames of each video, which MTTR (Botach et al., CVPR 2022) drew once: the JSON file is the
one of that name in ``datasets/jhmdb_sentences`` of MTTR's repository. Its rows read ``[VIDEO, PATH
OF A FRAME, PATH OF THE MASKS, NUMBER OF FRAMES, SENTENCE]``, with paths that start somewhere else
and end as above. ``prepare_jhmdb_sentences`` draws frames where it is absent.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from slvp.data.benchmarks.files import read_json, require_file, require_folder
from slvp.data.benchmarks.frames import PictureFrames
from slvp.data.benchmarks.puppet_masks import ACTOR, PuppetMasks, count_masks
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.benchmarks.tables import one_line, read_table
from slvp.errors import UserError
from slvp.files import whole_file

BENCHMARK = "JHMDB-Sentences"

ROWS = 928
"""Rows of ``jhmdb_annotation.txt`` under the header, one per video, as MTTR checks them."""
TEST_SCORED = 3 * ROWS
"""Frames that count, in MTTR's list."""

METADATA = "jhmdb_sentences_samples_metadata.json"

_COLUMNS = ("video_id", "query")
_DRAWN = 3  # frames of each video


@dataclass(frozen=True)
class _Video:
    """What MTTR's list says of a video."""

    pictures: Path
    mask_file: Path
    frame_count: int
    text: str


def load_jhmdb_sentences(
    root: Path, split: str = "test", *, with_masks: bool = True
) -> list[BenchmarkExpression]:
    """Read the expressions, one per video, from MTTR's list, which has the sentences, too.

    ``expression_id`` is always ``0``. ``text`` is the sentence in its own case, as with all
    benchmarks here: published models ask it in lower case, which is for the text encoder to do. Its
    spaces are put right, as published models have them.

    Args:
        root: the folder with ``Rename_Images`` and ``puppet_mask`` in it.
        split: ``test``; there is no other.
        with_masks: if not, no mask file is looked at: there are no masks, and no frame is scored.

    Raises:
        UserError: a file or folder is missing or doesn't read as said above, the list of the frames
            that count among them.
    """
    root = Path(root)
    metadata = root / METADATA

    def masks(video: _Video) -> PuppetMasks | None:
        if not with_masks:
            return None
        return PuppetMasks(require_file(video.mask_file, metadata, BENCHMARK))

    return [
        BenchmarkExpression(
            sequence=name,
            expression_id="0",
            text=video.text,
            object_ids=(ACTOR,),
            annotation_set="",
            frames=PictureFrames(_picture_paths(video, metadata)),
            masks=masks(video),
            scored=tuple(number - 1 for number in sorted(numbers)) if with_masks else (),
        )
        for name, (video, numbers) in _read_metadata(root).items()
    ]


def image_id(expression: BenchmarkExpression, t: int) -> str:
    """Return what MTTR's results in COCO's format call frame ``t`` of a video."""
    return f"v_{expression.sequence}_f_{t + 1}"


def prepare_jhmdb_sentences(root: Path) -> str:
    """Choose the frames that count where MTTR's list of them is absent; return what was done.

    Draws three frames of each video that have masks, from the video's name, so that every copy of
    the benchmark gets the same. Leaves a list that is there as it is.

    Raises:
        UserError: the benchmark's files can't be read, or ``root`` can't be written to.
    """
    root = Path(root)
    metadata = root / METADATA
    if metadata.is_file():
        return f"{metadata} is there and stays as it is."
    pictures = _videos_in(root / "Rename_Images")
    masks = _videos_in(root / "puppet_mask")
    rows = []
    for video, query in read_table(root / "jhmdb_annotation.txt", _COLUMNS, BENCHMARK):
        if video not in pictures or video not in masks:
            place = root / ("Rename_Images" if video not in pictures else "puppet_mask")
            raise UserError(
                f"{place} has no ACTION/{video}, yet jhmdb_annotation.txt beside it describes that "
                f"video: unpack {BENCHMARK} again."
            )
        mask_file = masks[video] / "puppet_mask.mat"
        with_picture = sum(path.suffix == ".png" for path in pictures[video].iterdir())
        frame_count = min(with_picture, count_masks(mask_file))
        # Only random() itself is promised to give the same numbers in every version of Python.
        generator = random.Random(video)
        shuffled = sorted(range(1, frame_count + 1), key=lambda _: generator.random())
        rows += [
            [
                video,
                _as_mttr_has_it(pictures[video] / f"{number:05d}.png", root),
                _as_mttr_has_it(mask_file, root),
                frame_count,
                query,
            ]
            for number in sorted(shuffled[:_DRAWN])
        ]
    try:
        with whole_file(metadata) as part:
            part.write_text(json.dumps(rows), encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{metadata} can't be written ({error.strerror}): make the folder writable, for the "
            "list of the frames that count belongs there."
        ) from error
    return (
        f"{metadata} was written: {len(rows)} frames, drawn anew, so that scores compare with "
        "published ones only roughly; MTTR's file of that name has theirs."
    )


def _read_metadata(root: Path) -> dict[str, tuple[_Video, list[int]]]:
    """Return, by its name, what the list says of each video, and the frames of it that count."""
    metadata = require_folder(root, BENCHMARK) / METADATA
    if not metadata.is_file():
        raise UserError(
            f"{metadata} is missing, which says what frames count: copy MTTR's file of that name "
            f"there, or run 'slvp data prepare jhmdb-sentences {root}' to draw three frames of "
            "each video, though scores then compare with published ones only roughly."
        )
    listed: dict[str, tuple[_Video, list[int]]] = {}
    try:
        for row in read_json(metadata, BENCHMARK):
            name, video, number = _parse_row(row, root)
            known, numbers = listed.setdefault(name, (video, []))
            if known != video or number in numbers:
                raise ValueError(f"rows of {name} contradict each other or stand there twice")
            numbers.append(number)
        if not listed:
            raise ValueError("it is empty")
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{metadata} doesn't read as MTTR's list of frames ({error}): copy the file of that "
            "name from MTTR's repository again."
        ) from error
    return listed


def _parse_row(row: Any, root: Path) -> tuple[str, _Video, int]:
    """Return the name of a video, what is said of it, and the number of a frame that counts."""
    match row:
        case [str(name), str(picture), str(mask_file), int(frame_count), str(text)]:
            *_, action, folder, picture_name = PurePosixPath("/-/-", picture).parts
            number = int(PurePosixPath(picture_name).stem)
            if folder != name or not 1 <= number <= frame_count:
                raise ValueError(f"{picture} is none of the {frame_count} frames of {name}")
            video = _Video(
                pictures=root / "Rename_Images" / action / name,
                mask_file=root.joinpath("puppet_mask", *PurePosixPath(mask_file).parts[-3:]),
                frame_count=frame_count,
                text=one_line(text),
            )
            return name, video, number
    raise ValueError(f"{row!r} is no row of five values")


def _picture_paths(video: _Video, metadata: Path) -> tuple[Path, ...]:
    there = {path.name for path in require_folder(video.pictures, BENCHMARK).iterdir()}
    names = [f"{number:05d}.png" for number in range(1, video.frame_count + 1)]
    for name in names:
        if name not in there:
            raise UserError(
                f"{video.pictures / name} is missing, yet {metadata} counts {video.frame_count} "
                f"frames of that video: unpack {BENCHMARK} again."
            )
    return tuple(video.pictures / name for name in names)


def _videos_in(folder: Path) -> dict[str, Path]:
    """Return the folders ``ACTION/VIDEO`` within a folder, by the video's name."""
    actions = [path for path in require_folder(folder, BENCHMARK).iterdir() if path.is_dir()]
    return {video.name: video for action in actions for video in action.iterdir()}


def _as_mttr_has_it(path: Path, root: Path) -> str:
    return f"./jhmdb_sentences/{path.relative_to(root).as_posix()}"
