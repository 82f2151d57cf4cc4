"""Ref-YouTube-VOS, and the embedded world, which is written in its layout.

Source: Seo, Lee and Han, "URVOS: Unified Referring Video Object Segmentation Network with a
Large-Scale Benchmark", ECCV 2020. Layout::

    ROOT/SPLIT/JPEGImages/VIDEO/00000.jpg ...
    ROOT/SPLIT/Annotations/VIDEO/00000.png ...              palette masks; not for valid and test
    ROOT/meta_expressions/SPLIT/meta_expressions.json

The splits are ``train`` (3471 videos), ``valid`` (202) and ``test`` (305). The published file of
``valid`` names the 507 videos of both; those that the file of ``test`` names are left out of it.
The frames of ``test`` may lie in its own folder or in that of ``valid``.

In ``train``, an expression of ``meta_expressions.json`` also has an ``"obj_id": "1"``, a value of
the masks; valid and test have none, for a server keeps the answers. In the embedded world's export,
an ``obj_id`` may name several objects (``"1,2"``), and an empty one says that the sentence
describes nothing in the video.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slvp.data.benchmarks.files import require_folder
from slvp.data.benchmarks.frames import PictureFrames
from slvp.data.benchmarks.masks import VOID, PaletteMasks
from slvp.data.benchmarks.meta_expressions import (
    Video,
    expressions_of,
    read_meta_expressions,
    require_pictures,
)
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.errors import UserError

BENCHMARK = "Ref-YouTube-VOS"
WORLD = "the embedded world"


def load_ref_youtube_vos(
    root: Path, split: str, *, with_masks: bool = True
) -> list[BenchmarkExpression]:
    """Read the expressions of a split, video by video in the order of the JSON file.

    Args:
        root: the folder with ``meta_expressions`` and the splits' own folders in it.
        split: ``train``, ``valid`` or ``test``.
        with_masks: if not, no mask file is looked at: there are no masks, and no frame is scored.

    Raises:
        UserError: a file or folder is missing or the JSON file doesn't read as said above.
    """
    root = Path(root)
    answers = objects_of if split == "train" else None
    videos = read_meta_expressions(_meta(root, split), BENCHMARK, answers)
    frames_folder = root / split / "JPEGImages"
    if split == "valid":
        of_test = _names_of_test_videos(root)
        videos = [video for video in videos if video.name not in of_test]
    if split == "test" and not frames_folder.is_dir():
        frames_folder = root / "valid" / "JPEGImages"
    answered = split == "train" and with_masks
    masks_folder = root / split / "Annotations" if answered else None
    return load_videos(_meta(root, split), BENCHMARK, videos, frames_folder, masks_folder)


def load_world(
    root: Path, split: str = "test", *, with_masks: bool = True
) -> list[BenchmarkExpression]:
    """Read an export of the embedded world.

    Args:
        root: the folder that the world was written to.
        split: the name that it was given.
        with_masks: if not, no mask file is looked at: there are no masks, and no frame is scored.

    Raises:
        UserError: a file or folder is missing or the JSON file doesn't read as said above.
    """
    root = Path(root)
    videos = read_meta_expressions(_meta(root, split), WORLD, objects_of)
    folder = root / split
    masks_folder = folder / "Annotations" if with_masks else None
    return load_videos(_meta(root, split), WORLD, videos, folder / "JPEGImages", masks_folder)


def objects_of(entry: dict[str, Any]) -> tuple[int, ...]:
    """Return the objects that an expression names.

    Raises:
        ValueError: what it names are no objects; the message ends a sentence.
    """
    named = entry.get("obj_id")
    if named is None:
        raise ValueError('has no "obj_id"')
    numbers = [number.strip() for number in str(named).split(",")] if named != "" else []
    if not all(number.isdecimal() and 0 < int(number) < VOID for number in numbers):
        raise ValueError(f'has the "obj_id" {named!r}, which names no objects from 1 to 254')
    if len(set(numbers)) < len(numbers):
        raise ValueError(f'has the "obj_id" {named!r}, which names an object twice')
    return tuple(int(number) for number in numbers)


def _meta(root: Path, split: str) -> Path:
    return root / "meta_expressions" / split / "meta_expressions.json"


def _names_of_test_videos(root: Path) -> set[str]:
    path = _meta(root, "test")
    if not path.is_file():
        raise UserError(
            f"{path} is missing, yet only it tells the test videos from the validation videos, "
            f"which {_meta(root, 'valid')} names together: copy it from a download that has it "
            '(or write {"videos": {}} to it if your file of valid names the 202 validation videos '
            "alone)."
        )
    return {video.name for video in read_meta_expressions(path, BENCHMARK, None)}


def load_videos(
    meta: Path, benchmark: str, videos: list[Video], frames_folder: Path, masks_folder: Path | None
) -> list[BenchmarkExpression]:
    """Find the frames and masks of videos, for this and other benchmarks in the same layout.

    Args:
        meta: the file that names the videos, for messages.
        benchmark: its name, for messages.
        videos: what the file says.
        frames_folder: folder of the videos' folders of ``.jpg`` files.
        masks_folder: the same for ``.png`` files; None where there are to be no masks.

    Raises:
        UserError: a folder, a frame or a mask is missing.
    """
    require_folder(frames_folder, benchmark)
    expressions = []
    for video in videos:
        frames = require_pictures(frames_folder / video.name, video.frames, ".jpg", meta, benchmark)
        masks = None
        if masks_folder is not None:
            masks = PaletteMasks(
                require_pictures(masks_folder / video.name, video.frames, ".png", meta, benchmark)
            )
        expressions += expressions_of(video, PictureFrames(frames), masks)
    return expressions
