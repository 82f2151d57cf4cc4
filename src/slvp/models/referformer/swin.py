"""Swin and Video Swin, as the published checkpoints have them.

timm's and torchvision's Swin fill up frames that no whole number of windows covers in another way,
so their features are not those that these weights were trained with.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from timm.layers import DropPath
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.onednn import Linear
from slvp.models.referformer.window_attention import Size, WindowAttention, Windows

_PATCH = 4


class SwinBlock(nn.Module):
    """Attention within windows, then a small network for each place."""

    def __init__(self, width: int, heads: int, windows: Windows, drop_path: float) -> None:
        super().__init__()
        self.windows = windows
        self.normalise_attention = nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, windows.size)
        self.normalise_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(Linear(width, 4 * width, then="gelu"), Linear(4 * width, width))
        self.drop_path = DropPath(drop_path)

    def forward(self, x_BTHWC: torch.Tensor) -> torch.Tensor:
        """Return the refined clip."""
        windows = self.windows
        if windows.size[0] > 1:  # only Video Swin's give way to small clips
            windows = windows.within(x_BTHWC.shape[1:4])
        read = self.attention(self.normalise_attention(x_BTHWC), windows)
        x_BTHWC = x_BTHWC + self.drop_path(read)
        return x_BTHWC + self.drop_path(self.mlp(self.normalise_mlp(x_BTHWC)))


class Merger(nn.Module):
    """Four places to one of twice the channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.normalise = nn.LayerNorm(4 * width)
        self.reduce = Linear(4 * width, 2 * width, bias=False)

    def forward(self, x_BTHWC: torch.Tensor) -> torch.Tensor:
        """Return the clip at half its size."""
        height, width = x_BTHWC.shape[2:4]
        x_BTHWC = F.pad(x_BTHWC, (0, 0, 0, width % 2, 0, height % 2))
        corners = [x_BTHWC[:, :, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduce(self.normalise(torch.cat(corners, dim=-1)))


class Swin(nn.Module):
    """Levels at strides 4 to 32.

    Args:
        width: channels at stride 4.
        depths: blocks of each stage.
        heads: of each stage.
        window: the largest one; of one frame for Swin, whose frames don't see each other.
        normalises: normalise each level, as Swin does and Video Swin doesn't.
        drop_path: chance, in training, that the last block is left out; earlier ones less often.

    Attributes:
        channels: of the four levels.
    """

    def __init__(
        self,
        width: int,
        depths: Sequence[int],
        heads: Sequence[int],
        window: Size,
        *,
        normalises: bool,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, _PATCH, stride=_PATCH)
        self.normalise_patches = nn.LayerNorm(width)
        self.channels = [width * 2**stage for stage in range(len(depths))]
        windows = Windows(window)
        last = sum(depths) - 1
        dropped = (drop_path * number / last for number in range(sum(depths)))
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(
                    SwinBlock(c, m, windows.shifted() if number % 2 else windows, next(dropped))
                    for number in range(depth)
                )
            )
            for c, m, depth in zip(self.channels, heads, depths, strict=True)
        )
        self.mergers = nn.ModuleList(Merger(c) for c in self.channels[:-1])
        self.normalise_levels = (
            nn.ModuleList(nn.LayerNorm(c) for c in self.channels) if normalises else None
        )

    def forward(self, images_BTCHW: torch.Tensor) -> list[torch.Tensor]:
        """Encode normalised frames of any size; each level is of shape BTCHW."""
        height, width = images_BTCHW.shape[-2:]
        images_BTCHW = F.pad(images_BTCHW, (0, -width % _PATCH, 0, -height % _PATCH))
        patches = self.patches(images_BTCHW.flatten(0, 1)).unflatten(0, images_BTCHW.shape[:2])
        x_BTHWC = self.normalise_patches(patches.permute(0, 1, 3, 4, 2))
        levels = []
        for number, stage in enumerate(self.stages):
            if number > 0:
                x_BTHWC = self.mergers[number - 1](x_BTHWC)
            x_BTHWC = stage(x_BTHWC)
            level_BTHWC = x_BTHWC
            if self.normalise_levels is not None:
                level_BTHWC = self.normalise_levels[number](x_BTHWC)
            levels.append(level_BTHWC.permute(0, 1, 4, 2, 3))
        return levels
