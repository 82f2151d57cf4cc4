"""Weights of which each process holds a share (FSDP), and their way to whole tensors and back."""

from __future__ import annotations

import functools
import warnings

import torch
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from slvp.models.fusion import Fused
from slvp.models.heads import FlowOutput, MaskOutput
from slvp.models.text import Words


@functools.cache
def _register_records() -> None:
    """Let sharding find the tensors that a part returns: it hangs its backward work on them."""
    for record in (Fused, FlowOutput, MaskOutput, Words):
        torch.export.register_dataclass(record)


def shard(model: nn.Module, device: torch.device) -> None:
    """Split all parameters over the processes, in place.

    Each of the model's parts is gathered when it is called and let go of after that.
    """
    _register_records()
    mesh = init_device_mesh(device.type, (distributed.get_world_size(),))
    model.to(memory_format=torch.contiguous_format)  # others can't be split
    for part in model.children():
        fully_shard(part, mesh=mesh)
    fully_shard(model, mesh=mesh)
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor with the shares of all processes, which all must ask for it."""
    full = tensor.detach()
    return full.full_tensor() if isinstance(full, DTensor) else full


def spread(tensor: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """Return a whole tensor in the way that ``parameter`` is stored: device, shares, layout."""
    if isinstance(parameter, DTensor):
        return distribute_tensor(
            tensor.to(parameter.device), parameter.device_mesh, parameter.placements
        )
    return torch.empty_like(parameter).copy_(tensor)
