"""Every benchmark by its name: who reads it, and by which protocols it is scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slvp.data.benchmarks.a2d_sentences import load_a2d_sentences
from slvp.data.benchmarks.jhmdb_sentences import load_jhmdb_sentences
from slvp.data.benchmarks.mevis import load_mevis
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.benchmarks.ref_davis17 import load_ref_davis17
from slvp.data.benchmarks.ref_youtube_vos import load_ref_youtube_vos, load_world
from slvp.data.benchmarks.visor import load_visor
from slvp.errors import UserError
from slvp.evaluation.protocols import (
    DETECTION,
    PER_EXPRESSION,
    REF_DAVIS17_FIXED,
    REF_DAVIS17_PUBLISHED,
    REF_DAVIS17_SEMI_SUPERVISED,
    Protocol,
)

Load = Callable[[Path, str], list[BenchmarkExpression]]


@dataclass(frozen=True)
class Way:
    """A protocol, and the parser of the files that it wants."""

    protocol: Protocol
    load: Load


@dataclass(frozen=True)
class Benchmark:
    """A benchmark as the command line knows it.

    Attributes:
        title: as the field writes it.
        splits: all that there are.
        scored_split: the one to score by default.
        submitted_split: the one to write a server's file for by default.
        ways: how it is scored; the first is the default.
    """

    title: str
    splits: tuple[str, ...]
    scored_split: str
    submitted_split: str
    ways: tuple[Way, ...]

    def way(self, protocol: str | None) -> Way:
        """Return the way of a protocol's name; the default for None.

        Raises:
            UserError: the benchmark isn't scored that way.
        """
        for way in self.ways:
            if protocol in (None, way.protocol.name):
                return way
        raise UserError(
            f"--protocol {protocol}: {self.title} is scored by "
            f"{', '.join(way.protocol.name for way in self.ways)} only; leave the option out."
        )

    def check_split(self, split: str) -> str:
        """Return ``split``.

        Raises:
            UserError: there is none of that name.
        """
        if split not in self.splits:
            raise UserError(
                f"--split {split}: {self.title} has no such split; choose one of "
                f"{', '.join(self.splits)}."
            )
        return split


BENCHMARKS = {
    "ref-davis17": Benchmark(
        "Ref-DAVIS17",
        ("train", "val"),
        "val",
        "val",
        (
            Way(REF_DAVIS17_PUBLISHED, partial(load_ref_davis17, unsupervised=True)),
            Way(REF_DAVIS17_FIXED, load_ref_davis17),
            Way(REF_DAVIS17_SEMI_SUPERVISED, load_ref_davis17),
        ),
    ),
    "ref-youtube-vos": Benchmark(
        "Ref-YouTube-VOS",
        ("train", "valid", "test"),
        "train",
        "valid",
        (Way(PER_EXPRESSION, load_ref_youtube_vos),),
    ),
    "mevis": Benchmark(
        "MeViS",
        ("train", "valid_u", "valid"),
        "valid_u",
        "valid",
        (Way(PER_EXPRESSION, load_mevis),),
    ),
    "a2d-sentences": Benchmark(
        "A2D-Sentences",
        ("train", "test"),
        "test",
        "test",
        (Way(DETECTION, load_a2d_sentences),),
    ),
    "jhmdb-sentences": Benchmark(
        "JHMDB-Sentences", ("test",), "test", "test", (Way(DETECTION, load_jhmdb_sentences),)
    ),
    "visor": Benchmark(
        "VISOR as R-VOS",
        ("train", "val", "val_unseen"),
        "val",
        "val",
        (Way(PER_EXPRESSION, load_visor),),
    ),
    "world": Benchmark(
        "embedded world", ("test",), "test", "test", (Way(PER_EXPRESSION, load_world),)
    ),
}
"""By the name on the command line."""
