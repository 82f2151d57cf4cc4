"""What a recipe needs, estimated: memory and time of a training step.

Estimates of the recipes are stored beside this module, for to work one out takes half a second and
all that a model is built of; see ``slvp.training.step_costs`` for how. They are found by a digest
of what they were worked out from, so a recipe that has been changed since is worked out anew.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slvp.training.config import TrainConfig

STORED_FILE = Path(__file__).with_name("estimates.json")
"""Written by ``scripts/store_estimates.py``."""


@dataclass(frozen=True)
class Machine:
    """What a recipe is sized for.

    Attributes:
        name: for the reader.
        processes: that share a batch.
        flops: floating-point operations that each does in a second.
        basis: how that is known.
    """

    name: str
    processes: int
    flops: float
    basis: str


CORE = Machine("a CPU core", 1, 1.2e11, "measured with lite")
NODE = Machine("8 GPUs", 8, 6e13, "assumed, not measured")


@dataclass(frozen=True)
class Estimate:
    """What a step of a recipe needs. Bytes are those of one process.

    Attributes:
        machine: for which it is estimated.
        parameters: of the model, those of the encoders included.
        trained: those of them that training changes.
        clips: of a batch, all processes together.
        frames, height, width: of the largest of the clips.
        weights: bytes of parameters, AdamW's moments and the moving average.
        activations: bytes that these and gradients take at most.
        flops: floating-point operations, all processes together.
        seconds: of a step.
    """

    machine: Machine
    parameters: int
    trained: int
    clips: int
    frames: int
    height: int
    width: int
    weights: int
    activations: int
    flops: float

    @property
    def memory(self) -> int:
        """Bytes of a process."""
        return self.weights + self.activations

    @property
    def seconds(self) -> float:
        """Of a step."""
        return self.flops / (self.machine.flops * self.machine.processes)

    @property
    def clips_per_second(self) -> float:
        """Clips that are learnt from in a second, all processes together."""
        return self.clips / self.seconds


def estimate(config: TrainConfig) -> Estimate:
    """Tell what a step needs.

    A recipe in mixed precision is taken to be for a node of 8 GPUs, another for a CPU.
    """
    known = _stored().get(digest(config))
    if known is not None:
        return Estimate(machine_for(config), **known)
    from slvp.training.step_costs import work_out  # imports all that models are built of

    return work_out(config)


def machine_for(config: TrainConfig) -> Machine:
    """Return what a recipe is taken to be for."""
    return CORE if config.precision == "no" else NODE


def digest(config: TrainConfig) -> str:
    """Return a digest of all that an estimate is worked out from."""
    data = config.data
    content = {
        "task": config.task,
        "model": config.model.to_dict(),
        "data": [data.frames, data.sizes, data.pixels, data.expressions],
        "contrast": config.objective.contrast > 0,
        "precision": config.precision,
        "accumulate": config.accumulate,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def _stored() -> dict[str, dict[str, Any]]:
    stored: dict[str, dict[str, Any]] = json.loads(STORED_FILE.read_text())
    return stored
