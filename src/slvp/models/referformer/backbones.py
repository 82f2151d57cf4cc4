"""Which backbone has which name."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from slvp.errors import UserError
from slvp.models.image_backbone import ImageBackbone
from slvp.models.referformer.resnet import ResNet
from slvp.models.referformer.swin import Swin

RESNET = ("resnet50", "resnet101")

SWIN = {
    "swin_t": (96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "swin_s": (96, (2, 2, 18, 2), (3, 6, 12, 24)),
    "swin_b": (128, (2, 2, 18, 2), (4, 8, 16, 32)),
    "swin_l": (192, (2, 2, 18, 2), (6, 12, 24, 48)),
}
"""Channels, blocks and heads."""

_DROP_PATH = {"swin_b": 0.3, "swin_l": 0.3}
_USUAL_DROP_PATH = 0.2

VIDEO_SWIN = tuple(f"video_swin_{size}" for size in "tsb")

PUBLISHED = (*RESNET, *SWIN, *VIDEO_SWIN)

TIMM = "timm:"

_WINDOW = 7
_FRAMES = 8  # of a window of Video Swin


class FrameEncoder(nn.Module):
    """Frames to levels at strides 4, 8, 16 and 32.

    Args:
        name: one of ``PUBLISHED``, or ``timm:`` and a timm backbone.
        pretrained: load named weights, of a timm backbone.
        frozen: never train it.

    Attributes:
        channels: of the levels.

    Raises:
        UserError: there is no such backbone.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, name: str, *, pretrained: bool, frozen: bool) -> None:
        super().__init__()
        self.frozen = frozen
        self.backbone: Any
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        if name in RESNET:
            self.backbone = ResNet(name)
        elif name in SWIN:
            self.backbone = Swin(
                *SWIN[name],
                (1, _WINDOW, _WINDOW),
                normalises=True,
                drop_path=_DROP_PATH.get(name, _USUAL_DROP_PATH),
            )
        elif name in VIDEO_SWIN:
            sizes = SWIN[name.removeprefix("video_")]
            self.backbone = Swin(
                *sizes,
                (_FRAMES, _WINDOW, _WINDOW),
                normalises=False,
                drop_path=_USUAL_DROP_PATH,
            )
        elif name.startswith(TIMM):
            self.backbone = ImageBackbone(name.removeprefix(TIMM), pretrained=pretrained)
            mean, std = self.backbone.mean, self.backbone.std
        else:
            raise UserError(
                f"vision backbone {name!r}: unknown; expected one of {', '.join(PUBLISHED)}, or "
                f"{TIMM}NAME for a backbone of timm"
            )
        for statistic, value in (("mean", mean), ("std", std)):
            value_C11 = torch.tensor(value)[:, None, None]
            self.register_buffer(statistic, value_C11, persistent=False)
        self.channels = list(self.backbone.channels)
        if frozen:
            self.backbone.requires_grad_(False)

    def train(self, mode: bool = True) -> FrameEncoder:
        """Switch to training mode; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(
        self, frames_BTCHW: torch.Tensor, padding_BHW: torch.Tensor | None = None
    ) -> list[torch.Tensor]:
        """Encode frames (RGB in 0..1); each level is of shape BTCHW.

        Args:
            frames_BTCHW: of any size.
            padding_BHW: True where a clip's frames have ended; what is there counts as zero.
        """
        images_BTCHW = (frames_BTCHW - self.mean) / self.std
        if padding_BHW is not None:
            images_BTCHW = images_BTCHW.masked_fill(padding_BHW[:, None, None], 0)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            levels: list[torch.Tensor] = self.backbone(images_BTCHW)
        return levels
