"""Frames to a pyramid of pixel features."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import nn

from slvp.errors import UserError
from slvp.models.encoders import PACKAGED_VISION

STRIDES = (4, 8, 16, 32)

Pyramid = list[torch.Tensor]
"""Features at strides 4, 8, 16, 32, each of shape BTCHW (or ETCHW once fused)."""


class VisionEncoder(nn.Module):
    """A timm backbone applied to every frame.

    Args:
        name: a timm model that can return features at strides 4 to 32.
        pretrained: load named weights; from an installed package where one carries them,
            otherwise from timm's hub.
        frozen: keep weights and normalisation statistics as they are.
    """

    def __init__(self, name: str, *, pretrained: bool, frozen: bool) -> None:
        super().__init__()
        packaged = PACKAGED_VISION.get(name) if pretrained else None
        try:
            self.backbone: Any = timm.create_model(
                name, pretrained=pretrained and packaged is None, features_only=True
            )
        except (RuntimeError, OSError) as error:  # unknown to timm, or its hub can't be reached
            raise UserError(
                f"vision backbone {name!r}: can't be built ({_first_line(error)}); expected one of "
                f"{', '.join(PACKAGED_VISION)} or a timm model whose hub can be reached"
            ) from None
        if packaged is not None:
            self._load_packaged(name, torch.load(packaged.verified_path(), weights_only=True))
        reductions = list(self.backbone.feature_info.reduction())
        self._levels = [reductions.index(stride) for stride in STRIDES]
        channels = self.backbone.feature_info.channels()
        self.channels = [int(channels[level]) for level in self._levels]
        data = timm.data.resolve_model_data_config(self.backbone)
        for statistic in ("mean", "std"):
            value_C11 = torch.tensor(data[statistic])[:, None, None]
            self.register_buffer(statistic, value_C11, persistent=False)
        self.mean: torch.Tensor
        self.std: torch.Tensor
        self.frozen = frozen
        if frozen:
            self.backbone.requires_grad_(False)
        self.backbone.to(memory_format=torch.channels_last)

    def _load_packaged(self, name: str, state: dict[str, torch.Tensor]) -> None:
        """Copy a package's tensors over: they match timm's one to one in order, not in name."""
        names = timm.create_model(name, pretrained=False).state_dict()
        renamed = dict(zip(names, state.values(), strict=True))
        self.backbone.load_state_dict({k: renamed[k] for k in self.backbone.state_dict()})

    def train(self, mode: bool = True) -> VisionEncoder:
        """Switch to training mode; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, frames_BTCHW: torch.Tensor) -> Pyramid:
        """Encode frames (RGB in 0..1, sides divisible by 32)."""
        batch, frames = frames_BTCHW.shape[:2]
        images = (frames_BTCHW.flatten(0, 1) - self.mean) / self.std
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            levels = self.backbone(images.contiguous(memory_format=torch.channels_last))
        return [levels[level].unflatten(0, (batch, frames)) for level in self._levels]


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
