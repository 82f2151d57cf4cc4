"""Result cards of studies: one small JSON file for each arm and seed, to be kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slvp.errors import UserError
from slvp.evaluation.card.plain import UnfitError, from_plain, to_plain
from slvp.files import whole_file

SCHEMA = 1
"""Version of the file's layout."""


@dataclass(frozen=True)
class Curve:
    """A figure on held-out clips, as a run went on.

    Attributes:
        name: of the figure.
        steps: steps done.
        values: one for each of these.
    """

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class RunCard:
    """A run of training.

    Attributes:
        config: its configuration; folders are named without their place.
        steps: length.
        minutes: that its steps took, without scoring held-out clips.
        curves: figures on held-out clips.
    """

    config: dict[str, Any]
    steps: int
    minutes: float
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class MaskScores:
    """What a model's masks scored on a test, expression by expression, in 0..1.

    Attributes:
        test: its name.
        benchmark: on the command line.
        split: of it.
        protocol: name of it.
        frames: read, each once however many sentences were asked.
        frames_per_second: read and segmented.
        sequences: of each expression.
        expressions: its annotation set, if any, and number.
        j: region similarity, mean over frames.
        f: accuracy of outlines, mean over frames.
    """

    test: str
    benchmark: str
    split: str
    protocol: str
    frames: int
    frames_per_second: float
    sequences: tuple[str, ...]
    expressions: tuple[str, ...]
    j: tuple[float, ...]
    f: tuple[float, ...]


@dataclass(frozen=True)
class FlowScores:
    """Errors of a pre-trained model's flow on held-out clips of the world, clip by clip.

    Attributes:
        clips: their names.
        loss: by the names of ``slvp.evaluation.flow.measure.PREDICTIONS``: as
            ``slvp.evaluation.flow.measure.Errors`` has it.
        distance: the same, of the end-point error of what moves, in pixels.
    """

    clips: tuple[str, ...]
    loss: dict[str, tuple[float, ...]]
    distance: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class StudyCard:
    """One arm of a study with one seed.

    Attributes:
        schema: version of the layout.
        study: its name.
        arm: its name.
        line: see ``slvp.studies.arms.Arm``.
        labels: share of the annotated videos whose masks were used.
        seed: of both runs.
        smoke: a tiny model and hardly any steps: no result.
        created: when, ISO 8601 with time zone.
        slvp_version: version of this package.
        commit: of this package's checkout; None for an installed package.
        hardware: processor.
        data: what the world's clips were made of, and how many.
        parameters: of the fine-tuned model.
        trained_parameters: those of them that training changed.
        pretraining: None for none.
        finetuning: with masks.
        masks: scores of the fine-tuned model.
        flow: of the pre-trained model; None where it wasn't asked for.
    """

    schema: int
    study: str
    arm: str
    line: str
    labels: float
    seed: int
    smoke: bool
    created: str
    slvp_version: str
    commit: str | None
    hardware: str
    data: dict[str, Any]
    parameters: int
    trained_parameters: int
    pretraining: RunCard | None
    finetuning: RunCard
    masks: tuple[MaskScores, ...]
    flow: FlowScores | None


def card_path(folder: Path, study: str, arm: str, seed: int) -> Path:
    """Return where a card is kept."""
    return folder / study / f"{arm}-seed{seed}.json"


def write_card(card: StudyCard, path: Path) -> None:
    """Write a card as JSON, a line for each field, whole or not at all; its folder is made."""
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in to_plain(card).items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


def read_cards(folder: Path, study: str) -> list[StudyCard]:
    """Read all cards of a study.

    Args:
        folder: holds a folder of cards for each study.
        study: its name.

    Raises:
        UserError: there is none, or a file isn't one.
    """
    paths = sorted((folder / study).glob("*.json"))
    if not paths:
        raise UserError(
            f"{folder / study}: holds no result card; expected those that 'slvp study run {study}' "
            "writes"
        )
    return [_read(path) for path in paths]


def _read(path: Path) -> StudyCard:
    expected = "expected a card that 'slvp study run' wrote; remove it or make it again"
    try:
        values = json.loads(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{path}: is no JSON ({error}); {expected}") from None
    version = values.get("schema") if isinstance(values, dict) else None
    if version != SCHEMA:
        raise UserError(f"{path}: is of layout {version}, not {SCHEMA}; {expected}")
    try:
        return from_plain(StudyCard, values)
    except UnfitError as error:
        raise UserError(f"{path}: is no result card ({error}); {expected}") from None
