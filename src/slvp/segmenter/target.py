"""What an object looks like, and what all else: a linear model that is fitted as the video goes by.

The idea of a small model of the target's looks, fitted to the first frame's mask and then to later
answers, on top of features that stay as they are: Robinson et al., "Learning Fast and Robust Target
Models for Video Object Segmentation" (FRTM, CVPR 2020). Ours is ridge regression, solved exactly:
all that it keeps of the frames are sums of products of features, so that memory is constant.
"""

from __future__ import annotations

import torch

RIDGE = 1e-4
"""How much large weights cost; features of a place have length 1 or so."""
KEEP = 0.9
"""What is left of a later frame's sums one frame later."""
SURE = 0.9
"""Probability from which a place is learnt from; of the background alike."""
LEAST = 2.0
"""Sure places of the object that a later frame must have to be learnt from."""


class TargetModel:
    """Tells one object from what is around it by the looks of each place.

    Args:
        features_PC: of the P places of the frame whose mask is given.
        share_P: how much of each place is the object's, 0..1.
    """

    def __init__(self, features_PC: torch.Tensor, share_P: torch.Tensor) -> None:
        self._first = _sums(features_PC, share_P, torch.ones_like(share_P))
        self._later = (torch.zeros_like(self._first[0]), torch.zeros_like(self._first[1]))
        self._frames = 0.0
        self._of_first_C = _solved(*self._first)
        self._newest_C = self._of_first_C

    def tell(self, features_PC: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what is said of a frame's places, about 1 for the object and -1 for all else.

        Returns:
            By all frames learnt from, and by the first alone, which no mistake has changed; each P.
        """
        return features_PC @ self._newest_C, features_PC @ self._of_first_C

    def learn(self, features_PC: torch.Tensor, probability_P: torch.Tensor) -> None:
        """Learn from what was found in a frame, where that is sure.

        A frame in which the object was not found teaches nothing: it may well be there.
        """
        sure_P = ((probability_P > SURE) | (probability_P < 1 - SURE)).float()
        if float((probability_P * sure_P).sum()) < LEAST:
            return
        products_CC, answers_C = _sums(features_PC, probability_P, sure_P)
        self._later = (
            KEEP * self._later[0] + products_CC,
            KEEP * self._later[1] + answers_C,
        )
        self._frames = KEEP * self._frames + 1
        self._newest_C = _solved(
            *(a + b / self._frames for a, b in zip(self._first, self._later, strict=True))
        )


def _sums(
    features_PC: torch.Tensor, share_P: torch.Tensor, counts_P: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return products of features, and of features and answers; object and all else weigh alike."""
    inside_P, outside_P = counts_P * share_P, counts_P * (1 - share_P)
    weight_P = inside_P / inside_P.sum().clamp(min=1) + outside_P / outside_P.sum().clamp(min=1)
    weighted_PC = features_PC * (weight_P[:, None] / 2)
    return weighted_PC.T @ features_PC, weighted_PC.T @ (2 * share_P - 1)


def _solved(products_CC: torch.Tensor, answers_C: torch.Tensor) -> torch.Tensor:
    return torch.linalg.solve(products_CC + RIDGE * torch.eye(len(answers_C)), answers_C)
