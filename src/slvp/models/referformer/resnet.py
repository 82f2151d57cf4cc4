"""torchvision's ResNet, whose batch normalisation stays as it was pre-trained."""

from __future__ import annotations

from typing import Any

import torch
import torchvision
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torchvision.ops.misc import FrozenBatchNorm2d

from slvp.models.onednn import linear

_STAGES = ("layer1", "layer2", "layer3", "layer4")


class FrozenConv(nn.Module):
    """A convolution and the frozen normalisation after it, as one: the same at half the traffic."""

    def __init__(self, conv: nn.Conv2d, norm: Any) -> None:
        super().__init__()
        self.conv = conv
        self.norm = norm

    def forward(self, x_FCHW: torch.Tensor) -> torch.Tensor:
        """Convolve with weights that hold the normalisation's scale."""
        norm = self.norm
        scale_C = norm.weight * (norm.running_var + norm.eps).rsqrt()
        bias_C = norm.bias - norm.running_mean * scale_C
        weight = self.conv.weight * scale_C[:, None, None, None]
        if self.conv.kernel_size == (1, 1):
            rows, columns = self.conv.stride
            x_FHWC = x_FCHW[..., ::rows, ::columns].permute(0, 2, 3, 1)
            return linear(x_FHWC, weight[..., 0, 0], bias_C).permute(0, 3, 1, 2)
        return F.conv2d(
            x_FCHW,
            weight.contiguous(memory_format=torch.channels_last),
            bias_C,
            self.conv.stride,
            self.conv.padding,
        )


class ResNet(nn.Module):
    """Levels at strides 4 to 32 of ``resnet50`` or ``resnet101``; frames don't see each other.

    Attributes:
        channels: of the four levels.
    """

    channels = (256, 512, 1024, 2048)

    def __init__(self, name: str) -> None:
        super().__init__()
        whole: Any = torchvision.models.get_model(name, weights=None, norm_layer=FrozenBatchNorm2d)
        self.first = FrozenConv(whole.conv1, whole.bn1)
        self.stages = nn.ModuleList(getattr(whole, stage) for stage in _STAGES)
        blocks: list[Any] = [block for stage in _STAGES for block in getattr(whole, stage)]
        for block in blocks:
            for number in ("1", "2", "3"):
                joined = FrozenConv(getattr(block, f"conv{number}"), getattr(block, f"bn{number}"))
                setattr(block, f"conv{number}", joined)
                setattr(block, f"bn{number}", nn.Identity())
            if block.downsample is not None:
                block.downsample = FrozenConv(*block.downsample)
        for frozen in (self.first, self.stages[0]):
            frozen.requires_grad_(False)

    def forward(self, images_BTCHW: torch.Tensor) -> list[torch.Tensor]:
        """Encode normalised frames of any size; each level is of shape BTCHW."""
        images = images_BTCHW.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        x_FCHW = F.max_pool2d(self.first(images).relu_(), 3, stride=2, padding=1)
        levels = []
        for stage in self.stages:
            x_FCHW = stage(x_FCHW)
            levels.append(x_FCHW.unflatten(0, images_BTCHW.shape[:2]))
        return levels
