"""A timm backbone: every frame by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import timm
import torch
from torch import nn

from slvp.errors import UserError
from slvp.models.encoders import PACKAGED_VISION, STRIDES, first_line, hub

_PROBE = (64, 96)  # height and width: no multiple of common windows, and no two sides alike


class ImageBackbone(nn.Module):
    """Levels at strides 4 to 32 of any timm backbone that takes frames of any size.

    Args:
        name: a timm model.
        pretrained: load named weights; from an installed package where one carries them,
            otherwise from timm's hub.

    Attributes:
        channels: of the four levels.
        mean, std: of the colours that it was trained on, RGB in 0..1.

    Raises:
        UserError: timm has no such model, its weights can't be had, or it has no such levels.
    """

    def __init__(self, name: str, *, pretrained: bool) -> None:
        super().__init__()
        packaged = PACKAGED_VISION.get(name) if pretrained else None
        from_hub = pretrained and packaged is None
        asking = hub() if from_hub and timm.is_model(name) else contextlib.nullcontext()
        # Swin takes frames of one size unless told otherwise.
        options = {"strict_img_size": False} if name.startswith("swin") else {}
        try:
            with asking:
                self.net: Any = timm.create_model(
                    name, pretrained=from_hub, features_only=True, **options
                )
        except (RuntimeError, OSError) as error:  # unknown to timm, or its hub can't be reached
            raise UserError(
                f"vision backbone {name!r}: can't be built ({first_line(error)}); expected one of "
                f"{', '.join(PACKAGED_VISION)} or a timm model whose hub can be reached"
            ) from None
        if packaged is not None:
            whole = whole_model(name, pretrained=True).state_dict()
            self.net.load_state_dict({k: whole[k] for k in self.net.state_dict()})
        reductions = [int(stride) for stride in self.net.feature_info.reduction()]
        if not set(STRIDES) <= set(reductions):
            raise UserError(
                f"vision backbone {name!r}: gives features at strides {reductions}, expected "
                "4, 8, 16 and 32 among them; choose another, such as convnext_tiny"
            )
        self._levels = [reductions.index(stride) for stride in STRIDES]
        channels = self.net.feature_info.channels()
        self.channels = [int(channels[level]) for level in self._levels]
        data = timm.data.resolve_model_data_config(self.net)
        self.mean: tuple[float, ...] = tuple(data["mean"])
        self.std: tuple[float, ...] = tuple(data["std"])
        self.net.to(memory_format=torch.channels_last)
        self._channels_come_last = self._probe(name)

    @torch.no_grad()
    def _probe(self, name: str) -> bool:
        """Return whether channels come last in the levels, as they do in Swin."""
        height, width = _PROBE
        device = next(self.net.parameters()).device
        self.net.eval()
        try:
            levels = self._run(torch.zeros(1, 3, height, width, device=device))
        except (AssertionError, RuntimeError, ValueError) as error:
            raise UserError(
                f"vision backbone {name!r}: takes no frames of any size ({first_line(error)}); "
                "choose another, such as convnext_tiny"
            ) from None
        self.net.train()
        return tuple(levels[0].shape[1:]) == (height // 4, width // 4, self.channels[0])

    def recompute(self) -> None:
        """Compute activations anew for the backward pass, stage by stage: see ``layers.run``.

        Not with batch normalisation: its statistics would be updated twice.
        """
        batch_normalised = any(isinstance(m, nn.BatchNorm2d) for m in self.net.modules())
        if not batch_normalised and hasattr(self.net, "set_grad_checkpointing"):
            self.net.set_grad_checkpointing(True)

    def _run(self, images_FCHW: torch.Tensor) -> Sequence[torch.Tensor]:
        levels = self.net(images_FCHW.contiguous(memory_format=torch.channels_last))
        return [levels[level] for level in self._levels]

    def forward(self, images_BTCHW: torch.Tensor) -> list[torch.Tensor]:
        """Encode normalised frames, sides divisible by 32; each level is of shape BTCHW."""
        batch, frames = images_BTCHW.shape[:2]
        levels = self._run(images_BTCHW.flatten(0, 1))
        if self._channels_come_last:
            levels = [level.permute(0, 3, 1, 2) for level in levels]
        return [level.view(batch, frames, *level.shape[1:]) for level in levels]


def whole_model(name: str, *, pretrained: bool) -> Any:
    """Return a timm model as it classifies pictures.

    Args:
        name: a timm model.
        pretrained: load named weights; from an installed package where one carries them.
    """
    packaged = PACKAGED_VISION.get(name) if pretrained else None
    model: Any = timm.create_model(name, pretrained=pretrained and packaged is None)
    if packaged is not None:
        # A package's tensors match timm's one to one in order, not in name.
        state = torch.load(packaged.verified_path(), weights_only=True)
        model.load_state_dict(dict(zip(model.state_dict(), state.values(), strict=True)))
    return model
