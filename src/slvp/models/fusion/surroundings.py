"""What both fusions know of places besides the backbone's features."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.config import ModelConfig
from slvp.models.encoders import STRIDES
from slvp.models.layers import run
from slvp.models.motion import LocalCorrelation
from slvp.models.vision import Pyramid

_PIXELS = 12  # channels of the frames at stride 2: three of each of four pixels
_SHADES = 32


class Surroundings(nn.Module):
    """What is known of places besides the backbone's features: motion, colours, and class words.

    A backbone that was trained to name things has unlearnt much of their colours, by which
    sentences tell them apart. So it is counted which shades each place has.

    Args:
        config: tells which of them.
        channels: of the backbone's levels.
        text_width: of class words.
    """

    def __init__(self, config: ModelConfig, channels: list[int], text_width: int) -> None:
        super().__init__()
        self.recompute = config.checkpoint_activations
        reach, width = config.motion_reach, config.width
        self.motion = LocalCorrelation(channels[0], channels[1], width, reach) if reach else None
        self.shades = nn.Sequential(nn.Conv2d(_PIXELS, _SHADES, 1), nn.ReLU(inplace=True))
        self.colours = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(_SHADES), nn.Linear(_SHADES, width)) for _ in STRIDES[1:]
        )
        self.named = nn.Linear(text_width, width) if config.class_words else None

    def forward(self, pyramid: Pyramid) -> list[torch.Tensor]:
        """Return added_BTHWC for strides 8, 16 and 32."""
        stride8, stride16, stride32 = run(
            self._coloured, pyramid.colours_BTCHW, recompute=self.recompute
        )
        if self.motion is not None:
            motion_BTHWC = self.motion(pyramid.levels[0], pyramid.levels[1])
            stride8, stride16 = stride8 + motion_BTHWC, stride16 + _shrunk(motion_BTHWC, 2)
        if self.named is not None:
            assert pyramid.named_BTCHW is not None
            stride32 = stride32 + self.named(pyramid.named_BTCHW.permute(0, 1, 3, 4, 2))
        return [stride8, stride16, stride32]

    def _coloured(self, colours_BTCHW: torch.Tensor) -> list[torch.Tensor]:
        shades_FCHW = self.shades(colours_BTCHW.flatten(0, 1))
        shares_BTHWC = shades_FCHW.unflatten(0, colours_BTCHW.shape[:2]).movedim(2, -1)
        found = []
        for times, colours in zip((4, 2, 2), self.colours, strict=True):
            shares_BTHWC = _shrunk(shares_BTHWC, times)
            found.append(colours(shares_BTHWC))
        return found


def _shrunk(x_BTHWC: torch.Tensor, times: int) -> torch.Tensor:
    batch, frames, height, width, channels = x_BTHWC.shape
    shrunk = F.avg_pool2d(x_BTHWC.flatten(0, 1).permute(0, 3, 1, 2), times)
    return shrunk.permute(0, 2, 3, 1).view(batch, frames, height // times, width // times, channels)
