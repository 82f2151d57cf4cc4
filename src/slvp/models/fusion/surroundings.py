"""What both fusions know of places besides the backbone's features."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.config import ModelConfig
from slvp.models.motion import LocalCorrelation
from slvp.models.onednn import Linear
from slvp.models.vision import Pyramid


class Surroundings(nn.Module):
    """What is known of places besides the backbone's features: motion, and class words.

    Args:
        config: tells which of them.
        channels: of the backbone's levels.
        text_width: of class words.
    """

    def __init__(self, config: ModelConfig, channels: list[int], text_width: int) -> None:
        super().__init__()
        reach, width = config.motion_reach, config.width
        self.motion = LocalCorrelation(channels[0], channels[1], width, reach) if reach else None
        self.named = Linear(text_width, width) if config.class_words else None

    def forward(self, pyramid: Pyramid) -> list[torch.Tensor | None]:
        """Return added_BTHWC for strides 8, 16 and 32."""
        added: list[torch.Tensor | None] = [None, None, None]
        if self.motion is not None:
            motion_BTHWC = self.motion(pyramid.levels[0], pyramid.levels[1])
            added[:2] = motion_BTHWC, _halved(motion_BTHWC)
        if self.named is not None:
            assert pyramid.named_BTCHW is not None
            added[2] = self.named(pyramid.named_BTCHW.permute(0, 1, 3, 4, 2))
        return added


def _halved(x_BTHWC: torch.Tensor) -> torch.Tensor:
    batch, frames, height, width, channels = x_BTHWC.shape
    halved = F.avg_pool2d(x_BTHWC.flatten(0, 1).permute(0, 3, 1, 2), 2)
    return halved.permute(0, 2, 3, 1).view(batch, frames, height // 2, width // 2, channels)
