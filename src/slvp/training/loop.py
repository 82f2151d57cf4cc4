"""The one training loop."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from slvp.data.datasets import WHOLE, Part
from slvp.errors import UserError
from slvp.models.checkpoint import from_pretrained, reuse
from slvp.models.device import keep_freed_memory
from slvp.models.slvp import SLVP
from slvp.training import checkpoints
from slvp.training.checkpoints import Checkpoints
from slvp.training.config import TrainConfig
from slvp.training.curves import draw_curves
from slvp.training.learner import Learner
from slvp.training.logs import Logs
from slvp.training.objectives import FlowPretraining, MaskFinetuning, Objective
from slvp.training.processes import Processes
from slvp.training.run import Run
from slvp.training.sources import build_batches
from slvp.training.stream import Seen, Stream, Times
from slvp.training.validation import validate

_LOG_EVERY = 20


def train(config: TrainConfig, folder: Path, *, quiet: bool = False) -> Path:
    """Begin a run in a new folder and train to its end.

    Started by ``torchrun`` or ``accelerate launch``, the processes share each batch; only the
    first of them prints and writes.

    Returns:
        The folder of the finished model.
    """
    processes = Processes.start(config.precision, config.sharding)
    run = Run(folder)
    if processes.leads:
        run.check_new()
    return _train(config, run, processes, quiet)


def resume(folder: Path, *, quiet: bool = False) -> Path:
    """Go on with an interrupted run: the batches, and so the losses, are those it would have had.

    Any number of processes may go on with what any other number began.

    Returns:
        The folder of the finished model.
    """
    run = Run(folder)
    config = TrainConfig.load(run.config_file)
    if run.finished:
        raise UserError(f"{folder}: this run is finished; its model is {run.model}")
    return _train(config, run, Processes.start(config.precision, config.sharding), quiet)


def _train(config: TrainConfig, run: Run, processes: Processes, quiet: bool) -> Path:
    quiet = quiet or not processes.leads
    keep_freed_memory()
    kept = Checkpoints(run.checkpoints, config.keep_checkpoints)
    newest = processes.first(kept.newest() if processes.leads else None)
    torch.manual_seed(config.seed)
    model = SLVP(config.model)
    if config.init and newest is None:
        _initialise(model, config.init, quiet)
    objective: Objective = (
        MaskFinetuning() if config.task == "finetune" else FlowPretraining(seed=config.seed)
    )
    training, validation = build_batches(config, Part(processes.rank, processes.of))
    validation.part = WHOLE
    # Only now that all that the options name has been found: a wrong one leaves nothing behind.
    if processes.leads:
        run.begin(config)

    learner = Learner(config, model, objective, processes)
    first_step = 0
    if newest is not None:
        state = checkpoints.load(newest)
        learner.load(state)
        first_step = state["step"]
    logs = Logs(run, first_step) if processes.leads else None
    stream = Stream(training, first_step, config.workers)
    progress = tqdm(
        stream,
        desc=f"{config.task} {run.folder.name}",
        initial=first_step,
        total=config.steps,
        unit="step",
        disable=quiet,
        file=sys.stderr,
    )
    logged = Times()
    for step, batch in enumerate(progress, start=first_step):
        parts = processes.gather(Seen.of(batch))
        cut = min(config.accumulate, *(part.clips for part in parts))
        outcome = learner.step(batch, step, cut)
        ...
    return run.model
