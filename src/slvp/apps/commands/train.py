"""``slvp pretrain``, ``slvp finetune`` and ``slvp resume``."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from slvp.apps.arguments.common import WorldOptions
from slvp.apps.arguments.train import RunOptions
from slvp.apps.commands.recipes import describe_dry_run
from slvp.data.flow.estimators import NAMES
from slvp.data.labels.kinds import Supervision
from slvp.errors import UserError
from slvp.models.checkpoint import WEIGHTS_FILE, shipped_models
from slvp.models.config import ModelConfig
from slvp.training import dry_run as dry_runs
from slvp.training import loop
from slvp.training.config import EXACT, ObjectiveConfig, Task, TrainConfig, WeakConfig
from slvp.training.recipes import recipe
from slvp.training.run import Run

_Value = TypeVar("_Value")


def train(
    task: Task,
    recipe_name: str,
    out: Path | None,
    world: WorldOptions,
    run: RunOptions,
    *,
    init: str = "",
    stills: Path | None = None,
    backgrounds: tuple[Path, ...] = (),
    captioned: tuple[Path, ...] = (),
    captioned_share: float | None = None,
    estimator: str | None = None,
    benchmarks: tuple[tuple[str, Path, float], ...] = (),
    refcoco: tuple[tuple[Path, Path, float], ...] = (),
    world_share: float | None = None,
    labels: float = 1.0,
    supervision: Supervision = "mask",
    stages: int | None = None,
) -> None:
    """Train by a recipe, with the data and length that the options name, and print the model.

    Paths are made absolute, so that the run can be resumed from anywhere. A dry run prints what a
    step takes.

    Raises:
        UserError: the recipe, the data or an option is not usable, or ``out`` is in use.
    """
    config = recipe(recipe_name, task)
    _check(run, config)
    if captioned_share is not None and not captioned:
        raise UserError("--captioned-share needs --captioned, the videos that have this share")
    data = replace(
        config.data,
        captioned=tuple(str(place.resolve()) for place in captioned),
        captioned_share=_or_own(captioned_share, config.data.captioned_share),
        cutouts=tuple(str(folder.resolve()) for folder in world.cutouts),
        coco=tuple((str(file.resolve()), str(images.resolve())) for file, images in world.coco),
        stamps=world.stamps,
        stills="" if stills is None else str(stills.resolve()),
        background_videos=tuple(str(place.resolve()) for place in backgrounds),
        benchmarks=tuple((name, str(folder.resolve()), w) for name, folder, w in benchmarks),
        refcoco=tuple(
            (str(file.resolve()), str(images.resolve()), w) for file, images, w in refcoco
        ),
        world_share=world_share,
        labels=labels,
        supervision=supervision,
        max_broken=_or_own(run.max_broken, config.data.max_broken),
    )
    model, optimiser, objective = config.model, config.optimiser, config.objective
    rate = _or_own(run.learning_rate, optimiser.learning_rate)
    if isinstance(model, ModelConfig):
        twice = run.checkpoint_activations or model.checkpoint_activations
        model = replace(model, checkpoint_activations=twice)
    elif run.checkpoint_activations or run.fsdp:
        option = "--fsdp" if run.fsdp else "--checkpoint-activations"
        raise UserError(f"{option}: not for this recipe's model; --accumulate saves memory, too")
    config = replace(
        config,
        data=data,
        model=model,
        optimiser=replace(optimiser, learning_rate=rate),
        objective=objective if estimator is None else _estimated(objective, estimator),
        weak=_staged(config.weak, supervision, stages),
        init=_lasting(init),
        seed=run.seed,
        steps=_or_own(run.steps, config.steps),
        workers=_or_own(run.workers, config.workers),
        accumulate=_or_own(run.accumulate, config.accumulate),
        precision=_or_own(run.precision, config.precision),
        sharding="fsdp" if run.fsdp else config.sharding,
    )
    if run.dry_run:
        found = dry_runs.dry_run(config, run.dry_run_size)
        for line in () if found is None else describe_dry_run(recipe_name, config, found):
            print(line)
        return
    folder = Path("runs", f"{task}-{recipe_name}") if out is None else out
    _tell(loop.train(config, folder, quiet=run.quiet))


def resume(run: Path, *, quiet: bool) -> None:
    """Go on with an interrupted run and print its model.

    Raises:
        UserError: the folder holds no run.
    """
    _tell(loop.resume(run, quiet=quiet))


def _check(run: RunOptions, config: TrainConfig) -> None:
    """Complain about options that no run can have."""
    if run.dry_run_size is not None and not run.dry_run:
        raise UserError("--dry-run-size needs --dry-run, which it makes smaller")
    if run.steps is not None and run.steps < 1:
        raise UserError(f"--steps {run.steps} is not positive; {config.steps} is the recipe's own")
    if run.seed < 0:
        raise UserError(f"--seed {run.seed}: expected a number from 0 on")
    if run.learning_rate is not None and not 0 < run.learning_rate < math.inf:
        raise UserError(
            f"--learning-rate {run.learning_rate:g}: expected a number above 0; "
            f"{config.optimiser.learning_rate:g} is the recipe's own"
        )
    if run.workers is not None and run.workers < 0:
        raise UserError(
            f"--workers {run.workers}: expected a number from 0 on; with 0 no process but the one "
            "that trains makes batches"
        )
    if run.max_broken is not None and not 0 <= run.max_broken <= 1:
        raise UserError(
            f"--max-broken {run.max_broken:g}: expected a number from 0 to 1, the share of the "
            "samples that may be unreadable"
        )
    if run.accumulate is not None and run.accumulate < 1:
        raise UserError(f"--accumulate {run.accumulate} is too small; 1 is the least")


def _or_own(asked: _Value | None, own: _Value) -> _Value:
    """Return what an option asks for, or what the recipe sets."""
    return own if asked is None else asked


def _estimated(objective: ObjectiveConfig, estimator: str) -> ObjectiveConfig:
    """Return the objective with another estimator of flow."""
    kind, _, weights = estimator.partition(":")
    if kind not in (*NAMES, EXACT) or (weights and not kind.startswith("raft-")):
        raise UserError(
            f"--estimator {estimator}: expected one of {', '.join(NAMES)}, RAFT with a file of "
            f"weights (raft-large:FILE), or the embedded world's own flow ({EXACT})"
        )
    name = f"{kind}:{Path(weights).resolve()}" if weights else kind
    return replace(objective, estimator=name)


def _staged(weak: WeakConfig, supervision: Supervision, stages: int | None) -> WeakConfig:
    """Return how weak labels are learnt from, with as many stages as are asked for."""
    if stages is None:
        return weak
    if supervision == "mask":
        raise UserError("--stages needs --supervision box, point, first-frame or sentence")
    if stages < 1:
        raise UserError(f"--stages {stages} is too small; 1 is the least")
    return replace(weak, stages=stages)


def _tell(model: Path) -> None:
    if int(os.environ.get("RANK", "0")) == 0:  # the first of the processes that torchrun started
        print(f"model  {model}")


def _lasting(model: str) -> str:
    """Make the name of a model absolute if it is a folder's, and not a shipped or a hub's model.

    A run stands for its model.
    """
    # Unlike pathlib's, this isdir answers for names that no disk would take.
    is_folder = model not in shipped_models() and os.path.isdir(model)  # noqa: PTH112
    if not is_folder:
        return model
    run = Run(Path(model).resolve())
    if (run.folder / WEIGHTS_FILE).exists() or not run.config_file.exists():
        return str(run.folder)
    if not run.finished:
        raise UserError(f"{model}: this run isn't finished; 'slvp resume {model}' goes on with it")
    return str(run.model)
