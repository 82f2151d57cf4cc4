"""``slvp evaluate``: a model's scores on a benchmark, by the benchmark's own protocol."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from slvp.apps.commands.world import WORLD_SPLIT
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.benchmarks.ref_davis17 import load_ref_davis17
from slvp.data.benchmarks.ref_youtube_vos import load_ref_youtube_vos
from slvp.errors import UserError
from slvp.evaluation.evaluate import evaluate
from slvp.evaluation.protocols import PER_EXPRESSION, REF_DAVIS17_FIXED, Protocol
from slvp.evaluation.report import format_table, make_card, write_card
from slvp.segmenter import Segmenter

BENCHMARKS: dict[str, tuple[Callable[[Path], list[BenchmarkExpression]], Protocol]] = {
    "ref-davis17": (load_ref_davis17, REF_DAVIS17_FIXED),
    "world": (partial(load_ref_youtube_vos, split=WORLD_SPLIT), PER_EXPRESSION),
}
"""Name on the command line -> parser of the benchmark's folder, and protocol."""

CARD = "result.json"


def evaluate_benchmark(
    benchmark: str,
    data: Path,
    out: Path | None,
    *,
    model: str,
    threshold: float,
    device: str,
    size: int | None,
    quiet: bool,
) -> str:
    """Score a model, write ``result.json`` into the folder ``out`` if given, return a table.

    Raises:
        UserError: the data, the model, an option or ``out`` is not usable.
    """
    load, protocol = BENCHMARKS[benchmark]
    expressions = load(data)
    segmenter = Segmenter.from_pretrained(model, device=device, size=size, threshold=threshold)
    if out is not None:
        # Before hours of work, not after.
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{out}: can't be made ({error.strerror}); name another folder as --out"
            ) from error
    evaluation = evaluate(segmenter, expressions, protocol, progress=not quiet)
    card = make_card(
        evaluation,
        benchmark=benchmark,
        model=model,
        size=segmenter.size,
        device=str(segmenter.device),
        command=shlex.join(["slvp", *sys.argv[1:]]),
    )
    if out is not None:
        write_card(card, out / CARD)
    return format_table(card)
