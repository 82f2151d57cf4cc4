"""Each query's own small convolution over the pixels (Tian et al., CondInst, 2020).

A query tells the weights of a few 1 x 1 convolutions. They read the pixels and, for each pixel, how
far the centre of the query's box is from it.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.layers import ReluMlp

STRIDE = 4


class DynamicMasks(nn.Module):
    """Queries, boxes and pixels to logit maps at stride 4."""

    def __init__(self, config: ReferFormerConfig) -> None:
        super().__init__()
        self.pixel_width = config.pixel_width
        hidden = [config.mask_width] * (config.mask_layers - 1)
        self._channels = [config.pixel_width + 2, *hidden, 1]
        shapes = list(pairwise(self._channels))
        self._numbers = [a * b for a, b in shapes] + [b for _, b in shapes]
        self.tell = ReluMlp(config.width, sum(self._numbers))
        for module in self.tell:
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(
        self,
        queries_FNC: torch.Tensor,
        centres_FN2: torch.Tensor,
        pixels_FCHW: torch.Tensor,
        out: nn.Conv2d,
    ) -> torch.Tensor:
        """Return logits FNHW.

        Args:
            queries_FNC: who tells the weights.
            centres_FN2: x and y of their boxes, in pixels of the frame.
            pixels_FCHW: before their last layer.
            out: that layer. Nothing bends between it and a query's first one, so that the two can
                be joined to one with a few channels for each query, where no gradient is wanted.
        """
        frames, queries = queries_FNC.shape[:2]
        parts = self.tell(queries_FNC).split(self._numbers, dim=-1)
        layers = len(parts) // 2
        weights = [
            part.unflatten(-1, (after, before))  # F N after before
            for part, (before, after) in zip(parts[:layers], pairwise(self._channels), strict=True)
        ]
        biases = parts[layers:]

        first_FNKC, along_FNK2 = weights[0].split([self.pixel_width, 2], dim=-1)
        seen = self._first(first_FNKC.flatten(1, 2), pixels_FCHW, out)
        seen_FNKHW = seen.unflatten(1, (queries, -1))
        height, width = seen_FNKHW.shape[-2:]
        for axis, size in ((0, width), (1, height)):
            at = torch.arange(size, device=seen.device) * STRIDE + STRIDE // 2
            away_FNS = centres_FN2[..., axis, None] - at
            told_FNKS = along_FNK2[..., axis, None] * away_FNS[:, :, None]
            shape = (*told_FNKS.shape[:3], *((1, size) if axis == 0 else (size, 1)))
            seen_FNKHW = seen_FNKHW + told_FNKS.view(shape)
        hidden = (seen_FNKHW + biases[0][..., None, None]).flatten(3)
        for weight, bias in zip(weights[1:], biases[1:], strict=True):
            hidden = weight @ hidden.relu_() + bias[..., None]
        return hidden.view(frames, queries, height, width)

    def _first(
        self, weight_FKC: torch.Tensor, pixels_FCHW: torch.Tensor, out: nn.Conv2d
    ) -> torch.Tensor:
        """Return what the first layers of all queries make of the pixels, FKHW."""
        if torch.is_grad_enabled():
            pixels_FCHW = out(pixels_FCHW)
            return torch.einsum("fkc,fchw->fkhw", weight_FKC, pixels_FCHW)
        assert out.bias is not None
        joined_FKC33 = torch.einsum("fkc,cdij->fkdij", weight_FKC, out.weight)
        bias_FK = weight_FKC @ out.bias
        return torch.cat(
            [
                F.conv2d(pixels[None], weight, bias, padding=out.padding)
                for pixels, weight, bias in zip(pixels_FCHW, joined_FKC33, bias_FK, strict=True)
            ]
        )
