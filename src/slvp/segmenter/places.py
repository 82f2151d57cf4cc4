"""What vision says of each place of a frame, as first masks are followed with it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional as F  # noqa: N812

LEVELS = (0, 1, 2)
"""Of the pyramid: strides 4, 8 and 16. Stride 32 tells kinds of things, and blurs where they end;
with it, masks were worse."""

_LEAST_SPREAD = 1e-3  # of a channel that hardly differs between places


class Places:
    """Features at stride 8 of one video's frames; all levels weigh alike, whatever their scale.

    Args:
        levels: features of the video's first frame at strides 4 to 32, each CHW; by their mean and
            spread those of all frames are standardised.
    """

    def __init__(self, levels: Sequence[torch.Tensor]) -> None:
        parts = _at_stride_8(levels)
        self._mean = [part.mean((1, 2), keepdim=True) for part in parts]
        # Divided by the root of their number, the channels of a level have length 1 together.
        self._spread = [
            (part.std((1, 2), keepdim=True) + _LEAST_SPREAD) * len(part) ** 0.5 for part in parts
        ]

    def see(self, levels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return a frame's features, one CHW for each of ``LEVELS``, at stride 8."""
        parts = zip(_at_stride_8(levels), self._mean, self._spread, strict=True)
        return [(part - mean) / spread for part, mean, spread in parts]


def _at_stride_8(levels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    size = levels[1].shape[-2:]
    fine, middle, coarse = (levels[index].float().cpu()[None] for index in LEVELS)
    coarse = F.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
    return [F.avg_pool2d(fine, 2)[0], middle[0], coarse[0]]
