"""Where a place was before: masks of earlier frames, handed on between places that look alike.

Each place takes the mean of what places around it were in the first frame and in the one before,
by how alike they look. So masks are propagated to judge features by in Jabri, Owens and Efros,
"Space-Time Correspondence as a Contrastive Random Walk" (NeurIPS 2020), and Caron et al.,
"Emerging Properties in Self-Supervised Vision Transformers" (DINO, ICCV 2021). Ours: all places of
a neighbourhood count, not only the most alike; and a place at stride 8 hands on the four values at
stride 4 that it has.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F  # noqa: N812

SHARPNESS = 20.0
"""Of the softmax over cosines."""
REACH = 6
"""Places, beyond the edge of a tile, that are looked at."""
TILE = 8
"""Places of a tile's side. All places of a tile look at the same ones, which makes one product of
matrices of it."""

_FINER = 2  # values are kept at half the stride of the features
_VALUES = _FINER**2 + 1  # of a place and an object; and whether they are known


@dataclass(frozen=True)
class _Frame:
    """What is remembered of a frame, M places around each of N tiles.

    Attributes:
        looks_NCM: features of length 1.
        values_NVM: of each object in turn, and 1 where they are known.
    """

    looks_NCM: torch.Tensor
    values_NVM: torch.Tensor


class AffinityMemory:
    """Remembers frames whose masks are given, and the newest, for all objects of one video."""

    def __init__(self) -> None:
        self._given: list[_Frame] = []
        self._newest: list[_Frame] = []

    def tell(self, features_CHW: torch.Tensor, objects: int) -> torch.Tensor:
        """Return share_EHW, twice as high and wide: how much of each place was an object's.

        Args:
            features_CHW: of the frame.
            objects: E.
        """
        height, width = features_CHW.shape[1:]
        looks_CHW = _padded(F.normalize(features_CHW, dim=0))
        channels, rows, columns = len(looks_CHW), *(side // TILE for side in looks_CHW.shape[1:])
        queries_NQC = (
            looks_CHW.view(channels, rows, TILE, columns, TILE)
            .permute(1, 3, 2, 4, 0)
            .reshape(rows * columns, TILE * TILE, channels)
        )
        sums_NQV = torch.zeros(rows * columns, TILE * TILE, objects * _VALUES)
        for frame in self._given + self._newest:
            alike_NQM = (queries_NQC @ frame.looks_NCM - 1).mul_(SHARPNESS).exp_()
            sums_NQV += alike_NQM @ frame.values_NVM.transpose(1, 2)
        sums_VHW = (
            sums_NQV.view(rows, columns, TILE, TILE, -1)
            .permute(4, 0, 2, 1, 3)
            .reshape(objects * _VALUES, rows * TILE, columns * TILE)[:, :height, :width]
        )
        sums_EVHW = sums_VHW.view(objects, _VALUES, height, width)
        share_EVHW = sums_EVHW[:, :-1] / sums_EVHW[:, -1:].clamp(min=1e-12)
        return F.pixel_shuffle(share_EVHW, _FINER)[:, 0]

    def remember(
        self, features_CHW: torch.Tensor, share_EHW: torch.Tensor, known_E: torch.Tensor
    ) -> None:
        """Remember a frame in place of the one before.

        Args:
            features_CHW: of the frame.
            share_EHW: how much of each place is an object's, twice as high and wide.
            known_E: False for objects of which that isn't known.
        """
        self._newest = [_remembered(features_CHW, share_EHW, known_E)]

    def give(
        self, features_CHW: torch.Tensor, share_EHW: torch.Tensor, given_E: torch.Tensor
    ) -> None:
        """Remember a frame for good, for the objects whose masks are given in it."""
        self._given.append(_remembered(features_CHW, share_EHW, given_E))


def _remembered(
    features_CHW: torch.Tensor, share_EHW: torch.Tensor, known_E: torch.Tensor
) -> _Frame:
    values_EVHW = F.pixel_unshuffle(share_EHW[:, None], _FINER)
    values_EVHW = torch.cat([values_EVHW, torch.ones_like(values_EVHW[:, :1])], dim=1)
    values_VHW = (values_EVHW * known_E[:, None, None, None]).flatten(0, 1)
    looks_CHW = F.normalize(features_CHW, dim=0)
    return _Frame(_around(_padded(looks_CHW)), _around(_padded(values_VHW)))


def _padded(values_CHW: torch.Tensor) -> torch.Tensor:
    height, width = values_CHW.shape[1:]
    return F.pad(values_CHW, (0, -width % TILE, 0, -height % TILE))


def _around(values_CHW: torch.Tensor) -> torch.Tensor:
    """Return, for each of N tiles, the values (NCM) of the places on it and within reach."""
    side = TILE + 2 * REACH
    flat = F.unfold(values_CHW[None], side, stride=TILE, padding=REACH)[0]
    return flat.view(len(values_CHW), side * side, -1).permute(2, 0, 1)
