"""``slvp score``: the scores of masks that any program wrote."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import cv2
from tqdm import tqdm

from slvp.apps.commands.scoring_output import CONTENTS, SCORES, Asked, show_and_write
from slvp.apps.output import output_folder
from slvp.data.benchmarks.records import Group, sequences_of
from slvp.evaluation.benchmarks import BENCHMARKS
from slvp.evaluation.evaluate import require_masks, score_sequence
from slvp.evaluation.predictions import Predictions, open_predictions
from slvp.evaluation.protocols import Protocol
from slvp.evaluation.store import ScoreStore, SequenceScores
from slvp.models.device import keep_freed_memory
from slvp.processes import check_processes, process_count


def score_predictions(
    benchmark: str,
    data: Path,
    predictions: Path,
    out: Path | None,
    *,
    split: str | None,
    protocol: str | None,
    processes: int | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Score masks, print a table and, where ``out`` is given, make it with card and report.

    Raises:
        UserError: the data, the predictions, an option or ``out`` is not usable.
    """
    check_processes(processes)
    known = BENCHMARKS[benchmark]
    way = known.way(protocol)
    split = known.check_split(known.scored_split if split is None else split)
    expressions = way.load(data, split)
    require_masks(expressions, split)
    groups = sequences_of(expressions)
    masks = open_predictions(predictions, way.protocol.answers)
    for warning in masks.check(groups):
        print(f"slvp: {warning}", file=sys.stderr)
    count = process_count(
        processes,
        pieces=len(groups),
        work=sum(len(one.scored) for one in expressions),
        worthwhile=20_000,  # masks, of a quarter of a millisecond each
    )
    keep_freed_memory()
    with ExitStack() as stack:
        if out is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slvp-")))
        else:
            folder = stack.enter_context(output_folder(out, CONTENTS, overwrite))
        (folder / SCORES).mkdir()
        store = ScoreStore(folder / SCORES)
        results: Iterator[SequenceScores]
        if count == 1:
            results = (score_sequence(masks, group, way.protocol) for group in groups)
        else:
            pool = ProcessPoolExecutor(
                count,
                mp_context=get_context("spawn"),  # forked, OpenCV's threads could hang
                initializer=_start_worker,
                initargs=(predictions, way.protocol),
            )
            # Interrupted, it waits for what is being scored, and not for all.
            stack.callback(pool.shutdown, cancel_futures=True)
            results = pool.map(_score, groups)
        bar = tqdm(results, total=len(groups), unit="video", disable=quiet, dynamic_ncols=True)
        for one in bar:
            store.add(one)  # on disk, so that memory doesn't grow with the number of sequences
        show_and_write(
            None if out is None else folder,
            [store.read(group[0].sequence) for group in groups],
            expressions,
            way.protocol,
            Asked(benchmark, split, data, processes=count),
            predictions=str(predictions.resolve()),
        )


# What a worker process scores by: made once in each, for open files don't travel.
_masks: Predictions
_protocol: Protocol


def _start_worker(predictions: Path, protocol: Protocol) -> None:
    global _masks, _protocol
    cv2.setNumThreads(1)
    keep_freed_memory()
    _protocol = protocol
    _masks = open_predictions(predictions, protocol.answers)


def _score(group: Group) -> SequenceScores:
    return score_sequence(_masks, group, _protocol)
