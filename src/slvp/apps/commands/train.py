"""``slvp pretrain``, ``slvp finetune`` and ``slvp resume``."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from slvp.apps.commands.recipes import describe_dry_run
from slvp.errors import UserError
from slvp.models.checkpoint import WEIGHTS_FILE, shipped_models
from slvp.training import dry_run as dry_runs
from slvp.training import loop
from slvp.training.config import Precision, Task
from slvp.training.recipes import recipe
from slvp.training.run import Run


def train(
    task: Task,
    recipe_name: str,
    out: Path | None,
    *,
    init: str = "",
    cutouts: tuple[Path, ...],
    coco: tuple[tuple[Path, Path], ...],
    stamps: bool,
    stills: Path | None = None,
    captioned: tuple[Path, ...] = (),
    captioned_share: float | None = None,
    benchmarks: tuple[tuple[str, Path, float], ...] = (),
    refcoco: tuple[tuple[Path, Path, float], ...] = (),
    world_share: float | None = None,
    labels: float = 1.0,
    steps: int | None,
    seed: int,
    accumulate: int | None,
    precision: Precision | None,
    fsdp: bool,
    dry_run: bool,
    dry_run_size: int | None,
    quiet: bool,
) -> None:
    """Train by a recipe, with the data and length that the options name, and print the model.

    Paths are made absolute, so that the run can be resumed from anywhere. A dry run prints what a
    step takes.

    Raises:
        UserError: the recipe, the data or an option is not usable, or ``out`` is in use.
    """
    if dry_run_size is not None and not dry_run:
        raise UserError("--dry-run-size needs --dry-run, which it makes smaller")
    config = recipe(recipe_name, task)
    if steps is not None and steps < 1:
        raise UserError(f"--steps {steps} is not positive; {config.steps} is the recipe's own")
    if seed < 0:
        raise UserError(f"--seed {seed}: expected a number from 0 on")
    if accumulate is not None and accumulate < 1:
        raise UserError(f"--accumulate {accumulate} is too small; 1 is the least")
    if captioned_share is None:
        captioned_share = config.data.captioned_share
    elif not captioned:
        raise UserError("--captioned-share needs --captioned, the videos that have this share")
    data = replace(
        config.data,
        captioned=tuple(str(place.resolve()) for place in captioned),
        captioned_share=captioned_share,
        cutouts=tuple(str(folder.resolve()) for folder in cutouts),
        coco=tuple((str(file.resolve()), str(images.resolve())) for file, images in coco),
        stamps=stamps,
        stills="" if stills is None else str(stills.resolve()),
        benchmarks=tuple((name, str(folder.resolve()), w) for name, folder, w in benchmarks),
        refcoco=tuple(
            (str(file.resolve()), str(images.resolve()), w) for file, images, w in refcoco
        ),
        world_share=world_share,
        labels=labels,
    )
    config = replace(
        config,
        data=data,
        init=_lasting(init),
        seed=seed,
        steps=config.steps if steps is None else steps,
        accumulate=config.accumulate if accumulate is None else accumulate,
        precision=config.precision if precision is None else precision,
        sharding="fsdp" if fsdp else config.sharding,
    )
    if dry_run:
        found = dry_runs.dry_run(config, dry_run_size)
        for line in () if found is None else describe_dry_run(recipe_name, config, found):
            print(line)
        return
    folder = Path("runs", f"{task}-{recipe_name}") if out is None else out
    _tell(loop.train(config, folder, quiet=quiet))


def resume(run: Path, *, quiet: bool) -> None:
    """Go on with an interrupted run and print its model.

    Raises:
        UserError: the folder holds no run.
    """
    _tell(loop.resume(run, quiet=quiet))


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
