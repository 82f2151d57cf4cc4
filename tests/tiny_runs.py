"""Training runs of a few steps with a tiny model."""

import csv
import dataclasses
import resource
import signal
from contextlib import contextmanager

import pytest
from safetensors.torch import load_file

from slvp.training import loop
from slvp.training.config import DataConfig, OptimiserConfig, TrainConfig
from slvp.training.learner import Learner
from tiny import tiny_config

DATA = DataConfig(sizes=((64, 64),), frames=(2,), pixels=2 * 2 * 64 * 64, expressions=2)


def tiny_run(task="finetune", model=None, **changes) -> TrainConfig:
    """Six steps; ``model`` are changes of the tiny model."""
    head = "mask" if task == "finetune" else "flow"
    config = TrainConfig(
        task=task,
        model=tiny_config(head=head, **(model or {})),
        data=DATA,
        optimiser=OptimiserConfig(learning_rate=3e-3, warmup=2, ema=0.5),
        steps=6,
        validate_every=3,
        validation_batches=2,
        checkpoint_every=2,
        workers=0,
    )
    return dataclasses.replace(config, **changes)


def logged(run, name):
    """Return the logged values of a figure by step."""
    with (run / "log.csv").open() as file:
        return {
            int(r["step"]): float(r["value"]) for r in csv.DictReader(file) if r["name"] == name
        }


def weights(run):
    """Return the tensors of a run's model."""
    return load_file(run / "model/model.safetensors")


def interrupt(config, run, at):
    """Train until a step at which the run breaks off."""
    step = Learner.step

    def fail(self, batch, number, parts):
        if number == at:
            raise KeyboardInterrupt
        return step(self, batch, number, parts)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Learner, "step", fail)
        loop.train(config, run, quiet=True)


@contextmanager
def small_disk(size):
    """No file can grow above ``size`` bytes: as on a full disk, writing fails half-way."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
