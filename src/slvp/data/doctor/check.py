"""``slvp data check``: everything about a data set that can be wrong, found in one go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.doctor.facts import FACTS, Facts
from slvp.data.doctor.findings import Findings, Problem, shortened
from slvp.data.doctor.labels import look_at_labels
from slvp.data.doctor.layout import check_layout, is_complete, splits_there
from slvp.data.doctor.videos import Seen, Video, look_at, problem_of, videos_of
from slvp.errors import UserError
from slvp.processes import process_count
from slvp.words import counted


def check_benchmark(
    name: str,
    root: Path,
    split: str | None = None,
    *,
    quick: bool = False,
    processes: int | None = None,
    progress: bool = True,
) -> Findings:
    """Look a data set over; nothing is written.

    Whatever is wrong, the check goes on: where a parser gives up, the videos that lie on the disk
    are looked at all the same. Memory holds the names of files, and one picture at a time.

    Args:
        name: of the benchmark, as on the command line.
        root: the folder that should hold it.
        split: look at this one only; by default at all that are there.
        quick: read only the heads of pictures, and don't look for objects in masks.
        processes: how many to look with; by default as many as there are processor cores.
        progress: show a bar with the time left on stderr.

    Raises:
        UserError: the benchmark has no such split.
    """
    facts = FACTS[name]
    root = Path(root)
    splits = splits_there(facts, root) if split is None else [facts.check_split(split)]
    misplaced = check_layout(facts, root, splits)
    parts = [_read(facts, root, one) for one in splits]

    look = partial(_look_at_all, quick=quick, processes=processes, progress=progress)
    seen = list(look(list(_once(video for part in parts for video in part.videos))))
    shown = [problem for part in parts for problem in part.problems]
    shown += [problem for one in seen for problem in one.problems]
    label_problems, label_notes = look_at_labels(name, facts, root, splits)
    shown += label_problems
    # A parser stops at a file that is shown among all others that have the same trouble.
    places = {one.detail if one.path is None else str(one.path) for one in shown}
    complaints = [
        part.complaint
        for part in parts
        if part.complaint and not any(place in part.complaint.detail for place in places)
    ]
    return Findings(
        title=facts.title,
        root=root,
        counts=tuple(_count(facts, part) for part in parts),
        problems=tuple(dict.fromkeys([*misplaced, *complaints, *shown])),
        notes=(*_notes(facts, parts, seen, absent_matters=split is None), *label_notes),
        layout=facts.layout if misplaced else "",
    )


@dataclass(frozen=True)
class _Part:
    """One split.

    Attributes:
        split: its name.
        expressions: what the parser returned; None if it gave up.
        complaint: why it gave up.
        videos: what there is to look at.
        problems: those that show without a look at the videos.
    """

    split: str
    expressions: list[BenchmarkExpression] | None
    complaint: Problem | None
    videos: list[Video]
    problems: list[Problem]


def _read(facts: Facts, root: Path, split: str) -> _Part:
    further = facts.look_further(root, split) if facts.look_further is not None else []
    if not is_complete(facts, root, split):
        return _Part(split, None, None, facts.found(root, split), further)
    try:
        loaded = [load(root, split) for load in (facts.load, *facts.other_loads)]
    except UserError as error:
        complaint = problem_of(error, f"{facts.title} can't be read")
        return _Part(split, None, complaint, facts.found(root, split), further)
    videos = videos_of(one for expressions in loaded for one in expressions)
    return _Part(split, loaded[0], None, videos, [*_problems_of(loaded[0], split), *further])


def _problems_of(expressions: list[BenchmarkExpression], split: str) -> Iterator[Problem]:
    again = "take the file of sentences from the published download again"
    for one in expressions:
        place = f"{split}, video {one.sequence}, expression {one.expression_id}"
        if not one.text:
            yield Problem("Sentences are empty", None, place, again)
        if not one.frames.names:
            yield Problem("Expressions have no frames", None, place, again)


def _once(videos: Iterable[Video]) -> Iterator[Video]:
    """Leave out what is in another split, too."""
    found: dict[str, Video] = {}
    for one in videos:
        if found.get(one.name) != one:
            found[one.name] = one
            yield one


def _look_at_all(
    videos: list[Video], *, quick: bool, processes: int | None, progress: bool
) -> Iterator[Seen]:
    total = sum(video.file_count for video in videos)
    # A file takes some milliseconds.
    count = process_count(processes, pieces=len(videos), work=total, worthwhile=2_000)
    look = partial(look_at, quick=quick)
    with ExitStack() as stack:
        results: Iterator[Seen] = map(look, videos)
        if count > 1:
            pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"))
            results = stack.enter_context(pool).map(look, videos)
        bar = stack.enter_context(
            tqdm(total=total, unit="file", disable=not (progress and total), dynamic_ncols=True)
        )
        for seen in results:
            bar.update(seen.file_count)
            yield seen


def _count(facts: Facts, part: _Part) -> str:
    frames = sum(len(video.frames.names) for video in part.videos)
    if part.expressions is None:
        return (
            f"{part.split}: {counted(len(part.videos), 'video')}, {counted(frames, 'frame')}, "
            "sentences not read"
        )
    masks = "" if any(video.masks for video in part.videos) else ", no masks"
    published = facts.published.get((part.split,))
    return (
        f"{part.split}: {counted(len(part.videos), 'video')}, "
        f"{counted(len(part.expressions), 'expression')}, {counted(frames, 'frame')}{masks}"
        + (f" (published: {published})" if published else "")
    )


def _notes(
    facts: Facts, parts: list[_Part], seen: list[Seen], *, absent_matters: bool
) -> Iterator[str]:
    absent = [one for one in facts.splits if one not in {part.split for part in parts}]
    if parts and absent and absent_matters:
        yield f"not there, and not looked at: {', '.join(absent)}"
    different = list(_different_counts(facts, parts))
    yield from different
    if different:
        yield "scores on a part of a benchmark don't compare with published ones"
    for part in parts:
        twice = _twice(part.expressions or [])
        if twice:
            yield f"{part.split}: sentences that stand twice: {'; '.join(shortened(twice))}"
    unseen = [one for video in seen for one in video.unseen]
    if unseen:
        yield f"described, but to be seen in no mask: {'; '.join(shortened(unseen))}"


def _different_counts(facts: Facts, parts: list[_Part]) -> Iterator[str]:
    read = {part.split: part for part in parts if part.expressions is not None}
    for splits, published in facts.published.items():
        if not read.keys() >= set(splits):
            continue
        videos = sum(len(read[one].videos) for one in splits)
        expressions = sum(len(read[one].expressions or ()) for one in splits)
        if published.videos not in (None, videos) or (
            published.expressions not in (None, expressions)
        ):
            differ = "differs" if len(splits) == 1 else "differ"
            yield f"{' and '.join(splits)} {differ} from the published {published}"


def _twice(expressions: list[BenchmarkExpression]) -> list[str]:
    """Return where a sentence is asked twice of a video, by the same annotators."""
    ids: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in expressions:
        ids[one.sequence, one.annotation_set, one.text].append(one.expression_id)
    return [
        f"video {sequence}, expressions {' and '.join(found)}, {text!r}"
        for (sequence, _, text), found in ids.items()
        if len(found) > 1
    ]
