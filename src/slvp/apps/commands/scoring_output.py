"""What ``slvp evaluate`` and ``slvp score`` show and write at the end."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.evaluation.card import format_table, make_card, write_card
from slvp.evaluation.protocols import Protocol
from slvp.evaluation.report import write_report
from slvp.evaluation.store import SequenceScores

CARD, REPORT, SCORES = "result.json", "report.html", "scores"
CONTENTS = (CARD, REPORT, SCORES)

SEED = 0
"""A model's random numbers start from it; those that slvp trains draw none when they segment."""


@dataclass(frozen=True)
class Asked:
    """What the user asked to have scored, by how many processes."""

    benchmark: str
    split: str
    data: Path
    processes: int


def show_and_write(
    folder: Path | None,
    sequences: Sequence[SequenceScores],
    expressions: Sequence[BenchmarkExpression],
    protocol: Protocol,
    asked: Asked,
    *,
    model: str | None = None,
    predictions: str | None = None,
    config: dict[str, Any] | None = None,
    parameters: dict[str, Any] | None = None,
    device: str | None = None,
) -> None:
    """Print the table and, where there is a folder, write card and report into it."""
    scores = [one for sequence in sequences for one in sequence.scores]
    card = make_card(
        protocol.summarise(scores),
        scores,
        protocol,
        benchmark=asked.benchmark,
        split=asked.split,
        data=asked.data,
        model=model,
        predictions=predictions,
        config=config,
        parameters=parameters,
        seed=SEED if model else None,
        device=device,
        processes=asked.processes,
        seconds=sum(one.seconds for one in sequences),
        frames=sum(one.frames for one in sequences),
        command=shlex.join(["slvp", *sys.argv[1:]]),
    )
    print(format_table(card), flush=True)  # first: a disk may have filled up by now
    if folder is not None:
        write_card(card, folder / CARD)
        write_report(card, scores, expressions, folder / REPORT)
