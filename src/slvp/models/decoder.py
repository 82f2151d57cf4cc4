"""Pyramid to pixel embeddings at stride 4: a feature pyramid network."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.fusion import Fused
from slvp.models.layers import run

_COLOURS = 12  # three of each of four pixels


class ConvBlock(nn.Sequential):
    """3 x 3 convolution, group norm, GELU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.GroupNorm(math.gcd(8, channels_out), channels_out),
            nn.GELU(),
        )

    def finish(self, convolved_FCHW: torch.Tensor) -> torch.Tensor:
        """Do what follows the convolution."""
        _, normalise, activate = self
        result: torch.Tensor = activate(normalise(convolved_FCHW))
        return result


class PixelDecoder(nn.Module):
    """Merges the pyramid from coarse to fine (Lin et al., Feature Pyramid Networks, 2017).

    Args:
        stride4_channels: of the backbone's finest level.
        width: of the fused levels.
        pixel_width: of the embeddings returned.
        recompute: save memory in training: see :func:`slvp.models.layers.run`.
    """

    def __init__(
        self, stride4_channels: int, width: int, pixel_width: int, recompute: bool = False
    ) -> None:
        super().__init__()
        self.recompute = recompute
        self.merge = nn.ModuleList(ConvBlock(width, width) for _ in range(2))
        self.narrow = nn.Conv2d(width, pixel_width, 1)
        self.lateral = nn.Conv2d(stride4_channels, pixel_width, 1)
        self.fine = ConvBlock(pixel_width, pixel_width)
        self.out = nn.Conv2d(pixel_width, pixel_width, 3, padding=1)

    def forward(self, fused: Fused, clip_of_E: torch.Tensor) -> torch.Tensor:
        """Return pixels of shape ETCHW (or BTCHW where the fused pyramid is one per clip)."""
        stride4, stride8, stride16, stride32 = fused.levels
        groups, frames = stride32.shape[:2]
        x = stride32.flatten(0, 1)
        for finer, merge in zip((stride16, stride8), self.merge, strict=True):
            x = run(_merge, merge, finer.flatten(0, 1), x, recompute=self.recompute)
        lateral = self.lateral(stride4.flatten(0, 1))
        if fused.per_expression:
            lateral = lateral.unflatten(0, (-1, frames))[clip_of_E].flatten(0, 1)
        x = run(_merge, self.fine, lateral, self.narrow(x), recompute=self.recompute)
        return self.out(x).unflatten(0, (groups, frames))


class Outline(nn.Module):
    """Pixel embeddings from stride 4 to stride 2, where the frame's own colours draw the outline.

    Args:
        pixel_width: of the embeddings at stride 4; at stride 2 they have half of it.
    """

    def __init__(self, pixel_width: int) -> None:
        super().__init__()
        self.width = pixel_width // 2
        self.narrow = nn.Conv2d(pixel_width, self.width, 1)
        self.colours = ConvBlock(_COLOURS, self.width)
        self.fine = ConvBlock(2 * self.width, self.width)

    def draw(self, colours_BTCHW: torch.Tensor) -> torch.Tensor:
        """Return drawn_BTCHW: what of the outlines hangs on the frames alone, whatever is asked."""
        drawn_FCHW = self.colours(colours_BTCHW.flatten(0, 1))
        weight = self._weight()[:, self.width :]
        return F.conv2d(drawn_FCHW, weight, padding=1).unflatten(0, colours_BTCHW.shape[:2])

    def forward(
        self, pixels_GTCHW: torch.Tensor, drawn_BTCHW: torch.Tensor, clip_of_G: torch.Tensor
    ) -> torch.Tensor:
        """Return pixels_GTCHW at stride 2; each of G groups of frames is of a clip."""
        coarse_FCHW = _double(self.narrow(pixels_GTCHW.flatten(0, 1)))
        # The convolution of both side by side is the sum of their convolutions.
        fine_FCHW = F.conv2d(coarse_FCHW, self._weight()[:, : self.width], padding=1)
        # Channels last, as the convolution leaves them: sums of unlike orders are slow.
        drawn_GTHWC = drawn_BTCHW.permute(0, 1, 3, 4, 2)[clip_of_G]
        drawn_FCHW = drawn_GTHWC.flatten(0, 1).permute(0, 3, 1, 2)
        fine_FCHW = self.fine.finish(fine_FCHW.add_(drawn_FCHW))
        return fine_FCHW.unflatten(0, pixels_GTCHW.shape[:2])

    def _weight(self) -> torch.Tensor:
        return self.fine.get_parameter("0.weight")


def _merge(block: nn.Module, finer_FCHW: torch.Tensor, coarser_FCHW: torch.Tensor) -> torch.Tensor:
    return block(finer_FCHW + _double(coarser_FCHW))


def _double(x_FCHW: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x_FCHW, scale_factor=2, mode="bilinear", align_corners=False)
