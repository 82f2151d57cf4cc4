"""``meta_expressions.json``: sentences by video, as Ref-YouTube-VOS began it and others took it up.

The file reads ``{"videos": {VIDEO: {"expressions": {"0": {"exp": SENTENCE, ...}}, "frames":
["00000", "00005"]}}}``. How an expression names its objects is each benchmark's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slvp.data.benchmarks.files import read_json, require_file, typed
from slvp.data.benchmarks.records import BenchmarkExpression, Frames, Masks
from slvp.errors import UserError

ObjectsOf = Callable[[dict[str, Any]], tuple[int, ...]]
"""Reads the objects out of the entry of an expression. Its ``ValueError`` ends a sentence."""


@dataclass(frozen=True)
class Sentence:
    """One expression of a video."""

    expression_id: str
    text: str
    object_ids: tuple[int, ...]


@dataclass(frozen=True)
class Video:
    """The names of a video's frames, and its expressions in the order of the file."""

    name: str
    frames: tuple[str, ...]
    sentences: tuple[Sentence, ...]


def read_meta_expressions(path: Path, benchmark: str, objects_of: ObjectsOf | None) -> list[Video]:
    """Read a file of expressions, in its order.

    Args:
        path: the file.
        benchmark: its name, for messages.
        objects_of: says which objects an expression describes; None where the benchmark keeps it to
            itself.

    Raises:
        UserError: the file is missing or doesn't read as said above.
    """
    content = read_json(path, benchmark)
    try:
        entries = typed(typed(content, dict, "the file").get("videos"), dict, '"videos"')
        return [_parse_video(name, entry, objects_of) for name, entry in entries.items()]
    except ValueError as error:
        raise UserError(
            f"{path} doesn't read as the expressions of {benchmark}, for {error}: download or "
            "unpack it again."
        ) from error


def require_pictures(
    folder: Path, names: Sequence[str], suffix: str, named_in: Path, benchmark: str
) -> tuple[Path, ...]:
    """Return the paths of a video's pictures, all of which are there.

    Raises:
        UserError: one is missing, though the file ``named_in`` names it.
    """
    # One look at the folder: a benchmark has hundreds of thousands of frames.
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    paths = tuple(folder / f"{name}{suffix}" for name in names)
    for path in paths:
        if path.name not in there:
            require_file(path, named_in, benchmark)
    return paths


def expressions_of(video: Video, frames: Frames, masks: Masks | None) -> list[BenchmarkExpression]:
    """Return the records of a video's sentences; every frame is scored if there are masks."""
    return [
        BenchmarkExpression(
            sequence=video.name,
            expression_id=sentence.expression_id,
            text=sentence.text,
            object_ids=sentence.object_ids,
            annotation_set="",
            frames=frames,
            masks=masks,
            scored=() if masks is None else tuple(range(len(video.frames))),
        )
        for sentence in video.sentences
    ]


def _parse_video(name: str, content: Any, objects_of: ObjectsOf | None) -> Video:
    content = typed(content, dict, f"video {name}")
    frames = typed(content.get("frames"), list, f'"frames" of video {name}')
    for frame in frames:
        typed(frame, str, f"a name of a frame of video {name}")
    if not frames:
        raise ValueError(f"video {name} has no frame")
    if len(set(frames)) < len(frames):
        raise ValueError(f"video {name} names a frame twice")

    sentences = []
    expressions = typed(content.get("expressions"), dict, f'"expressions" of video {name}')
    for expression_id, entry in expressions.items():
        place = f"expression {expression_id} of video {name}"
        entry = typed(entry, dict, place)
        text = typed(entry.get("exp"), str, f'"exp" of {place}').strip()
        try:
            object_ids = objects_of(entry) if objects_of is not None else ()
        except ValueError as error:
            raise ValueError(f"{place} {error}") from error
        sentences.append(Sentence(expression_id, text, object_ids))
    return Video(name, tuple(frames), tuple(sentences))
