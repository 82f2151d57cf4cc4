"""The processes that share a command's work, as ``torchrun`` or ``accelerate`` starts them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta

from slvp.errors import UserError

_PATIENCE = timedelta(days=7)  # the others may be busy for as long with their last sequences


@dataclass(frozen=True)
class Team:
    """Which of ``size`` processes this one is; the first is number 0."""

    index: int
    size: int

    @classmethod
    def join(cls) -> Team:
        """Meet the other processes, where there are any.

        Raises:
            UserError: there are, but ``accelerate`` isn't installed.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls(0, 1)
        try:
            from accelerate import PartialState
        except ImportError as error:
            raise UserError(
                "several processes need the package accelerate: pip install 'slvp[train]'"
            ) from error
        import torch

        # Without being told, accelerate would not join the processes of a machine without GPU.
        state = PartialState(cpu=not torch.cuda.is_available(), timeout=_PATIENCE)
        return cls(state.process_index, state.num_processes)

    @property
    def leads(self) -> bool:
        """Is this the process that prints and writes what all have found?"""
        return self.index == 0

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.size > 1:
            from accelerate import PartialState

            PartialState().wait_for_everyone()

    def device(self, name: str) -> str:
        """Return the device of this process: of several GPUs, 'auto' gives each its own."""
        if self.size == 1 or name != "auto":
            return name
        from accelerate import PartialState

        state = PartialState()
        return f"cuda:{state.local_process_index}" if state.device.type == "cuda" else "auto"
