"""Frames to a pyramid of pixel features."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.image_backbone import ImageBackbone
from slvp.models.video_swin import VIDEO_SWIN, VideoSwin

Pyramid = list[torch.Tensor]
"""Features at strides 4, 8, 16, 32, each of shape BTCHW (or ETCHW once fused)."""


class VisionEncoder(nn.Module):
    """A timm backbone applied to every frame, or torchvision's Video Swin applied to the clip.

    Args:
        name: ``swin3d_t``, ``swin3d_s``, ``swin3d_b``, or a timm model that can return features at
            strides 4 to 32.
        pretrained: load named weights.
        frozen: keep weights and normalisation statistics as they are.
        recompute: save memory in training: see :func:`slvp.models.layers.run`.

    Raises:
        UserError: there is no such backbone, its weights can't be had, or it has no such features.
    """

    def __init__(
        self, name: str, *, pretrained: bool, frozen: bool, recompute: bool = False
    ) -> None:
        super().__init__()
        build = VideoSwin if name in VIDEO_SWIN else ImageBackbone
        self.backbone: Any = build(name, pretrained=pretrained)
        self.channels: list[int] = self.backbone.channels
        for statistic in ("mean", "std"):
            value_C11 = torch.tensor(getattr(self.backbone, statistic))[:, None, None]
            self.register_buffer(statistic, value_C11, persistent=False)
        self.mean: torch.Tensor
        self.std: torch.Tensor
        # Transformers and their like normalise at the entrance of each block: what leaves a stage
        # is of any scale, and whoever reads it is expected to normalise it.
        self._normalises = any(isinstance(m, nn.LayerNorm) for m in self.backbone.modules())
        self.frozen = frozen
        if frozen:
            self.backbone.requires_grad_(False)
        elif recompute:
            self.backbone.recompute()

    def train(self, mode: bool = True) -> VisionEncoder:
        """Switch to training mode; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, frames_BTCHW: torch.Tensor) -> Pyramid:
        """Encode frames (RGB in 0..1, sides divisible by 32)."""
        images_BTCHW = (frames_BTCHW - self.mean) / self.std
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            levels: Pyramid = self.backbone(images_BTCHW)
        return [_normalised(level) for level in levels] if self._normalises else levels


def _normalised(level_BTCHW: torch.Tensor) -> torch.Tensor:
    """Give the channels of each place mean 0 and variance 1."""
    level_BTHWC = level_BTCHW.movedim(2, -1)
    return F.layer_norm(level_BTHWC, level_BTHWC.shape[-1:]).movedim(-1, 2)
