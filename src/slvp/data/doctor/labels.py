"""Files of labels beside a benchmark's own: do they read, and do they fit its videos?"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import get_args

from slvp.data.benchmarks.records import Frames, sequences_of
from slvp.data.doctor.facts import Facts
from slvp.data.doctor.findings import Problem
from slvp.data.doctor.videos import problem_of
from slvp.data.labels.files import count_labels, label_file, read_labels
from slvp.data.labels.kinds import WeakKind
from slvp.data.labels.loading import frame_names, is_labelled, load_unmasked
from slvp.errors import UserError
from slvp.words import counted


def look_at_labels(
    name: str, facts: Facts, root: Path, splits: Collection[str]
) -> tuple[list[Problem], list[str]]:
    """Read the files in ``ROOT/labels`` that are about some splits.

    Args:
        name: of the benchmark, as on the command line.
        facts: of the benchmark.
        root: its folder.
        splits: those to look at.

    Returns:
        What is wrong, and a note on each file that can be read.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    known = {
        label_file(root, split, kind): (split, kind)
        for split in facts.splits
        for kind in get_args(WeakKind)
    }
    for path in sorted((root / "labels").glob("*.json")):
        if path not in known:
            mend = f"name it SPLIT-KIND.json, such as {facts.splits[0]}-box.json, or move it away"
            problems.append(Problem("Labels of no known split or kind", path, "", mend))
            continue
        split, kind = known[path]
        if split in splits:
            try:
                notes.append(_look_at_file(path, name, facts, root, split, kind, problems))
            except UserError as error:
                problems.append(problem_of(error, "Labels can't be read", path))
    return problems, notes


def _look_at_file(
    path: Path,
    name: str,
    facts: Facts,
    root: Path,
    split: str,
    kind: WeakKind,
    problems: list[Problem],
) -> str:
    expressions = load_unmasked(facts, root, split)
    labels = read_labels(path, name, split, kind, frame_names(expressions))
    for group in sequences_of(expressions):
        video = group[0].sequence
        size = _size(group[0].frames) if video in labels else None
        if size is not None and labels[video].size != size:
            height, width = size
            problems.append(
                Problem(
                    "Labels are not of the size of their frames",
                    path,
                    f'video {video} has frames of {width} x {height} pixels, so that "size" should '
                    f"be [{height}, {width}]",
                    "label frames of the size that the benchmark has",
                )
            )
    others = sum(not is_labelled(one, labels) for one in expressions)
    without = f"; {counted(others, 'expression')} about what it doesn't have" if others else ""
    return f"labels/{path.name}: {count_labels(labels)}{without}"


def _size(frames: Frames) -> tuple[int, int] | None:
    """Return the height and width of a video's first frame; None if it can't be read."""
    try:
        (frame_HWC,) = frames.read((0,))
    except UserError:  # which is told of the frame itself
        return None
    height, width, _ = frame_HWC.shape
    return height, width
