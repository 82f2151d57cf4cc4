"""The processes that train together, as ``torchrun`` or ``accelerate launch`` starts them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeVar

import torch
from torch import distributed, nn

from slvp.errors import UserError
from slvp.training.config import Precision, Sharding
from slvp.training.sharding import shard

_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class Processes:
    """One process among those that train together; mostly it is the only one.

    Attributes:
        accelerator: of the package ``accelerate``: devices, mixed precision, DDP.
        sharded: whether each holds only its share of weights, gradients and optimiser (FSDP).
        messages: the group in which Python objects are sent: by way of the CPU, since sending
            them by way of the GPUs would wait until these have nothing left to do.
    """

    accelerator: Any
    sharded: bool = False
    messages: Any = None

    @classmethod
    def start(cls, precision: Precision, sharding: Sharding) -> Processes:
        """Choose devices and meet the other processes, where there are any.

        ``accelerate launch --use_fsdp`` asks for sharding, too.

        Raises:
            UserError: there is no device for ``precision``, or accelerate isn't installed.
        """
        check_installed("accelerate")
        from accelerate import Accelerator, DistributedDataParallelKwargs
        from accelerate.state import AcceleratorState

        # Sharding is done here, in one way for all devices; accelerate has none for the CPU.
        asked = os.environ.pop("ACCELERATE_USE_FSDP", "false").lower() == "true"
        AcceleratorState._reset_state()  # an earlier run of this process may have had another
        # Some parameters have no part in some objectives: the sentence as a whole in flow.
        ddp = DistributedDataParallelKwargs(find_unused_parameters=True)
        # Several processes without a GPU have to be told; they would train alone, each for itself.
        several = int(os.environ.get("WORLD_SIZE", "1")) > 1
        accelerator = Accelerator(
            cpu=several and not torch.cuda.is_available(),
            mixed_precision=precision,
            kwargs_handlers=[ddp],
        )
        if precision == "fp16" and accelerator.device.type == "cpu":
            raise UserError("precision 'fp16' needs a GPU; expected 'bf16' or 'no' on a CPU")
        return cls(
            accelerator,
            sharded=several and (asked or sharding == "fsdp"),
            messages=distributed.new_group(backend="gloo") if several else None,
        )

    @property
    def rank(self) -> int:
        """Number of this process, from 0."""
        return int(self.accelerator.process_index)

    @property
    def of(self) -> int:
        """How many there are."""
        return int(self.accelerator.num_processes)

    @property
    def leads(self) -> bool:
        """Is this the process that prints and writes?"""
        return self.rank == 0

    @property
    def device(self) -> torch.device:
        """Where this process's share of the work is done."""
        device: torch.device = self.accelerator.device
        return device

    def gather(self, thing: _Thing) -> list[_Thing]:
        """Return what each process gave, in the order of their numbers."""
        if self.of == 1:
            return [thing]
        things: list[Any] = [None] * self.of
        distributed.all_gather_object(things, thing, group=self.messages)
        return things

    def first(self, thing: _Thing) -> _Thing:
        """Return what the first process gave."""
        return self.gather(thing)[0]

    def sum(self, values: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the sum over all processes of each of some numbers."""
        together = torch.stack([value.detach().float() for value in values.values()])
        if self.of > 1:
            distributed.all_reduce(together)
        return dict(zip(values, together, strict=True))

    def prepare(self, model: nn.Module) -> nn.Module:
        """Move a model to the device and return what is to be called instead of it in training.

        Calls run in mixed precision, and gradients of processes are averaged.
        """
        model.to(self.device)
        if self.sharded:
            shard(model, self.device)
        # accelerate calls it evaluation mode if it should not wrap the model for DDP.
        prepared: nn.Module = self.accelerator.prepare_model(
            model, device_placement=False, evaluation_mode=self.sharded
        )
        return prepared

    def end(self) -> None:
        """Part from the others."""
        if self.of > 1:
            self.accelerator.end_training()


def check_installed(*packages: str) -> None:
    """Raise a UserError if one of the packages of the extra ``train`` is missing."""
    if not all(find_spec(package) for package in packages):
        raise UserError(
            "training needs the 'train' extra; install it with pip install 'slvp[train]'"
        )
