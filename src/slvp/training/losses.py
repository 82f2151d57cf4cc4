"""Losses of pre-training (flow) and transfer (masks, presence). All are our own choice.

Each is a total and a count: what is minimised is the sum of the totals over the sum of the counts
of all that processes and micro-batches see in a step, so it is the same however a batch is shared.
That holds because counts depend on the targets only, never on the prediction.
"""

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

OUTLINE_WEIGHT = 4.0
"""How much more a pixel at an outline counts in the cross-entropy than one far from it."""

_OUTLINE_REACH = 4  # pixels at the supervised stride
_SUPERVISED_STRIDE = 2
_OUTPUT_STRIDE = 4


def mask_counts(masks_ETHW: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what :func:`mask_totals` are sums over.

    ``bce``: sentences. ``dice``: those whose object is seen. ``presence``: frames of each sentence.

    Args:
        masks_ETHW: in {0, 1} at full resolution.
    """
    visible_ET = _visible(masks_ETHW)
    return {
        "bce": masks_ETHW.new_tensor(len(masks_ETHW)),
        "dice": visible_ET.any(-1).sum(),
        "presence": masks_ETHW.new_tensor(visible_ET.numel()),
    }


def mask_totals(
    output: MaskOutput, masks_ETHW: torch.Tensor, trust_ETHW: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """Binary cross-entropy, dice and presence, each a sum over :func:`mask_counts`.

    In the cross-entropy of a sentence, pixels near the mask's outline count more than others.

    Several queries: the one whose tube fits best is trained, and it alone should say 'present'
    (the matching of DETR for a single object).

    Args:
        output: logits at stride 4.
        masks_ETHW: in {0, 1} at full resolution.
        trust_ETHW: how much each pixel counts, in 0..1; all the same for None.
    """
    expressions = len(masks_ETHW)
    target_ETHW = F.avg_pool2d(masks_ETHW, _SUPERVISED_STRIDE)
    visible_ET = _visible(masks_ETHW).float()
    upsampled = F.interpolate(
        output.logits_ENTHW.float().flatten(0, 1),
        size=target_ETHW.shape[-2:],
        mode="bilinear",
        align_corners=False,
    )
    logits_ENTHW = upsampled.view(expressions, -1, *target_ETHW.shape[1:])
    wrong_ENTHW = F.binary_cross_entropy_with_logits(
        logits_ENTHW, target_ETHW[:, None].expand_as(logits_ENTHW), reduction="none"
    )
    weight_E1THW = 1 + OUTLINE_WEIGHT * _near_outline(target_ETHW)[:, None]
    probability_ENTHW, wanted_E1THW = logits_ENTHW.sigmoid(), target_ETHW[:, None]
    if trust_ETHW is not None:
        trust_E1THW = F.avg_pool2d(trust_ETHW, _SUPERVISED_STRIDE)[:, None]
        weight_E1THW = weight_E1THW * trust_E1THW
        probability_ENTHW, wanted_E1THW = (
            probability_ENTHW * trust_E1THW,
            wanted_E1THW * trust_E1THW,
        )
    bce_EN = (weight_E1THW * wrong_ENTHW).sum((2, 3, 4)) / weight_E1THW.sum((2, 3, 4)).clamp(min=1)
    dice_ENT = soft_dice(probability_ENTHW, wanted_E1THW)
    shown_E1 = visible_ET.sum(-1, keepdim=True)
    dice_EN = (dice_ENT * visible_ET[:, None]).sum(-1) / shown_E1.clamp(min=1)

    best_E = (bce_EN + dice_EN).argmin(1)
    rows_E = torch.arange(expressions, device=best_E.device)
    presence_ENT = output.presence_ENT.float()
    target_ENT = torch.zeros_like(presence_ENT)
    target_ENT[rows_E, best_E] = visible_ET
    denied_ENT = F.binary_cross_entropy_with_logits(presence_ENT, target_ENT, reduction="none")
    return {
        "bce": bce_EN[rows_E, best_E].sum(),
        "dice": dice_EN[rows_E, best_E].sum(),
        "presence": denied_ENT.mean(1).sum(),
    }


def _near_outline(target_ETHW: torch.Tensor) -> torch.Tensor:
    """Return 1 at the outline of a mask, falling to 0 within ``_OUTLINE_REACH`` pixels."""
    side = 2 * _OUTLINE_REACH + 1
    around = F.avg_pool2d(target_ETHW, side, stride=1, padding=side // 2, count_include_pad=False)
    return 2 * (around - target_ETHW).abs().clamp(max=0.5)


def _visible(masks_ETHW: torch.Tensor) -> torch.Tensor:
    visible_ET: torch.Tensor = masks_ETHW.sum((-2, -1)) >= VISIBLE_PIXELS
    return visible_ET


def soft_dice(probability: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return 1 - Dice coefficient over the last two axes (Milletari et al., V-Net, 2016)."""
    overlap = (probability * target).sum((-2, -1))
    total = probability.square().sum((-2, -1)) + target.square().sum((-2, -1))
    return 1 - (2 * overlap + 1) / (total + 1)


@dataclass(frozen=True)
class FlowTarget:
    """Flow at the stride of the output, in flow units, and which pixels count as what.

    Attributes:
        flow_ET2HW: mean over the trusted pixels of each cell.
        moving_ETHW: share of a cell that can be trusted, where it moves; 0 elsewhere.
        still_ETHW: the same where it stands still.
    """

    flow_ET2HW: torch.Tensor
    moving_ETHW: torch.Tensor
    still_ETHW: torch.Tensor

    @classmethod
    def of(cls, flow_ET2HW: torch.Tensor, valid_ETHW: torch.Tensor) -> FlowTarget:
        """Pool a flow field.

        Args:
            flow_ET2HW: target in pixels per frame step at full resolution.
            valid_ETHW: in {0, 1}: pixels whose target can be trusted.
        """
        share_ETHW = F.avg_pool2d(valid_ETHW, _OUTPUT_STRIDE)
        trusted_ET2HW = flow_ET2HW * valid_ETHW[:, :, None]
        pooled = F.avg_pool2d(trusted_ET2HW.flatten(0, 1), _OUTPUT_STRIDE)
        pooled_ET2HW = pooled.view(*flow_ET2HW.shape[:3], *share_ETHW.shape[-2:])
        unit_ET2HW = pooled_ET2HW / share_ETHW[:, :, None].clamp(min=1e-6) / flow_unit(flow_ET2HW)
        moves_ETHW = (unit_ET2HW.norm(dim=2) >= MOVING).float()
        return cls(unit_ET2HW, share_ETHW * moves_ETHW, share_ETHW * (1 - moves_ETHW))

    def distance(self, output: FlowOutput) -> torch.Tensor:
        """Return how far the prediction is off, in flow units, for each cell."""
        return (output.flow_ET2HW.float() - self.flow_ET2HW).square().sum(2).add(1e-9).sqrt()

    def error(self, output: FlowOutput) -> torch.Tensor:
        """Return the pseudo-Huber error of each cell.

        Quadratic up to about one unit, because an absolute error holds the prediction at zero:
        there, each still pixel pulls back with full force at the slightest motion.
        """
        return (self.distance(output).square() + 1).sqrt() - 1

    def zero(self) -> FlowOutput:
        """Return the prediction that nothing moves."""
        return FlowOutput(torch.zeros_like(self.flow_ET2HW))


def flow_counts(target: FlowTarget) -> dict[str, torch.Tensor]:
    """Return how many ``moving`` and ``still`` cells can be trusted."""
    return {"moving": target.moving_ETHW.sum(), "still": target.still_ETHW.sum()}


def flow_totals(output: FlowOutput, target: FlowTarget) -> dict[str, torch.Tensor]:
    """Errors of moving and of still cells, summed apart.

    Apart, because still background would drown what moves: predicting zero would be right nearly
    everywhere.

    Args:
        output: predicted flow at stride 4, in flow units.
        target: what it should be.
    """
    error_ETHW = target.error(output)
    return {
        "moving": (error_ETHW * target.moving_ETHW).sum(),
        "still": (error_ETHW * target.still_ETHW).sum(),
    }


def contrast_count(target: FlowTarget) -> torch.Tensor:
    """Return how many captions tell of something that moves."""
    return (target.moving_ETHW.sum((1, 2, 3)) > 0).sum()


def contrast_total(
    right: FlowOutput, wrong: FlowOutput, target: FlowTarget, margin: float
) -> torch.Tensor:
    """Ask for less error of what moves with the right caption than with another clip's.

    What is missing to ``margin``, summed over :func:`contrast_count`. Only of what moves: the
    honest answer to a caption that fits nothing is no flow, which is right where things are still.

    Args:
        right: prediction with each clip's own caption.
        wrong: with another one's.
        target: what is right for the clip.
        margin: least difference, as a share of the error of no flow.
    """
    right_E, wrong_E, zero_E = (
        _moving_error(output, target) for output in (right, wrong, target.zero())
    )
    return (right_E - wrong_E + margin * zero_E).clamp(min=0).sum()


def _moving_error(output: FlowOutput, target: FlowTarget) -> torch.Tensor:
    """Return each caption's mean error on moving cells; 0 where there are none."""
    total_E = (target.error(output) * target.moving_ETHW).sum((1, 2, 3))
    return total_E / target.moving_ETHW.sum((1, 2, 3)).clamp(min=1e-6)


def end_point_error(output: FlowOutput, target: FlowTarget) -> torch.Tensor:
    """Return the distance between predicted and target flow, summed over moving cells.

    In flow units; its count is ``moving`` of :func:`flow_counts`.
    """
    return (target.distance(output) * target.moving_ETHW).sum()


def flow_unit(flow_ET2HW: torch.Tensor) -> float:
    """Return how many pixels one flow unit is for flow fields of this size."""
    return FLOW_UNIT * max(flow_ET2HW.shape[-2:])
