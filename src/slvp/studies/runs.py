"""Training runs of studies: shared by all arms that ask for the same, and resumed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from slvp.studies.arms import Arm
from slvp.studies.card import Curve, RunCard
from slvp.training import loop
from slvp.training.config import TrainConfig
from slvp.training.logs import read_rows
from slvp.training.run import Run

_HELD_OUT = "held-out/"


class Runs:
    """A folder of runs, each named by a digest of its configuration.

    Args:
        folder: of the runs.
        places: paths in configurations, and what stands for them in digests and cards.
        quiet: show no progress.
    """

    def __init__(self, folder: Path, places: Mapping[str, str], *, quiet: bool) -> None:
        self.folder = folder.resolve()
        self._places = dict(places)
        self._quiet = quiet

    def train(self, arm: Arm) -> tuple[Run | None, Run]:
        """Train an arm, or finish or find what was trained before.

        Returns:
            The runs of pre-training, if there is one, and of fine-tuning.
        """
        if arm.pretrain is None:
            return None, self._finished(arm.finetune)
        first = self._finished(arm.pretrain)
        self._places[str(first.model)] = first.folder.name
        return first, self._finished(replace(arm.finetune, init=str(first.model)))

    def found(self, arm: Arm) -> Run | None:
        """Return an arm's run of fine-tuning if it is finished."""
        config = arm.finetune
        if arm.pretrain is not None:
            first = self._run(arm.pretrain)
            self._places[str(first.model)] = first.folder.name
            config = replace(config, init=str(first.model))
        run = self._run(config)
        return run if run.finished else None

    def card(self, run: Run) -> RunCard:
        """Describe a finished run."""
        config = TrainConfig.load(run.config_file)
        held_out: dict[str, list[tuple[int, float]]] = {}
        for step, name, value in read_rows(run.log_file):
            if name.startswith(_HELD_OUT):
                point = int(step) + 1, float(value)
                held_out.setdefault(name.removeprefix(_HELD_OUT), []).append(point)
        curves = (
            Curve(name, tuple(step for step, _ in points), tuple(round(y, 4) for _, y in points))
            for name, points in held_out.items()
        )
        return RunCard(self._placeless(config), config.steps, _minutes(run), tuple(curves))

    def _run(self, config: TrainConfig) -> Run:
        """Return the run of a configuration, begun or not."""
        content = json.dumps(self._placeless(config), sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        return Run(self.folder / f"{config.task}-{digest}")

    def _finished(self, config: TrainConfig) -> Run:
        run = self._run(config)
        if run.finished:
            return run
        if run.config_file.is_file():
            loop.resume(run.folder, quiet=self._quiet)
        else:
            loop.train(config, run.folder, quiet=self._quiet)
        return run

    def _placeless(self, config: TrainConfig) -> dict[str, Any]:
        def named(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: named(one) for key, one in value.items()}
            if isinstance(value, list | tuple):
                return [named(one) for one in value]
            return self._places.get(value, value) if isinstance(value, str) else value

        found: dict[str, Any] = named(dataclasses.asdict(config))
        return found


def _minutes(run: Run) -> float:
    """Add up the time of steps; those that a killed process did in vain are not counted.

    Of a run too short for any time to be logged it is 0.
    """
    seconds, done = 0.0, 0
    for step, name, value in read_rows(run.timing_file):
        if name == "train/steps_per_second":
            seconds += (int(step) - done) / float(value)
            done = int(step)
    steps = TrainConfig.load(run.config_file).steps
    return round(seconds / 60 * steps / max(1, done), 2)  # the last few are not logged
