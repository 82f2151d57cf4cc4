"""Where a model runs."""

from __future__ import annotations

import torch

from slvp.errors import UserError


def choose_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` into a device that is there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    usable = ["cpu"]
    if torch.cuda.is_available():
        usable += ["cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        usable.append("mps")
    if name not in usable:
        raise UserError(
            f"device {name!r}: not available here; expected one of {', '.join(['auto', *usable])}"
        )
    return torch.device(name)
