"""Writes a submission as the answers come, one frame at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np

from slvp.data.benchmarks.records import Group
from slvp.data.rle import encode_rle
from slvp.errors import UserError
from slvp.evaluation.answers import Answer, Candidate, IdMapAnswer, MaskAnswer
from slvp.evaluation.predictions.composing import asked_frames, frame_size
from slvp.evaluation.predictions.layouts import Layout
from slvp.evaluation.predictions.results import ImageName
from slvp.evaluation.submission.forms import Form, form_of
from slvp.evaluation.submission.png import grey_png, indexed_png
from slvp.files import whole_file
from slvp.types import BoolArray

Answered = Iterable[tuple[Group, Iterable[Answer]]]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file knows: same masks, same bytes


def write_submission(out: Path, benchmark: str, groups: Answered) -> None:
    """Write the file that a benchmark's server takes, whole or not at all.

    Answers for frames that an expression isn't asked of are left out.

    Args:
        out: a .zip, or for A2D-Sentences and JHMDB-Sentences a .json; replaced if it is there.
        benchmark: as the command line names it.
        groups: all expressions of a sequence, and the answers to them; taken in turn.

    Raises:
        UserError: ``out`` can't be written there, or should end in another way.
    """
    form = check_target(out, benchmark)
    try:
        with whole_file(out) as part:
            if isinstance(form, Layout):
                _write_pictures(part, form, groups)
            else:
                _write_results(part, form, groups)
    except OSError as error:
        raise UserError(
            f"{out} can't be written ({error.strerror}): make room, or name another file."
        ) from error


def check_target(out: Path, benchmark: str) -> Form:
    """Return what ``out`` must become for a benchmark, before the work that fills it.

    Raises:
        UserError: it should end in another way, or its folder isn't there.
    """
    form = form_of(benchmark, out)
    if not out.parent.is_dir():
        raise UserError(
            f"{out.parent} is no folder: make it first, or choose another for the file."
        )
    return form


def _write_pictures(out: Path, layout: Layout, groups: Answered) -> None:
    with ZipFile(out, "w") as archive:
        for group, answers in groups:
            for folder, t, png in _pictures(layout, group, answers):
                info = ZipInfo(f"{folder}/{group[0].frames.names[t]}.png", _EPOCH)
                info.create_system = 3  # Unix, wherever it is written
                info.external_attr = 0o644 << 16
                archive.writestr(info, png)


def _pictures(
    layout: Layout, group: Group, answers: Iterable[Answer]
) -> Iterator[tuple[str, int, bytes]]:
    """Yield the folder, the index of the frame and the PNG file of each mask."""

    @cache
    def empty() -> BoolArray:
        return np.zeros(frame_size(group[0].frames), np.bool_)

    asked = [frozenset(frames) for frames in asked_frames(group)]
    folders = {one.annotation_set: layout.folder(one) for one in group}
    for answer in answers:
        if isinstance(answer, IdMapAnswer):
            if any(answer.t in frames for frames in asked):
                for name, ids_HW in answer.ids.items():
                    yield folders[name], answer.t, indexed_png(ids_HW)
        else:
            for one, frames, candidates in zip(group, asked, answer.candidates, strict=True):
                if answer.t in frames:
                    mask_HW = candidates[0].mask_HW if candidates else empty()
                    yield layout.folder(one), answer.t, grey_png(mask_HW * np.uint8(255))


def _write_results(out: Path, name: ImageName, groups: Answered) -> None:
    with out.open("w", encoding="ascii", newline="\n") as file:
        before = "[\n"
        for image_id, candidate in _results(name, groups):
            entry = {
                "image_id": image_id,
                "category_id": 1,
                "segmentation": encode_rle(candidate.mask_HW),
                "score": candidate.score,
            }
            file.write(before + json.dumps(entry))
            before = ",\n"
        file.write("[]\n" if before == "[\n" else "\n]\n")


def _results(name: ImageName, groups: Answered) -> Iterator[tuple[str, Candidate]]:
    for group, answers in groups:
        asked = [frozenset(frames) for frames in asked_frames(group)]
        for answer in answers:
            assert isinstance(answer, MaskAnswer)
            for one, frames, candidates in zip(group, asked, answer.candidates, strict=True):
                if answer.t in frames:
                    for candidate in candidates:
                        yield name(one, answer.t), candidate
