"""Pyramid to pixel embeddings at stride 4: a feature pyramid network."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.fusion import Fused
from slvp.models.layers import run


class ConvBlock(nn.Sequential):
    """3 x 3 convolution, group norm, GELU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.GroupNorm(8, channels_out),
            nn.GELU(),
        )


class PixelDecoder(nn.Module):
    """Merges the pyramid from coarse to fine (Lin et al., Feature Pyramid Networks, 2017).

    Args:
        stride4_channels: of the backbone's finest level.
        width: of the fused levels.
        pixel_width: of the embeddings returned.
        recompute: save memory in training: see :func:`slvp.models.layers.run`.
    """

    def __init__(
        self, stride4_channels: int, width: int, pixel_width: int, recompute: bool = False
    ) -> None:
        super().__init__()
        self.recompute = recompute
        self.merge = nn.ModuleList(ConvBlock(width, width) for _ in range(2))
        self.narrow = nn.Conv2d(width, pixel_width, 1)
        self.lateral = nn.Conv2d(stride4_channels, pixel_width, 1)
        self.fine = ConvBlock(pixel_width, pixel_width)
        self.out = nn.Conv2d(pixel_width, pixel_width, 3, padding=1)

    def forward(self, fused: Fused, clip_of_E: torch.Tensor) -> torch.Tensor:
        """Return pixels of shape ETCHW (or BTCHW where the fused pyramid is one per clip)."""
        stride4, stride8, stride16, stride32 = fused.pyramid
        groups, frames = stride32.shape[:2]
        x = stride32.flatten(0, 1)
        for finer, merge in zip((stride16, stride8), self.merge, strict=True):
            x = run(_merge, merge, finer.flatten(0, 1), x, recompute=self.recompute)
        lateral = self.lateral(stride4.flatten(0, 1))
        if fused.per_expression:
            lateral = lateral.unflatten(0, (-1, frames))[clip_of_E].flatten(0, 1)
        x = run(_merge, self.fine, lateral, self.narrow(x), recompute=self.recompute)
        return self.out(x).unflatten(0, (groups, frames))


def _merge(block: nn.Module, finer_FCHW: torch.Tensor, coarser_FCHW: torch.Tensor) -> torch.Tensor:
    return block(finer_FCHW + _double(coarser_FCHW))


def _double(x_FCHW: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x_FCHW, scale_factor=2, mode="bilinear", align_corners=False)
