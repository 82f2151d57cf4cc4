"""Losses of pre-training (flow) and transfer (masks, presence). All are our own choice."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F  # noqa: N812

from slvp.models.heads import FlowOutput, MaskOutput

FLOW_UNIT = 0.01
"""A predicted flow of 1 means this share of the frame's longer side per frame step."""

MOVING = 1.0
"""Pixels whose target flow is at least this long (in flow units) count as moving."""

VISIBLE_PIXELS = 16
"""An object with fewer visible pixels at full resolution counts as not in the frame."""

_SUPERVISED_STRIDE = 2


@dataclass(frozen=True)
class MaskWeights:
    """Weights of the terms of :func:`mask_losses`."""

    bce: float = 2.0
    dice: float = 1.0
    presence: float = 0.3


def mask_losses(output: MaskOutput, masks_ETHW: torch.Tensor) -> dict[str, torch.Tensor]:
    """Binary cross-entropy, dice and presence, each a mean over sentences.

    Several queries: the one whose tube fits best is trained, and it alone should say 'present'
    (the matching of DETR for a single object).

    Args:
        output: logits at stride 4.
        masks_ETHW: in {0, 1} at full resolution.
    """
    expressions = len(masks_ETHW)
    target_ETHW = F.avg_pool2d(masks_ETHW, _SUPERVISED_STRIDE)
    visible_ET = (masks_ETHW.sum((-2, -1)) >= VISIBLE_PIXELS).float()
    upsampled = F.interpolate(
        output.logits_ENTHW.flatten(0, 1),
        size=target_ETHW.shape[-2:],
        mode="bilinear",
        align_corners=False,
    )
    logits_ENTHW = upsampled.view(expressions, -1, *target_ETHW.shape[1:])
    bce_EN = F.binary_cross_entropy_with_logits(
        logits_ENTHW, target_ETHW[:, None].expand_as(logits_ENTHW), reduction="none"
    ).mean((2, 3, 4))
    dice_ENT = soft_dice(logits_ENTHW.sigmoid(), target_ETHW[:, None])
    shown_E1 = visible_ET.sum(-1, keepdim=True)
    dice_EN = (dice_ENT * visible_ET[:, None]).sum(-1) / shown_E1.clamp(min=1)

    best_E = (bce_EN + dice_EN).argmin(1)
    rows_E = torch.arange(expressions, device=best_E.device)
    target_ENT = torch.zeros_like(output.presence_ENT)
    target_ENT[rows_E, best_E] = visible_ET
    return {
        "bce": bce_EN[rows_E, best_E].mean(),
        "dice": dice_EN[rows_E, best_E].sum() / (shown_E1 > 0).sum().clamp(min=1),
        "presence": F.binary_cross_entropy_with_logits(output.presence_ENT, target_ENT),
    }


def soft_dice(probability: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return 1 - Dice coefficient over the last two axes (Milletari et al., V-Net, 2016)."""
    overlap = (probability * target).sum((-2, -1))
    total = probability.square().sum((-2, -1)) + target.square().sum((-2, -1))
    return 1 - (2 * overlap + 1) / (total + 1)


def flow_losses(
    output: FlowOutput, flow_ET2HW: torch.Tensor, valid_ETHW: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Pseudo-Huber error of moving and of still pixels, averaged apart, in flow units.

    Apart, because still background would drown what moves: predicting zero would be right nearly
    everywhere. Quadratic up to about one unit, because an absolute error holds the prediction at
    zero: there, each still pixel pulls back with full force at the slightest motion.

    Args:
        output: predicted flow at stride 4, in flow units.
        flow_ET2HW: target in pixels per frame step at full resolution.
        valid_ETHW: in {0, 1}: pixels whose target can be trusted.
    """
    distance_ETHW, moving_ETHW, still_ETHW = _compare(output, flow_ET2HW, valid_ETHW)
    error_ETHW = (distance_ETHW.square() + 1).sqrt() - 1
    return {"moving": _mean(error_ETHW, moving_ETHW), "still": _mean(error_ETHW, still_ETHW)}


def end_point_error(
    output: FlowOutput, flow_ET2HW: torch.Tensor, valid_ETHW: torch.Tensor
) -> torch.Tensor:
    """Return the mean distance, in pixels, between predicted and target flow of moving pixels."""
    distance_ETHW, moving_ETHW, _ = _compare(output, flow_ET2HW, valid_ETHW)
    return _mean(distance_ETHW, moving_ETHW) * flow_unit(flow_ET2HW)


def _compare(
    output: FlowOutput, flow_ET2HW: torch.Tensor, valid_ETHW: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return distance_ETHW in flow units at stride 4, and the weights of moving and still."""
    stride = flow_ET2HW.shape[-1] // output.flow_ET2HW.shape[-1]
    valid_ET1HW = F.avg_pool2d(valid_ETHW, stride)[:, :, None]
    trusted_ET2HW = flow_ET2HW * valid_ETHW[:, :, None]
    pooled_ET2HW = F.avg_pool2d(trusted_ET2HW.flatten(0, 1), stride).view_as(output.flow_ET2HW)
    target_ET2HW = pooled_ET2HW / valid_ET1HW.clamp(min=1e-6) / flow_unit(flow_ET2HW)
    distance_ETHW = (output.flow_ET2HW - target_ET2HW).square().sum(2).add(1e-9).sqrt()
    moves_ETHW = (target_ET2HW.norm(dim=2) >= MOVING).float()
    valid_ETHW = valid_ET1HW[:, :, 0]
    return distance_ETHW, valid_ETHW * moves_ETHW, valid_ETHW * (1 - moves_ETHW)


def flow_unit(flow_ET2HW: torch.Tensor) -> float:
    """Return how many pixels one flow unit is for flow fields of this size."""
    return FLOW_UNIT * max(flow_ET2HW.shape[-2:])


def _mean(value: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return (value * weight).sum() / weight.sum().clamp(min=1)
