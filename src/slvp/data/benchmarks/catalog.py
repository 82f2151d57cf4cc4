"""Every benchmark by the name on the command line: what it is called, its splits, who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slvp.data.benchmarks import (
    a2d_sentences,
    jhmdb_sentences,
    mevis,
    ref_davis17,
    ref_youtube_vos,
    visor,
)
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.examples.a2d_sentences import write_a2d_sentences
from slvp.data.examples.jhmdb_sentences import write_jhmdb_sentences
from slvp.data.examples.mevis import write_mevis
from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.data.examples.ref_youtube_vos import write_ref_youtube_vos
from slvp.data.examples.visor import write_visor
from slvp.data.examples.world import write_world
from slvp.errors import UserError


class Load(Protocol):
    """A parser: from the benchmark's folder and a split to its expressions."""

    def __call__(
        self, root: Path, split: str, *, with_masks: bool = True
    ) -> list[BenchmarkExpression]:
        """Read the expressions; without masks, no mask file is looked at and no frame is scored."""
        ...


@dataclass(frozen=True)
class Entry:
    """What all who work with a benchmark should know alike.

    Attributes:
        title: as the field writes it.
        splits: all that there are.
        scored_split: the one to score by default.
        submitted_split: the one to write a server's file for by default.
        load: its parser.
        write_example: writes a tiny data set in its layout into an empty folder, by a seed.
    """

    title: str
    splits: tuple[str, ...]
    scored_split: str
    submitted_split: str
    load: Load
    write_example: Callable[[Path, int], None]

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


CATALOG = {
    "ref-davis17": Entry(
        title=ref_davis17.BENCHMARK,
        splits=("train", "val"),
        scored_split="val",
        submitted_split="val",
        load=ref_davis17.load_ref_davis17,
        write_example=write_ref_davis17,
    ),
    "ref-youtube-vos": Entry(
        title=ref_youtube_vos.BENCHMARK,
        splits=("train", "valid", "test"),
        scored_split="train",
        submitted_split="valid",
        load=ref_youtube_vos.load_ref_youtube_vos,
        write_example=write_ref_youtube_vos,
    ),
    "mevis": Entry(
        title=mevis.BENCHMARK,
        splits=("train", "valid_u", "valid"),
        scored_split="valid_u",
        submitted_split="valid",
        load=mevis.load_mevis,
        write_example=write_mevis,
    ),
    "a2d-sentences": Entry(
        title=a2d_sentences.BENCHMARK,
        splits=("train", "test"),
        scored_split="test",
        submitted_split="test",
        load=a2d_sentences.load_a2d_sentences,
        write_example=write_a2d_sentences,
    ),
    "jhmdb-sentences": Entry(
        title=jhmdb_sentences.BENCHMARK,
        splits=("test",),
        scored_split="test",
        submitted_split="test",
        load=jhmdb_sentences.load_jhmdb_sentences,
        write_example=write_jhmdb_sentences,
    ),
    "visor": Entry(
        title=visor.BENCHMARK,
        splits=("train", "val", "val_unseen"),
        scored_split="val",
        submitted_split="val",
        load=visor.load_visor,
        write_example=write_visor,
    ),
    "world": Entry(
        title=ref_youtube_vos.WORLD,
        splits=("test",),
        scored_split="test",
        submitted_split="test",
        load=ref_youtube_vos.load_world,
        write_example=write_world,
    ),
}
"""By the name on the command line."""

TRAINING_SPLIT = "train"
"""What those that can be trained on call it. JHMDB-Sentences and the world are for testing only."""

TRAINED_ON: dict[str, Load] = {
    name: entry.load for name, entry in CATALOG.items() if TRAINING_SPLIT in entry.splits
}
"""The parsers of those that can be trained on."""
