"""Looks over a submission before a server does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slvp.data.benchmarks.records import BenchmarkExpression, Group, sequences_of
from slvp.errors import UserError
from slvp.evaluation.matching import MOST_PROPOSALS
from slvp.evaluation.predictions.composing import asked_frames, frame_size, pixels
from slvp.evaluation.predictions.files import ZipFiles
from slvp.evaluation.predictions.layouts import Layout, find_layout
from slvp.evaluation.predictions.pictures import read_png
from slvp.evaluation.predictions.results import ImageName, JsonPredictions
from slvp.evaluation.submission.forms import form_of

_NAMED = 10
"""How many of each list are shown."""


@dataclass(frozen=True)
class SubmissionCheck:
    """What a look at a submission found.

    Attributes:
        path: the file.
        files: how many files a .zip holds, or entries a .json.
        missing: names of files that should be there; of expressions without any entry in a .json.
        extra: names of files that should not; of images in a .json that nothing is asked of.
        wrong: sentences on files of another size or kind than they should be, and on the whole.
    """

    path: Path
    files: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Is there nothing to complain of?"""
        return not (self.missing or self.extra or self.wrong)


def check_submission(
    path: Path, benchmark: str, expressions: Iterable[BenchmarkExpression]
) -> SubmissionCheck:
    """Compare a file with what a benchmark's server takes; every mask is read.

    Args:
        path: a .zip, or for A2D-Sentences and JHMDB-Sentences a .json.
        benchmark: as the command line names it.
        expressions: all of the split, those of a sequence together.

    Raises:
        UserError: ``path`` can't be read, should end in another way, or has nothing of the split.
    """
    form = form_of(benchmark, path)
    if not path.is_file():
        raise UserError(f"{path} is no file: name the submission to look over.")
    groups = sequences_of(expressions)
    if isinstance(form, Layout):
        return _check_pictures(path, form, groups)
    return _check_results(path, form, groups)


def format_check(check: SubmissionCheck) -> str:
    """Return a text that tells a person what is wrong, a few names of each kind."""
    if check.good:
        return f"{check.path}: {check.files} masks, none missing, none wrong"
    parts = {"missing": check.missing, "extra": check.extra, "wrong": check.wrong}
    lines = [f"{check.path} ({check.files} masks) is not as the benchmark takes it"]
    for title, names in parts.items():
        if names:
            lines.append(f"  {title}: {len(names)}")
            lines += [f"    {name}" for name in names[:_NAMED]]
            if len(names) > _NAMED:
                lines.append(f"    and {len(names) - _NAMED} more")
    return "\n".join(lines)


def _check_pictures(path: Path, wanted: Layout, groups: Sequence[Group]) -> SubmissionCheck:
    files = ZipFiles(path)
    found = find_layout(files, groups, "masks" if wanted.sets is None else "id_maps")
    wrong = list(_wrong_layout(found, wanted, groups[0][0]))
    counts = Counter(name for name in files.all_names() if not name.endswith("/"))
    wrong += [
        f"{name} stands {count} times in the file" for name, count in counts.items() if count > 1
    ]
    expected: set[str] = set()
    missing = []
    for group in groups:
        names = _names(found, group)
        expected.update(names)
        there = [name for name in names if name in counts]
        missing += [name for name in names if name not in counts]
        size = frame_size(group[0].frames) if there else (0, 0)
        for name in there:
            wrong += _wrong_picture(files, name, size, binary=found.sets is None)
    extra = [name for name in counts if name not in expected]
    return SubmissionCheck(path, counts.total(), tuple(missing), tuple(extra), tuple(wrong))


def _wrong_layout(found: Layout, wanted: Layout, example: BenchmarkExpression) -> Iterator[str]:
    folder, expected = found.folder(example), wanted.folder(example)
    if folder != expected:
        sentence = f"masks stand in folders such as {folder}/ where the benchmark wants {expected}/"
        unwrap = found.root and not wanted.root
        yield sentence + (": zip what is in the outer folder, not that folder" if unwrap else "")


def _names(layout: Layout, group: Group) -> list[str]:
    names: dict[str, None] = {}
    for one, frames in zip(group, asked_frames(group), strict=True):
        folder = layout.folder(one)
        names.update({f"{folder}/{one.frames.names[t]}.png": None for t in frames})
    return list(names)


def _wrong_picture(
    files: ZipFiles, name: str, size: tuple[int, int], *, binary: bool
) -> Iterator[str]:
    try:
        mode, values_HW = read_png(files.read(name), name)
    except UserError as error:
        yield str(error)
        return
    if values_HW.shape != size:
        yield f"{name} is {pixels(values_HW.shape)}, its frame {pixels(size)}"
    if mode != ("L" if binary else "P"):
        expected = "8-bit grey (L)" if binary else "indexed (P)"
        yield f"{name} is of mode {mode}, expected {expected}"
    elif binary:
        other = values_HW[(values_HW != 0) & (values_HW != 255)]
        if other.size:
            yield f"{name} has the value {other[0]}, expected are 0 and 255 only"
    elif (largest := values_HW.max()) > MOST_PROPOSALS:
        yield f"{name} has the object id {largest}, expected are {MOST_PROPOSALS} at most"


def _check_results(path: Path, wanted: ImageName, groups: Sequence[Group]) -> SubmissionCheck:
    masks = JsonPredictions(path, "masks")
    wrong = []
    example = groups[0][0]
    if masks.name_of(example, 0) != wanted(example, 0):
        wrong.append(
            f"the image ids are such as {masks.name_of(example, 0)} where the benchmark wants "
            f"{wanted(example, 0)}"
        )
    for group in groups:
        size = frame_size(group[0].frames)
        for one, frames in zip(group, asked_frames(group), strict=True):
            for t in frames:
                try:
                    masks.candidates(one, t, size)
                except UserError as error:
                    wrong.append(str(error))
    missing, extra = masks.silent(groups), masks.unknown(groups)
    return SubmissionCheck(path, masks.count, tuple(missing), tuple(extra), tuple(wrong))
