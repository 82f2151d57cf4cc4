"""How each place moves, from comparing it with its surroundings in the frames before and after."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.layers import Mlp
from slvp.models.onednn import Linear

_COMPARED = 32  # channels
_SHARPNESS = 10.0  # of a cosine from -1 to 1, before the softmax, at the start of training
_EPSILON = 1e-3


class LocalCorrelation(nn.Module):
    """Looks for every place of stride 8 in the neighbouring frames.

    A frozen backbone for pictures sees no motion, and attention along time compares a place with
    itself alone. The comparison within a small square is that of optical-flow networks (Fischer
    et al., FlowNet, 2015; Sun et al., PWC-Net, 2018).

    Args:
        stride4: channels of the level at stride 4, which is compared, too.
        stride8: channels of the level at stride 8.
        width: of the result.
        reach: places up, down, left and right that are looked at.
    """

    def __init__(self, stride4: int, stride8: int, width: int, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.compared = Linear(4 * stride4 + stride8, _COMPARED)
        self.sharpness = nn.Parameter(torch.tensor(_SHARPNESS))
        offsets = list(product(range(-reach, reach + 1), repeat=2))
        self.offsets_K2: torch.Tensor
        self.register_buffer("offsets_K2", torch.tensor(offsets) / reach, persistent=False)
        self.embed = Mlp(2 * (len(offsets) + 2), width, width)

    def forward(self, stride4_BTCHW: torch.Tensor, stride8_BTCHW: torch.Tensor) -> torch.Tensor:
        """Return motion_BTHWC at stride 8; where there is no neighbour, nothing is known of it."""
        fine_BTCHW = F.pixel_unshuffle(stride4_BTCHW, 2)
        both_BTHWC = torch.cat([fine_BTCHW, stride8_BTCHW], dim=2).permute(0, 1, 3, 4, 2)
        places_BTHWC = F.normalize(self.compared(_standardised(both_BTHWC)), dim=-1)
        nothing = places_BTHWC.new_zeros(*places_BTHWC[:, :1].shape[:-1], len(self.offsets_K2) + 2)
        likeness_KBTHW = self._likeness(places_BTHWC[:, :-1], places_BTHWC[:, 1:])
        after = torch.cat([self._found(likeness_KBTHW), nothing], dim=1)
        before = torch.cat([nothing, self._found(self._seen_from_there(likeness_KBTHW))], dim=1)
        motion: torch.Tensor = self.embed(torch.cat([after, before], dim=-1))
        return motion

    def _likeness(self, places_BTHWC: torch.Tensor, others_BTHWC: torch.Tensor) -> torch.Tensor:
        """Return likeness_KBTHW of each place and those around it; 0 beyond the frame."""
        height, width = places_BTHWC.shape[2:4]
        around = F.pad(others_BTHWC, (0, 0, *[self.reach] * 4))
        likeness = [
            (places_BTHWC * around[:, :, top : top + height, left : left + width]).sum(-1)
            for top, left in self._corners()
        ]
        return torch.stack(likeness)

    def _seen_from_there(self, likeness_KBTHW: torch.Tensor) -> torch.Tensor:
        """Return likeness of the others and what is around them: the same products, elsewhere.

        What is at an offset from there has there at the opposite offset.
        """
        height, width = likeness_KBTHW.shape[-2:]
        around = F.pad(likeness_KBTHW, [self.reach] * 4).flip(0)
        return torch.stack(
            [
                one_BTHW[..., top : top + height, left : left + width]
                for one_BTHW, (top, left) in zip(around.unbind(), self._corners(), strict=True)
            ]
        )

    def _corners(self) -> Iterator[tuple[int, ...]]:
        """Return where a frame begins in a padded one, for every offset."""
        return product(range(2 * self.reach + 1), repeat=2)

    def _found(self, likeness_KBTHW: torch.Tensor) -> torch.Tensor:
        """Return how likely each offset is, and the mean offset: (B, T, H, W, K + 2)."""
        likeness_BTHWK = likeness_KBTHW.movedim(0, -1).contiguous()
        chance_BTHWK = (self.sharpness * likeness_BTHWK).softmax(-1)
        return torch.cat([chance_BTHWK, chance_BTHWK @ self.offsets_K2], dim=-1)


def _standardised(clips_BTHWC: torch.Tensor) -> torch.Tensor:
    """Take away what a whole clip has in common, which tells no place from another."""
    clips_BTHWC = clips_BTHWC - clips_BTHWC.mean((1, 2, 3), keepdim=True)
    # torch.std is 20 times slower along the axes in front. Sums of squares are too large for fp16.
    freedom = max(1, clips_BTHWC[0, ..., 0].numel() - 1)
    variance = clips_BTHWC.float().square().sum((1, 2, 3), keepdim=True) / freedom
    deviation = (variance + torch.finfo(variance.dtype).tiny).sqrt()  # a slope at 0, too
    return clips_BTHWC / (deviation + _EPSILON).to(clips_BTHWC.dtype)
