"""``slvp submit``: the file that a benchmark's server takes, from a model or from masks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from slvp.data.benchmarks.records import BenchmarkExpression, Group, sequences_of
from slvp.errors import UserError
from slvp.evaluation.answers import Answer
from slvp.evaluation.benchmarks import BENCHMARKS
from slvp.evaluation.predictions import open_predictions
from slvp.evaluation.segmenting import segment_sequence
from slvp.evaluation.submission import (
    check_submission,
    check_target,
    format_check,
    write_submission,
)
from slvp.segmenter import load_segmenter


def write_file(
    benchmark: str,
    data: Path,
    out: Path | None,
    *,
    predictions: Path | None,
    model: str,
    split: str | None,
    threshold: float,
    device: str,
    size: int | None,
    quality: str,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write the file, then look it over.

    Raises:
        UserError: the data, the model or predictions, an option or ``out`` is not usable.
    """
    if out is None:
        raise UserError("name the file to make with --out, or one to validate with --check")
    if out.exists() and not overwrite:
        raise UserError(f"{out} exists; name another file, or replace it with --overwrite")
    check_target(out, benchmark)
    known = BENCHMARKS[benchmark]
    way = known.way(None)
    split = known.check_split(known.submitted_split if split is None else split)
    expressions = way.load(data, split)
    groups = sequences_of(expressions)
    kind = way.protocol.answers
    if predictions is None:
        segmenter = load_segmenter(
            model, device=device, size=size, threshold=threshold, quality=quality
        )

        def answers(group: Group) -> Iterator[Answer]:
            return segment_sequence(segmenter, group, kind)
    else:
        masks = open_predictions(predictions, kind)
        for warning in masks.check(groups):
            print(f"slvp: {warning}", file=sys.stderr)
        answers = masks.answers
    with tqdm(groups, unit="video", disable=quiet, dynamic_ncols=True) as bar:
        write_submission(out, benchmark, ((group, answers(group)) for group in bar))
    _look_over(out, benchmark, expressions)


def check_file(benchmark: str, data: Path, file: Path, *, split: str | None) -> None:
    """Say what a file for a server lacks, or that it lacks nothing.

    Raises:
        UserError: the file can't be read, or the server would not take it.
    """
    known = BENCHMARKS[benchmark]
    split = known.check_split(known.submitted_split if split is None else split)
    _look_over(file, benchmark, known.way(None).load(data, split))


def _look_over(file: Path, benchmark: str, expressions: list[BenchmarkExpression]) -> None:
    found = check_submission(file, benchmark, expressions)
    if not found.good:
        raise UserError(format_check(found))
    print(format_check(found))
