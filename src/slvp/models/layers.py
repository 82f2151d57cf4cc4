"""Small parts that fusion, decoder and heads share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  (the customary name)
from torch.utils.checkpoint import checkpoint

from slvp.models.attending import Projections, attend_along_time, attend_to_few
from slvp.models.onednn import Linear

_FEW_FRAMES = 8

_Result = TypeVar("_Result")


def run(function: Callable[..., _Result], *inputs: object, recompute: bool) -> _Result:
    """Call a part of a network.

    Args:
        function: the part.
        inputs: its arguments.
        recompute: keep no more than these for the backward pass, and compute the rest again
            (Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016). The result and all
            gradients are the same.
    """
    if recompute and torch.is_grad_enabled():
        result: _Result = checkpoint(function, *inputs, use_reentrant=False)
        return result
    return function(*inputs)


class Attention(nn.Module):
    """Multi-head attention of ``queries`` to ``context``.

    Shapes: queries (A, Q, width), context (A, K, context_width), mask (A, K) with True where the
    context may be looked at; returns (A, Q, width).
    """

    def __init__(self, width: int, heads: int, context_width: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.query = Linear(width, width)
        self.key_value = Linear(context_width or width, 2 * width)
        self.out = Linear(width, width)

    def forward(
        self, queries: torch.Tensor, context: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Attend; see the class for shapes."""
        projections = self._projections()
        if projections.suit(queries.shape[1], context.shape[1]):
            ignored = [None] * len(context) if mask is None else (~mask).unbind()
            read = [
                attend_to_few(asking, few, few, projections, nothing)
                for asking, few, nothing in zip(queries, context, ignored, strict=True)
            ]
            return torch.stack(read)
        q = self.query(queries).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k, v = self.key_value(context).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        allowed = None if mask is None else mask[:, None, None, :]
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        return self.out(attended.transpose(1, 2).flatten(2))

    def along_time(self, x_ETPC: torch.Tensor) -> torch.Tensor:
        """Let every place look at itself in the other frames."""
        frames = x_ETPC.shape[1]
        if torch.is_grad_enabled() or torch.compiler.is_compiling() or frames > _FEW_FRAMES:
            line = x_ETPC.transpose(1, 2).flatten(0, 1)
            return self(line, line).unflatten(0, (x_ETPC.shape[0], -1)).transpose(1, 2)
        q_ETPMd = self.query(x_ETPC).unflatten(-1, (self.heads, -1))
        k_ETPMd, v_ETPMd = self.key_value(x_ETPC).unflatten(-1, (2, self.heads, -1)).unbind(-3)
        return self.out(attend_along_time(q_ETPMd, k_ETPMd, v_ETPMd).flatten(-2))

    def _projections(self) -> Projections:
        (to_key, to_value), (key, value) = (
            part.chunk(2) for part in (self.key_value.weight, self.key_value.bias)
        )
        return Projections(
            (self.query.weight, self.query.bias),
            (to_key, key),
            (to_value, value),
            (self.out.weight, self.out.bias),
            self.heads,
        )


class Mlp(nn.Sequential):
    """Linear, GELU, linear."""

    def __init__(self, width: int, hidden: int, out: int) -> None:
        super().__init__(Linear(width, hidden), nn.GELU(), Linear(hidden, out))


def fourier(position: torch.Tensor, channels: int) -> torch.Tensor:
    """Sine and cosine features of positions.

    Args:
        position: (...), 1 for the whole extent of a frame.
        channels: even number of features; wavelengths from 4 down to 1/8 extents.

    Returns:
        (..., channels).
    """
    octaves = torch.linspace(0, 5, channels // 2, device=position.device)
    angle = position[..., None] * (math.pi / 2) * 2**octaves
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class PositionEmbedding(nn.Module):
    """Where a pixel is in the frame, as features of shape HWC: sentences say 'on the left'.

    Coordinates run from -1 to 1 over the frame whatever its size, so the embedding does not
    depend on resolution.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = Linear(32, width)

    def forward(self, height: int, width: int) -> torch.Tensor:
        """Return the embedding of a grid of ``height`` x ``width`` places."""
        device = self.project.weight.device
        y_H = (torch.arange(height, device=device) + 0.5) / height * 2 - 1
        x_W = (torch.arange(width, device=device) + 0.5) / width * 2 - 1
        rows_HWC = fourier(y_H, 16)[:, None].expand(height, width, -1)
        columns_HWC = fourier(x_W, 16)[None].expand(height, width, -1)
        position_HWC = torch.cat([rows_HWC, columns_HWC], dim=-1)
        return self.project(position_HWC.to(self.project.weight.dtype))


class TimeEmbedding(nn.Module):
    """When a frame is, as features of shape TC, counted in frames from the clip's first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = Linear(16, width)

    def forward(self, frames: int) -> torch.Tensor:
        """Return the embedding of ``frames`` consecutive frames."""
        weight = self.project.weight
        time_T = torch.arange(frames, device=weight.device) / 8
        return self.project(fourier(time_T, 16).to(weight.dtype))
