"""Frames to a pyramid of pixel features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.encoders import STRIDES
from slvp.models.image_backbone import ImageBackbone
from slvp.models.video_swin import VIDEO_SWIN, VideoSwin


@dataclass(frozen=True)
class Pyramid:
    """What is seen in a clip, whatever is asked of it.

    Attributes:
        levels: features at strides 4, 8, 16 and 32, each of shape BTCHW.
        outlines_BTCHW: what is known of outlines at stride 2: the frames themselves, four pixels to
            a place, or what the model's head has drawn of them.
        named_BTCHW: class words at stride 32, where the model has them.
    """

    levels: list[torch.Tensor]
    outlines_BTCHW: torch.Tensor
    named_BTCHW: torch.Tensor | None = None

    @property
    def frames(self) -> int:
        """How many frames each clip has."""
        return self.outlines_BTCHW.shape[1]

    def after(self, frames: int) -> Pyramid:
        """Return what is seen without the first ``frames`` frames."""
        return self.made_of([tensor[:, frames:] for tensor in self.tensors()])

    def followed_by(self, later: Pyramid) -> Pyramid:
        """Return what is seen in these frames and then in the later ones."""
        pairs = zip(self.tensors(), later.tensors(), strict=True)
        # Channels stay last in memory, where torch.cat would put them third.
        joined = [
            torch.cat([part.permute(0, 1, 3, 4, 2) for part in pair], dim=1) for pair in pairs
        ]
        return self.made_of([tensor.permute(0, 1, 4, 2, 3) for tensor in joined])

    def tensors(self) -> list[torch.Tensor]:
        """Return all that is seen, in the order that :meth:`made_of` takes it."""
        named = [] if self.named_BTCHW is None else [self.named_BTCHW]
        return [*self.levels, self.outlines_BTCHW, *named]

    @staticmethod
    def made_of(tensors: list[torch.Tensor]) -> Pyramid:
        """Return the pyramid of these tensors."""
        return Pyramid(tensors[: len(STRIDES)], *tensors[len(STRIDES) :])


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
            levels: list[torch.Tensor] = self.backbone(images_BTCHW)
        if self._normalises:
            levels = [normalised(level) for level in levels]
        return Pyramid(levels, outlines_BTCHW=F.pixel_unshuffle(images_BTCHW, 2))


def normalised(level_BTCHW: torch.Tensor) -> torch.Tensor:
    """Give the channels of each place mean 0 and variance 1."""
    level_BTHWC = level_BTCHW.movedim(2, -1)
    return F.layer_norm(level_BTHWC, level_BTHWC.shape[-1:]).movedim(-1, 2)
