"""Losses that need no mask: agreement with boxes, between pixels alike, and within each side.

Sources of the ideas: projections and affinity by colour, Tian et al., "BoxInst", CVPR 2021; level
sets, Chan and Vese, "Active Contours Without Edges", 2001, and Li et al., "Box-Supervised Instance
Segmentation with Level Set Evolution", ECCV 2022. Affinity by motion and along time, and means over
all frames of a clip, are our own choice, as are all numbers. As with other losses, each is a total
and a count, and counts depend on the targets only.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F  # noqa: N812

from slvp.training.losses import flow_unit
from slvp.types import Batch

_STRIDE = 4
_APART = 2  # places between the pixels of a pair
_ALIKE = 0.3  # likeness from which a pair should agree
_COLOUR = 0.07  # difference of colours (of 0..1) at which likeness is down to 37%
_MOTION = 1.0  # the same of motions, in flow units
_MOTION_COUNTS = 0.2  # a flow unit beside the whole range of a colour, where sides are compared
_FASTEST = 3.0  # flow units either way that are told apart there
_DIRECTIONS = ((0, _APART), (_APART, 0), (_APART, _APART), (_APART, -_APART))  # rows, columns


@dataclass(frozen=True)
class Facts:
    """What is known of a batch's pixels besides masks, at stride 4.

    Attributes:
        boxes_ETHW: 1 inside a box, 0 outside, -1 in frames whose boxes aren't known.
        looks_ETCHW: three colours of 0..1 and two directions of motion in flow units.
        valid_ETHW: share of a place whose motion can be trusted.
    """

    boxes_ETHW: torch.Tensor
    looks_ETCHW: torch.Tensor
    valid_ETHW: torch.Tensor

    @classmethod
    def of(cls, batch: Batch) -> Facts:
        """Pool what a batch of weak labels knows."""
        assert batch.boxes_ETHW is not None
        assert batch.flow_BT2HW is not None
        assert batch.valid_BTHW is not None
        motion_BT2HW = batch.flow_BT2HW / flow_unit(batch.flow_BT2HW)
        looks_BTCHW = torch.cat([batch.frames_BTCHW, motion_BT2HW], dim=2)
        pooled = F.avg_pool2d(looks_BTCHW.flatten(0, 1), _STRIDE).unflatten(
            0, looks_BTCHW.shape[:2]
        )
        return cls(
            F.max_pool2d(batch.boxes_ETHW, _STRIDE),
            pooled[batch.clip_of_E],
            F.avg_pool2d(batch.valid_BTHW, _STRIDE)[batch.clip_of_E],
        )

    def boxed(self) -> torch.Tensor:
        """Return boxed_ET: whether a sentence's box is known in a frame, and there is one."""
        return (self.boxes_ETHW > 0).any(-1).any(-1)

    def near(self) -> torch.Tensor:
        """Return near_ETHW: 1 in and around an object's box, or everywhere if that isn't known."""
        inside_ETHW = (self.boxes_ETHW > 0).float()
        side = 4 * _APART + 1
        around_ETHW = F.max_pool2d(inside_ETHW, side, stride=1, padding=side // 2)
        unknown_ETHW = (self.boxes_ETHW < 0).float()
        return torch.maximum(around_ETHW, unknown_ETHW)


def weak_counts(facts: Facts) -> dict[str, torch.Tensor]:
    """Return what :func:`weak_totals` are sums over: boxes, pairs of pixels, and pixels."""
    pairs = [weight.sum() for weight, _ in _pairs(facts, facts.valid_ETHW)]
    return {
        "projection": facts.boxed().sum(),
        "affinity": torch.stack(pairs).sum(),
        "level_set": facts.near().sum(),
    }


def weak_totals(logits_ETHW: torch.Tensor, facts: Facts) -> dict[str, torch.Tensor]:
    """Return sums of what is wrong with predicted masks.

    ``projection``: rows and columns that a mask covers are not those of its box. ``affinity``:
    pixels of like colour and motion, in a frame or in the next one where flow leads, that are on
    different sides of the outline. ``level_set``: squared distances of looks to the mean of their
    side, over all frames of a clip.

    Args:
        logits_ETHW: of masks, at any stride.
        facts: of the same clips.
    """
    probability_ETHW = _at(logits_ETHW.float(), facts.boxes_ETHW.shape[-2:]).sigmoid()
    disagreements = [
        (weight * -agreement.clamp(min=1e-4).log()).sum()
        for weight, agreement in _pairs(facts, probability_ETHW)
    ]
    return {
        "projection": _projection(probability_ETHW, facts),
        "affinity": torch.stack(disagreements).sum(),
        "level_set": _level_set(probability_ETHW, facts),
    }


def _projection(probability_ETHW: torch.Tensor, facts: Facts) -> torch.Tensor:
    """Dice between the shadows that mask and box cast on the two axes."""
    boxes_ETHW = (facts.boxes_ETHW > 0).float()
    wrong_ET = torch.zeros_like(boxes_ETHW[..., 0, 0])
    for axis in (-2, -1):
        shadow, wanted = probability_ETHW.amax(axis), boxes_ETHW.amax(axis)
        overlap_ET = 2 * (shadow * wanted).sum(-1) + 1
        wrong_ET = wrong_ET + 1 - overlap_ET / (shadow.square().sum(-1) + wanted.sum(-1) + 1)
    return (wrong_ET * facts.boxed()).sum() / 2


def _pairs(facts: Facts, values_ETHW: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return for each kind of pair how much it counts, and the chance that both agree.

    Args:
        facts: of the batch.
        values_ETHW: probability that a pixel is the object's.
    """
    pairs = []
    near_ETHW = facts.near()
    for down, across in _DIRECTIONS:
        one, other = _shifted(down, across)
        looks, others = facts.looks_ETCHW[..., *one], facts.looks_ETCHW[..., *other]
        like = _likeness(looks, others)
        trusted = facts.valid_ETHW[..., *one] * facts.valid_ETHW[..., *other]
        moves_alike = torch.exp(-(looks - others)[:, :, 3:].norm(dim=2) / _MOTION)
        like = like * torch.where(trusted > 0.5, moves_alike, torch.ones_like(moves_alike))
        weight = (like > _ALIKE) * near_ETHW[..., *one]
        pairs.append((weight, _agree(values_ETHW[..., *one], values_ETHW[..., *other])))
    pairs.append(_along_time(facts, values_ETHW, near_ETHW))
    return pairs


def _along_time(
    facts: Facts, values_ETHW: torch.Tensor, near_ETHW: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pair each pixel with the one that flow takes it to in the next frame."""
    expressions, frames, height, width = values_ETHW.shape
    now, after = slice(0, frames - 1), slice(1, frames)
    unit = 0.01 * max(height, width)
    places_22HW = torch.stack(
        torch.meshgrid(
            torch.arange(height, device=values_ETHW.device),
            torch.arange(width, device=values_ETHW.device),
            indexing="ij",
        )[::-1]
    ).float()
    target_ET2HW = places_22HW + unit * facts.looks_ETCHW[:, now, 3:]
    size_2 = torch.tensor([width, height], device=values_ETHW.device)
    grid = ((target_ET2HW.movedim(2, -1) + 0.5) / size_2 * 2 - 1).flatten(0, 1)
    there = torch.cat([values_ETHW[:, after, None], facts.looks_ETCHW[:, after]], dim=2)
    moved = F.grid_sample(there.flatten(0, 1), grid, padding_mode="border", align_corners=False)
    moved_ETCHW = moved.unflatten(0, (expressions, frames - 1))
    like = _likeness(facts.looks_ETCHW[:, now], moved_ETCHW[:, :, 1:])
    weight = (like > _ALIKE) * facts.valid_ETHW[:, now] * near_ETHW[:, now]
    return weight, _agree(values_ETHW[:, now], moved_ETCHW[:, :, 0])


def _likeness(one_ETCHW: torch.Tensor, other_ETCHW: torch.Tensor) -> torch.Tensor:
    difference_ETHW = (one_ETCHW - other_ETCHW)[:, :, :3].norm(dim=2)
    return torch.exp(-difference_ETHW / _COLOUR)


def _agree(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return one * other + (1 - one) * (1 - other)


def _level_set(probability_ETHW: torch.Tensor, facts: Facts) -> torch.Tensor:
    """Squared distances to the mean of each side, of which the clip's frames share one."""
    colours, motion = facts.looks_ETCHW.split([3, 2], dim=2)
    motion = _MOTION_COUNTS * motion.clamp(-_FASTEST, _FASTEST)
    looks_ETCHW = torch.cat([colours, motion], dim=2)
    near_ET1HW = facts.near()[:, :, None]
    total = probability_ETHW.new_zeros(())
    for side_ETHW in (probability_ETHW, 1 - probability_ETHW):
        weight_ET1HW = side_ETHW[:, :, None] * near_ET1HW
        mean_E1C11 = (weight_ET1HW * looks_ETCHW).sum((1, 3, 4), keepdim=True) / weight_ET1HW.sum(
            (1, 3, 4), keepdim=True
        ).clamp(min=1e-6)
        total = total + (weight_ET1HW * (looks_ETCHW - mean_E1C11).square()).sum()
    return total


def _shifted(down: int, across: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where pixels are, and where those that many rows and columns further are."""
    rows = slice(0, -down or None), slice(down, None)
    if across >= 0:
        columns = slice(0, -across or None), slice(across, None)
    else:
        columns = slice(-across, None), slice(0, across)
    return (rows[0], columns[0]), (rows[1], columns[1])


def _at(logits_ETHW: torch.Tensor, size: torch.Size) -> torch.Tensor:
    return F.interpolate(logits_ETHW, size=size, mode="bilinear", align_corners=False)
