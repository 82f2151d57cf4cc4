"""Where a place was before: masks of earlier frames, handed on between places that look alike.

Each place takes the mean of what other places were, by how alike they look. So masks are propagated
to judge features by in Jabri, Owens and Efros, "Space-Time Correspondence as a Contrastive Random
Walk" (NeurIPS 2020), and Caron et al., "Emerging Properties in Self-Supervised Vision Transformers"
(DINO, ICCV 2021). Ours: of the frame before, all places of a neighbourhood count, not only the most
alike, and a place at stride 8 hands on the four values at stride 4 that it has; of the frame whose
mask is given, some places count wherever they are, so that what left is found again.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F  # noqa: N812

SHARPNESS = 20.0
"""Of the softmax over cosines, within a neighbourhood."""
REACH = 6
"""Places, beyond the edge of a tile, that are looked at."""
TILE = 8
"""Places of a tile's side. All places of a tile look at the same ones, which makes one product of
matrices of it."""
ANYWHERE_SHARPNESS = 50.0
"""Of the softmax over cosines, where places count wherever they are."""
OBJECT_SAMPLES = 256
OTHER_SAMPLES = 512
"""Places of the given frame that are remembered: of the object, and of all else."""

_FINER = 2  # values are kept at half the stride of the features
_VALUES = _FINER**2 + 1  # of a place and an object; and whether it is in the frame


class NewestFrame:
    """Remembers the frame before, for E objects of one video.

    Args:
        features_CHW: of the frame.
        share_EHW: how much of each place is an object's, twice as high and wide.
    """

    def __init__(self, features_CHW: torch.Tensor, share_EHW: torch.Tensor) -> None:
        values_EVHW = F.pixel_unshuffle(share_EHW[:, None], _FINER)
        values_EVHW = torch.cat([values_EVHW, torch.ones_like(values_EVHW[:, :1])], dim=1)
        # Each of N tiles, with the M places on it and within reach.
        self._looks_NCM = _around(_tiled(F.normalize(features_CHW, dim=0)))
        self._values_NVM = _around(_tiled(values_EVHW.flatten(0, 1)))

    def tell(self, features_CHW: torch.Tensor) -> torch.Tensor:
        """Return share_EHW of the next frame, twice as high and wide as its features."""
        height, width = features_CHW.shape[1:]
        looks_CHW = _tiled(F.normalize(features_CHW, dim=0))
        channels, rows, columns = len(looks_CHW), *(side // TILE for side in looks_CHW.shape[1:])
        looks_NQC = (
            looks_CHW.view(channels, rows, TILE, columns, TILE)
            .permute(1, 3, 2, 4, 0)
            .reshape(rows * columns, TILE * TILE, channels)
        )
        alike_NQM = (looks_NQC @ self._looks_NCM - 1).mul_(SHARPNESS).exp_()
        sums_NQV = alike_NQM @ self._values_NVM.transpose(1, 2)
        sums_EVHW = (
            sums_NQV.view(rows, columns, TILE, TILE, -1, _VALUES)
            .permute(4, 5, 0, 2, 1, 3)
            .reshape(-1, _VALUES, rows * TILE, columns * TILE)[..., :height, :width]
        )
        return F.pixel_shuffle(sums_EVHW[:, :-1] / sums_EVHW[:, -1:], _FINER)[:, 0]


class GivenFrame:
    """Remembers places of the frame in which an object's mask is given.

    Args:
        features_CHW: of the frame.
        share_P: how much of each of its P = HW places is the object's.
    """

    def __init__(self, features_CHW: torch.Tensor, share_P: torch.Tensor) -> None:
        most_P = share_P > 0.5
        (object_S, each_object), (other_S, each_other) = (
            _samples(places_P, most)
            for places_P, most in ((most_P, OBJECT_SAMPLES), (~most_P, OTHER_SAMPLES))
        )
        places_S = torch.cat([object_S, other_S])
        stands_for_S = torch.cat(
            [torch.full((len(object_S),), each_object), torch.full((len(other_S),), each_other)]
        )
        self._looks_CS = F.normalize(features_CHW, dim=0).flatten(1)[:, places_S]
        self._values_S2 = torch.stack([share_P[places_S], torch.ones(len(places_S))], dim=1)
        self._values_S2 *= stands_for_S[:, None]

    def tell(self, features_CHW: torch.Tensor) -> torch.Tensor:
        """Return share_HW of a later frame."""
        looks_PC = F.normalize(features_CHW, dim=0).flatten(1).T
        alike_PS = (looks_PC @ self._looks_CS - 1).mul_(ANYWHERE_SHARPNESS).exp_()
        sums_P2 = alike_PS @ self._values_S2
        return (sums_P2[:, 0] / sums_P2[:, 1]).view(features_CHW.shape[1:])


def _samples(places_P: torch.Tensor, most: int) -> tuple[torch.Tensor, float]:
    """Return indices of some places, evenly spread, and how many each of them stands for."""
    indices = torch.nonzero(places_P)[:, 0]
    if len(indices) <= most:
        return indices, 1.0
    return indices[torch.linspace(0, len(indices) - 1, most).long()], len(indices) / most


def _tiled(values_CHW: torch.Tensor) -> torch.Tensor:
    """Add zeros on the right and below, so that tiles fit."""
    height, width = values_CHW.shape[1:]
    return F.pad(values_CHW, (0, -width % TILE, 0, -height % TILE))


def _around(values_CHW: torch.Tensor) -> torch.Tensor:
    """Return, for each of N tiles, the values (NCM) of the places on it and within reach."""
    side = TILE + 2 * REACH
    flat = F.unfold(values_CHW[None], side, stride=TILE, padding=REACH)[0]
    return flat.view(len(values_CHW), side * side, -1).permute(2, 0, 1)
