"""Where something is, as sines and cosines (DETR's; Carion et al., 2020)."""

from __future__ import annotations

import math

import torch

_TEMPERATURE = 10_000
_EPSILON = 1e-6


def place_embedding(padding_FHW: torch.Tensor, channels: int) -> torch.Tensor:
    """Return embeddings FCHW of the places of a level.

    Args:
        padding_FHW: True where a frame has ended.
        channels: half for the row, half for the column.
    """
    inside_FHW = ~padding_FHW
    row_FHW, column_FHW = (inside_FHW.cumsum(axis, dtype=torch.float32) for axis in (1, 2))
    row_FHW = (row_FHW - 0.5) / (row_FHW[:, -1:] + _EPSILON)
    column_FHW = (column_FHW - 0.5) / (column_FHW[:, :, -1:] + _EPSILON)
    parts = [_waves(part_FHW, channels // 2) for part_FHW in (row_FHW, column_FHW)]
    return torch.cat(parts, dim=-1).permute(0, 3, 1, 2)


def word_embedding(mask_EL: torch.Tensor, channels: int) -> torch.Tensor:
    """Return embeddings ELC of the words of sentences; ``mask_EL`` is True where there are any."""
    number_EL = mask_EL.cumsum(1, dtype=torch.float32)
    return _waves(number_EL / (number_EL[:, -1:] + _EPSILON), channels)


def _waves(share: torch.Tensor, channels: int) -> torch.Tensor:
    """Return (..., channels): sine and cosine in turn of a share of the whole extent."""
    exponent_C = torch.arange(channels, device=share.device, dtype=torch.float32)
    scale_C = _TEMPERATURE ** (2 * (exponent_C // 2) / channels)
    angle = (share * (2 * math.pi))[..., None] / scale_C
    return torch.stack([angle[..., 0::2].sin(), angle[..., 1::2].cos()], dim=-1).flatten(-2)
