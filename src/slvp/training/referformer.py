"""ReferFormer's training: which query is meant, its losses and their weights (Wu et al., 2022).

In each layer of the decoder, the one query that fits an object best over the whole clip learns to
be it, and the others learn not to be. The same numbers as the authors' code gives. One thing is
ours: a sentence that describes nothing in its clip, which their data don't have, teaches all
queries not to be meant, and no box or mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.referformer.records import QueryOutput
from slvp.training.objectives import MaskFinetuning
from slvp.types import Batch

_STRIDE = 4
_ALPHA, _GAMMA = 0.25, 2.0  # of the focal loss (Lin et al., 2017)
_EPSILON = 1e-6


@dataclass
class ReferFormerFinetuning(MaskFinetuning):
    """Sentences to masks, boxes and scores of N queries.

    What a query costs when one is chosen has the same weights as what it then loses. For models
    with one class, 'meant'.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: {"class": 2.0, "box": 5.0, "giou": 2.0, "mask": 2.0, "dice": 5.0}
    )

    def counts(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return, for each term, in how many frames a sentence's object is seen."""
        assert batch.masks_ETHW is not None
        seen = batch.masks_ETHW.flatten(2).any(-1).sum()
        return dict.fromkeys(self.weights, seen)

    def totals(self, model: nn.Module, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return sums over all layers of the decoder."""
        assert batch.masks_ETHW is not None
        output: QueryOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
        target = Target.of(batch.masks_ETHW)
        layers = [self.layer_totals(one.float(), target) for one in (*output.earlier, output)]
        return {name: torch.stack([one[name] for one in layers]).sum() for name in self.weights}

    def layer_totals(self, output: QueryOutput, target: Target) -> dict[str, torch.Tensor]:
        """Return the sums of one layer."""
        best_E = self.matched(output, target)
        rows_E = torch.arange(len(best_E), device=best_E.device)
        shown_E = target.seen_ET.any(-1)
        meant_ETNK = torch.zeros_like(output.scores_ETNK)
        meant_ETNK[rows_E, :, best_E] = target.seen_ET[..., None].float()
        boxes_ET4 = output.boxes_ETN4[rows_E, :, best_E]
        logits_ETHW = output.logits_ENTHW[rows_E, best_E]
        giou_ET = generalised_iou(corners(boxes_ET4), corners(target.boxes_ET4))
        return {
            "class": focal(output.scores_ETNK, meant_ETNK).sum(),
            "box": ((boxes_ET4 - target.boxes_ET4).abs().sum((1, 2)) * shown_E).sum(),
            "giou": ((1 - giou_ET).sum(-1) * shown_E).sum(),
            "mask": (focal(logits_ETHW, target.masks_ETHW).mean((1, 2, 3)) * shown_E).sum(),
            "dice": (_dice(logits_ETHW, target.masks_ETHW) * shown_E).sum(),
        }

    @torch.no_grad()
    def matched(self, output: QueryOutput, target: Target) -> torch.Tensor:
        """Return which query of each sentence fits best, over all frames of its clip."""
        chance_ETNK = output.scores_ETNK.sigmoid()
        # What a score of 'meant' would lose, less what one of 'not meant' would.
        cost_ETN = (
            _ALPHA * (1 - chance_ETNK) ** _GAMMA * -(chance_ETNK + 1e-8).log()
            - (1 - _ALPHA) * chance_ETNK**_GAMMA * -(1 - chance_ETNK + 1e-8).log()
        )[..., 0]
        seen_ET1 = target.seen_ET[..., None].float()
        class_EN = (cost_ETN * seen_ET1).sum(1) / seen_ET1.sum(1).clamp(min=1)
        boxes_ET14 = target.boxes_ET4[:, :, None]
        giou_ETN = generalised_iou(corners(output.boxes_ETN4), corners(boxes_ET14))
        masks_E1THW = target.masks_ETHW[:, None].expand_as(output.logits_ENTHW)
        costs = {
            "class": class_EN,
            "box": (output.boxes_ETN4 - boxes_ET14).abs().sum(-1).mean(1),
            "giou": -giou_ETN.mean(1),
            "mask": focal(output.logits_ENTHW, masks_E1THW).mean((2, 3, 4)),
            "dice": _dice(output.logits_ENTHW, masks_E1THW),
        }
        return (
            torch.stack([self.weights[name] * cost for name, cost in costs.items()])
            .sum(0)
            .argmin(1)
        )


@dataclass(frozen=True)
class Target:
    """What a query should say of T frames.

    Attributes:
        masks_ETHW: every fourth pixel, in {0, 1}.
        boxes_ET4: x and y of the centre, width, height, from the first to the last pixel, as shares
            of the frame; zeros where nothing is seen.
        seen_ET: whether anything is.
    """

    masks_ETHW: torch.Tensor
    boxes_ET4: torch.Tensor
    seen_ET: torch.Tensor

    @classmethod
    def of(cls, masks_ETHW: torch.Tensor) -> Target:
        """Derive all from masks at full resolution, whose sides are divisible by 4."""
        sides = []
        for axis in (-2, -1):  # columns, then rows
            there = (masks_ETHW > 0).any(axis)
            size = there.shape[-1]
            number = torch.arange(size, device=there.device)
            first = torch.where(there, number, size).amin(-1)
            last = torch.where(there, number, -1).amax(-1)
            sides.append((first / size, last / size))
        seen_ET = masks_ETHW.flatten(2).any(-1)
        (left, right), (top, bottom) = sides
        box = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
        return cls(
            masks_ETHW[..., _STRIDE // 2 :: _STRIDE, _STRIDE // 2 :: _STRIDE],
            torch.stack(box, dim=-1) * seen_ET[..., None],
            seen_ET,
        )


def focal(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the focal loss of each logit (Lin et al., 2017)."""
    chance = logits.sigmoid()
    wrong = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    right = chance * target + (1 - chance) * (1 - target)
    share = _ALPHA * target + (1 - _ALPHA) * (1 - target)
    return share * wrong * (1 - right) ** _GAMMA


def _dice(logits_THW: torch.Tensor, target_THW: torch.Tensor) -> torch.Tensor:
    """Return 1 - Dice coefficient of tubes (...THW)."""
    chance = logits_THW.sigmoid().flatten(-3)
    target = target_THW.flatten(-3)
    overlap = 2 * (chance * target).sum(-1)
    return 1 - (overlap + 1) / (chance.sum(-1) + target.sum(-1) + 1)


def corners(boxes: torch.Tensor) -> torch.Tensor:
    """Return left, top, right, bottom of boxes (..., 4) told by centre and size."""
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def generalised_iou(boxes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Return the generalised IoU of boxes (..., 4) told by corners (Rezatofighi et al., 2019)."""

    def area(low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        return (high - low).clamp(min=0).prod(-1)

    low, high = boxes[..., :2], boxes[..., 2:]
    other_low, other_high = others[..., :2], others[..., 2:]
    overlap = area(torch.maximum(low, other_low), torch.minimum(high, other_high))
    union = area(low, high) + area(other_low, other_high) - overlap
    hull = area(torch.minimum(low, other_low), torch.maximum(high, other_high))
    iou = (overlap + _EPSILON) / (union + _EPSILON)
    return iou - (hull - union + _EPSILON) / (hull + _EPSILON)
