"""One JSON file with the figures of flow pre-training and all it takes to make them again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import slvp
from slvp.evaluation.card.environment import commit_of_package, describe_hardware
from slvp.evaluation.flow.report import FlowReport
from slvp.files import whole_file
from slvp.training.config import TrainConfig

SCHEMA = 1
"""Version of the file's layout."""


@dataclass(frozen=True)
class FlowCard:
    """What was evaluated, how, and what came out.

    Attributes:
        schema: version of the layout.
        model: name or path.
        config: data, objective and model; of the data the held-out part was used.
        seed: that clips were drawn from.
        command: the command that made the card.
        created: when, ISO 8601 with time zone.
        slvp_version: version of this package.
        commit: commit of this package's checkout; None for an installed package.
        hardware: processor and, where used, accelerator.
        reports: one for each source of clips.
    """

    schema: int
    model: str
    config: dict[str, Any]
    seed: int
    command: str
    created: str
    slvp_version: str
    commit: str | None
    hardware: str
    reports: tuple[FlowReport, ...]


def make_flow_card(
    reports: Sequence[FlowReport],
    *,
    model: str,
    config: TrainConfig,
    seed: int,
    device: str,
    command: str,
) -> FlowCard:
    """Describe an evaluation that has just run on this machine.

    Args:
        reports: what came out.
        model: name or path.
        config: of the data, and of the run that made the model, if there was one.
        seed: that clips were drawn from.
        device: PyTorch name of the device that the model ran on.
        command: the command line.
    """
    return FlowCard(
        schema=SCHEMA,
        model=model,
        config=dataclasses.asdict(config),
        seed=seed,
        command=command,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        slvp_version=slvp.__version__,
        commit=commit_of_package(),
        hardware=describe_hardware(device),
        reports=tuple(reports),
    )


def write_flow_card(card: FlowCard, path: Path) -> None:
    """Write the card as JSON, whole or not at all."""
    with whole_file(path) as file:
        # All but ASCII is escaped: a path may have bytes that are no character.
        file.write_text(json.dumps(dataclasses.asdict(card), indent=2) + "\n", encoding="ascii")
