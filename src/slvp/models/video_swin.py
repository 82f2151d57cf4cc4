"""torchvision's Video Swin: frames of a clip see each other.

Liu et al., Video Swin Transformer, 2022.
"""

from __future__ import annotations

from typing import Any

import torch
import torchvision
from torch import nn

from slvp.errors import UserError
from slvp.models.encoders import first_line
from slvp.models.layers import run

VIDEO_SWIN = {
    "swin3d_t": "KINETICS400_V1",
    "swin3d_s": "KINETICS400_V1",
    "swin3d_b": "KINETICS400_IMAGENET22K_V1",
}
"""Names of the backbones, and of the weights that torchvision has for them."""


class VideoSwin(nn.Module):
    """Levels at strides 4 to 32 of Video Swin T, S or B, one for every frame.

    Video Swin looks at pairs of frames and would hand out half as many. Here each frame is paired
    with itself, so that T frames, odd or even, give T features: the kernel of the first layer is
    summed over time, which is the same and needs no second copy. (As in MTTR, Botach et al., 2022.)

    Args:
        name: one of ``VIDEO_SWIN``.
        pretrained: load torchvision's weights (Kinetics-400).

    Attributes:
        channels: of the four levels.
        mean, std: of the colours that it was trained on, RGB in 0..1.

    Raises:
        UserError: the weights can't be fetched.
    """

    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)

    def __init__(self, name: str, *, pretrained: bool) -> None:
        super().__init__()
        weights = torchvision.models.get_model_weights(name)[VIDEO_SWIN[name]]
        try:
            whole: Any = torchvision.models.get_model(
                name, weights=weights if pretrained else None, progress=False
            )
        except (RuntimeError, OSError) as error:  # no network, or a damaged file in the cache
            raise UserError(
                f"vision backbone {name!r}: {weights.url} can't be had ({first_line(error)}); "
                f"fetch it elsewhere and put it into {torch.hub.get_dir()}/checkpoints"
            ) from None
        pairs = whole.patch_embed.proj
        width = pairs.out_channels
        self.patches = nn.Conv2d(3, width, pairs.kernel_size[1:], pairs.stride[1:])
        with torch.no_grad():
            self.patches.weight.copy_(pairs.weight.sum(2))
            self.patches.bias.copy_(pairs.bias)  # type: ignore[union-attr]
        self.normalise_patches: nn.Module = whole.patch_embed.norm
        # Stages and, between them, mergers of 2 x 2 places.
        self.stages: nn.ModuleList = nn.ModuleList(whole.features)
        self.channels = [width, 2 * width, 4 * width, 8 * width]
        self._recompute = False

    def recompute(self) -> None:
        """Compute activations anew for the backward pass, block by block: see ``layers.run``."""
        self._recompute = True

    def forward(self, images_BTCHW: torch.Tensor) -> list[torch.Tensor]:
        """Encode normalised frames, sides divisible by 32; each level is of shape BTCHW."""
        patches = self.patches(images_BTCHW.flatten(0, 1)).unflatten(0, images_BTCHW.shape[:2])
        x_BTHWC = self.normalise_patches(patches.permute(0, 1, 3, 4, 2))
        levels = []
        for stage in self.stages:
            if not isinstance(stage, nn.Sequential):
                x_BTHWC = stage(x_BTHWC)
                continue
            for block in stage:
                x_BTHWC = run(block, x_BTHWC, recompute=self._recompute)
            levels.append(x_BTHWC.permute(0, 1, 4, 2, 3))
        return levels
