"""Ref-YouTube-VOS, and whatever else is written in its layout, as the embedded world is.

Source: Seo, Lee and Han, "URVOS: Unified Referring Video Object Segmentation Network with a
Large-Scale Benchmark", ECCV 2020. Layout::

    ROOT/SPLIT/JPEGImages/VIDEO/00000.jpg ...
    ROOT/SPLIT/Annotations/VIDEO/00000.png ...              palette masks; not for valid and test
    ROOT/meta_expressions/SPLIT/meta_expressions.json

The JSON file reads ``{"videos": {VIDEO: {"expressions": {"0": {"exp": SENTENCE, "obj_id": "1"}},
"frames": ["00000", "00005"]}}}``; valid and test have no ``obj_id``, for a server keeps the
answers. In the embedded world's export, an ``obj_id`` may name several objects (``"1,2"``), and an
empty one says that the sentence describes nothing in the video.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slvp.data.benchmarks.files import read_json, require_file, require_folder
from slvp.data.benchmarks.frames import PictureFrames
from slvp.data.benchmarks.masks import PaletteMasks
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.errors import UserError

BENCHMARK = "Ref-YouTube-VOS"


def load_ref_youtube_vos(root: Path, split: str) -> list[BenchmarkExpression]:
    """Read the expressions of a split, video by video in the order of the JSON file.

    Args:
        root: the folder with ``meta_expressions`` and the split's own folder in it.
        split: name of the split's folder: ``train``, ``valid`` or ``test``.

    Raises:
        UserError: a file or folder is missing or the JSON file doesn't read as said above.
    """
    root = Path(root)
    meta = root / "meta_expressions" / split / "meta_expressions.json"
    content = read_json(meta, BENCHMARK)
    try:
        parsed = [(name, *_parse_video(video)) for name, video in content["videos"].items()]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{meta} doesn't read as the expressions of {BENCHMARK} ({type(error).__name__}: "
            f"{error}): unpack it again."
        ) from error

    frames_folder = require_folder(root / split / "JPEGImages", BENCHMARK)
    masks_folder = root / split / "Annotations"
    expressions = []
    for video, frames, sentences in parsed:
        frame_paths = tuple(frames_folder / video / f"{frame}.jpg" for frame in frames)
        mask_paths = tuple(masks_folder / video / f"{frame}.png" for frame in frames)
        for path in frame_paths:
            require_file(path, meta, BENCHMARK)
        has_masks = masks_folder.is_dir() and any(ids is not None for _, _, ids in sentences)
        if has_masks:
            for path in mask_paths:
                require_file(path, meta, BENCHMARK)
        picture_frames, palette_masks = PictureFrames(frame_paths), PaletteMasks(mask_paths)
        for expression_id, text, object_ids in sentences:
            # Without an answer a mask is no use: valid has first-frame masks of YouTube-VOS.
            answered = has_masks and object_ids is not None
            expressions.append(
                BenchmarkExpression(
                    sequence=video,
                    expression_id=expression_id,
                    text=text,
                    object_ids=object_ids or (),
                    annotation_set="",
                    frames=picture_frames,
                    masks=palette_masks if answered else None,
                    scored=tuple(range(len(frames))) if answered else (),
                )
            )
    return expressions


def _parse_video(
    video: Any,
) -> tuple[list[str], list[tuple[str, str, tuple[int, ...] | None]]]:
    """Return the frames' names and, for each expression, its id, text and objects if known."""
    sentences = []
    for expression_id, entry in video["expressions"].items():
        named = entry.get("obj_id")
        object_ids: tuple[int, ...] | None = None
        if named is not None:
            object_ids = tuple(int(number) for number in named.split(",") if number)
        sentences.append((expression_id, entry["exp"].strip(), object_ids))
    return video["frames"], sentences
