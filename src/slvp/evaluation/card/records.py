"""What a result card holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCHEMA = 1
"""Version of the file's layout; another one is read by another version of this package."""

METRIC_TITLES = {
    "j": "J",
    "f": "F",
    "jf": "J&F",
    "precision_50": "P@0.5",
    "precision_60": "P@0.6",
    "precision_70": "P@0.7",
    "precision_80": "P@0.8",
    "precision_90": "P@0.9",
    "overall_iou": "overall IoU",
    "mean_iou": "mean IoU",
    "map": "mAP",
    "map_50": "mAP@0.5",
    "map_75": "mAP@0.75",
    "j_recall": "J recall",
    "j_decay": "J decay",
    "f_recall": "F recall",
    "f_decay": "F decay",
}
"""What people call a metric."""


@dataclass(frozen=True)
class CardProtocol:
    """How the numbers were made; see ``protocols.Protocol``."""

    name: str
    title: str
    source: str


@dataclass(frozen=True)
class CardSequence:
    """The numbers of a sequence, by the names of ``scores.Summary``."""

    name: str
    metrics: dict[str, float]


@dataclass(frozen=True)
class CardSet:
    """The numbers of an annotation set and of each sequence within it."""

    name: str
    metrics: dict[str, float]
    sequences: tuple[CardSequence, ...]


@dataclass(frozen=True)
class CardExpression:
    """What one expression got: means over the ``frames`` frames that count.

    What comes from F is None where the benchmark knows no F; ``expression_id`` and ``text`` are
    empty for an object that is scored though no sentence describes it.
    """

    sequence: str
    expression_id: str
    annotation_set: str
    text: str
    object_ids: tuple[int, ...]
    j: float
    f: float | None
    jf: float | None
    j_recall: float
    j_decay: float
    f_recall: float | None
    f_decay: float | None
    frames: int

    @property
    def key(self) -> tuple[str, str, str, tuple[int, ...]]:
        """What tells it apart from all others of a benchmark."""
        return self.sequence, self.annotation_set, self.expression_id, self.object_ids

    @property
    def score(self) -> float:
        """The number to rank expressions by: J&F or, where there is no F, J."""
        return self.j if self.jf is None else self.jf


@dataclass(frozen=True)
class Parameters:
    """How many numbers a model consists of, and how many of them training changed."""

    total: int
    trained: int


@dataclass(frozen=True)
class ResultCard:
    """What was evaluated, how, and what came out.

    Attributes:
        schema: version of the layout.
        benchmark: name of the benchmark on the command line.
        split: the part of it.
        protocol: how the numbers were made.
        summary: the benchmark's numbers, by the names of ``scores.Summary``.
        model: name or path of the model; None where another program's masks were scored.
        predictions: path of the masks that another program wrote; None where a model ran.
        config: the model's settings; None for another program's masks.
        parameters: size of the model; None where not known.
        seed: what random numbers started from; None where there were none.
        data: folder of the benchmark, absolute.
        command: the command that made the card.
        created: when, ISO 8601 with time zone.
        slvp_version: version of this package.
        commit: commit of this package's checkout; None for an installed package.
        hardware: processor and, where used, accelerator.
        processes: number of processes that shared the work.
        frames: number of frames read, each counted once however many sentences were asked.
        seconds: time that reading and segmenting them took, without scoring, all processes
            together.
        frames_per_second: frames over seconds, which is the speed of one process; None where
            another program's masks were scored.
        annotation_sets: the numbers of each annotation set.
        sequences: the numbers of each sequence, averaged over the annotation sets.
        expressions: the numbers of each expression.
    """

    schema: int
    benchmark: str
    split: str
    protocol: CardProtocol
    summary: dict[str, float]
    model: str | None
    predictions: str | None
    config: dict[str, Any] | None
    parameters: Parameters | None
    seed: int | None
    data: str
    command: str
    created: str
    slvp_version: str
    commit: str | None
    hardware: str
    processes: int
    frames: int
    seconds: float
    frames_per_second: float | None
    annotation_sets: tuple[CardSet, ...]
    sequences: tuple[CardSequence, ...]
    expressions: tuple[CardExpression, ...]

    @property
    def scored(self) -> str:
        """What was scored: the model or the path of the predictions."""
        return f"{self.model}" if self.predictions is None else self.predictions
