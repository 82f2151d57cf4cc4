"""``slvp evaluate``: a model's scores on a benchmark, by the benchmark's own protocol."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from slvp.apps.commands.world import WORLD_SPLIT
from slvp.apps.output import output_folder
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.benchmarks.ref_davis17 import load_ref_davis17
from slvp.data.benchmarks.ref_youtube_vos import load_ref_youtube_vos
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
    overwrite: bool,
    quiet: bool,
) -> None:
    """Score a model, print a table and, where ``out`` is given, make it with ``result.json`` in it.

    Raises:
        UserError: the data, the model, an option or ``out`` is not usable.
    """
    load, protocol = BENCHMARKS[benchmark]
    expressions = load(data)
    segmenter = Segmenter.from_pretrained(model, device=device, size=size, threshold=threshold)
    with ExitStack() as stack:
        # Made now: that it can't be should be told before hours of work.
        folder = stack.enter_context(output_folder(out, (CARD,), overwrite)) if out else None
        evaluation = evaluate(segmenter, expressions, protocol, progress=not quiet)
        card = make_card(
            evaluation,
            benchmark=benchmark,
            data=data,
            model=model,
            size=segmenter.size,
            window=segmenter.window,
            presence_threshold=segmenter.presence_threshold,
            device=str(segmenter.device),
            command=shlex.join(["slvp", *sys.argv[1:]]),
        )
        print(format_table(card), flush=True)  # first: a disk may have filled up by now
        if folder is not None:
            write_card(card, folder / CARD)
