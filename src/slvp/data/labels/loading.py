"""A benchmark's expressions with labels of any kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from slvp.data.benchmarks.catalog import CATALOG, Entry
from slvp.data.benchmarks.records import BenchmarkExpression, sequences_of
from slvp.data.labels.files import label_file, read_labels
from slvp.data.labels.kinds import Supervision
from slvp.data.labels.records import SENTENCE_ONLY, VideoLabels
from slvp.data.labels.weaken import weaken_videos
from slvp.errors import UserError


def load_labelled(
    name: str,
    root: Path,
    split: str,
    kind: Supervision,
    *,
    processes: int | None = None,
    progress: bool = False,
) -> list[BenchmarkExpression]:
    """Read the expressions of a benchmark's split with labels of one kind.

    With ``mask``, they are what the benchmark's parser returns. With any other kind they have
    ``labels`` instead of ``masks``; no frame is ``scored``, for any frame of the video may be
    looked at, and ``labels.labelled`` tells of which ones something is known.

    Boxes, points and first masks are those of the file ``ROOT/labels/SPLIT-KIND.json``; mask files
    are then not looked at. Sentences about an object of which the file says nothing, or in a video
    that it doesn't have, are left out. Where there is no such file, the labels are made from the
    masks.

    Args:
        name: of the benchmark, as on the command line.
        root: the folder that holds it.
        split: one of its splits.
        kind: what is to be known of the objects.
        processes: how many videos' masks to look at at a time, see ``weaken_videos``.
        progress: show a bar with the time left on stderr as masks are looked at.

    Raises:
        UserError: the benchmark or the file of labels can't be read, there are neither labels nor
            masks, or the benchmark keeps it to itself which objects the split's sentences describe.
    """
    entry, root = CATALOG[name], Path(root)
    if kind == "mask":
        return entry.load(root, split)
    if kind == "sentence":
        expressions = load_unmasked(entry, root, split)
        labels = dict.fromkeys((one.sequence for one in expressions), SENTENCE_ONLY)
    elif (path := label_file(root, split, kind)).is_file():
        everything = load_unmasked(entry, root, split)
        labels = read_labels(path, name, split, kind, frame_names(everything))
        expressions = [one for one in everything if is_labelled(one, labels)]
        if not expressions:
            raise UserError(
                f"{path} has labels of no object that a sentence of {split} describes: add some, "
                "or move the file away."
            )
    else:
        expressions = _load_to_weaken(entry, root, split, path)
        labels = weaken_videos(expressions, kind, processes=processes, progress=progress)
    return [replace(one, masks=None, scored=(), labels=labels[one.sequence]) for one in expressions]


def load_masked(entry: Entry, root: Path, split: str) -> list[BenchmarkExpression]:
    """Read the expressions of a split with masks, from which labels can be made.

    Raises:
        UserError: a file is missing or broken, or the benchmark keeps the masks to itself.
    """
    return _require_objects(entry.load(root, split), entry, split)


def load_unmasked(entry: Entry, root: Path, split: str) -> list[BenchmarkExpression]:
    """Read the expressions of a split whose objects are known, without a look at mask files.

    Raises:
        UserError: a file is missing or broken, or the benchmark keeps the objects to itself.
    """
    return _require_objects(entry.load(root, split, with_masks=False), entry, split)


def frame_names(expressions: Iterable[BenchmarkExpression]) -> dict[str, tuple[str, ...]]:
    """Return the names of frames by the video's name."""
    return {group[0].sequence: group[0].frames.names for group in sequences_of(expressions)}


def is_labelled(expression: BenchmarkExpression, labels: Mapping[str, VideoLabels]) -> bool:
    """Whether something is known of all objects of an expression, if only that they aren't seen."""
    video = labels.get(expression.sequence)
    return video is not None and all(
        one in video.frames and (video.frames[one] or video.labelled)
        for one in expression.object_ids
    )


def _load_to_weaken(
    entry: Entry, root: Path, split: str, label_path: Path
) -> list[BenchmarkExpression]:
    try:
        return load_masked(entry, root, split)
    except UserError as error:
        load_unmasked(entry, root, split)  # complains of what has nothing to do with masks
        raise UserError(
            f"{label_path} is not there, and its labels can't be made from masks either, for "
            f"{error}"
        ) from error


def _require_objects(
    expressions: list[BenchmarkExpression], entry: Entry, split: str
) -> list[BenchmarkExpression]:
    if not any(one.object_ids for one in expressions):
        raise UserError(
            f"{entry.title} keeps it to itself which objects the sentences of {split} describe, so "
            "that nothing can be labelled: choose another split."
        )
    return expressions
