"""The benchmarks that can be trained on, by the name on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from slvp.data.benchmarks.a2d_sentences import load_a2d_sentences
from slvp.data.benchmarks.mevis import load_mevis
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.benchmarks.ref_davis17 import load_ref_davis17
from slvp.data.benchmarks.ref_youtube_vos import load_ref_youtube_vos
from slvp.data.benchmarks.visor import load_visor

TRAINING_SPLIT = "train"
"""What each of them calls it. JHMDB-Sentences is for testing only."""

TRAINED_ON: dict[str, Callable[[Path, str], list[BenchmarkExpression]]] = {
    "ref-davis17": load_ref_davis17,
    "ref-youtube-vos": load_ref_youtube_vos,
    "mevis": load_mevis,
    "a2d-sentences": load_a2d_sentences,
    "visor": load_visor,
}
