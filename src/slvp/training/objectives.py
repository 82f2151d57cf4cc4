"""What a training step asks of the model: (model, batch, step) -> the terms of the loss.

A term is a total and a count, kept apart: the loss is the weighted sum, over terms, of all totals
of a step over all its counts, whichever processes and micro-batches they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import torch
from torch import nn

from slvp.models.heads import FlowOutput, MaskOutput
from slvp.training.config import ObjectiveConfig
from slvp.training.losses import (
    FlowTarget,
    contrast_count,
    contrast_total,
    end_point_error,
    flow_counts,
    flow_totals,
    flow_unit,
    mask_counts,
    mask_totals,
)
from slvp.types import Batch


@dataclass(frozen=True)
class Term:
    """A mean, as what it is made of: means of parts can't be joined, these can."""

    total: float
    count: float


class Objective(Protocol):
    """A training target and the figures that tell how well it is met."""

    @property
    def weights(self) -> Mapping[str, float]:
        """What each term counts for in the loss."""
        ...

    def counts(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return, for each term, how many things it is a mean over; the targets alone tell it."""
        ...

    def totals(self, model: nn.Module, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return, for each term, the sum over these things.

        Args:
            model: to be called as a module: what joins the gradients of processes hooks in there.
            batch: any of the clips of the step's batch. What is said of one clip must not depend
                on which others are beside it, or several processes would not do what one does.
            step: of the run. Chances that the whole batch shares are drawn by it.
        """
        ...

    def score(self, model: nn.Module, batch: Batch) -> dict[str, Term]:
        """Return figures for a held-out batch."""
        ...


@dataclass
class MaskFinetuning:
    """Transfer: sentences to masks and presence."""

    weights: Mapping[str, float] = field(
        default_factory=lambda: {"bce": 2.0, "dice": 1.0, "presence": 0.3}
    )

    def counts(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return counts of ``bce``, ``dice`` and ``presence``."""
        assert batch.masks_ETHW is not None
        return mask_counts(batch.masks_ETHW)

    def totals(self, model: nn.Module, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return sums of ``bce``, ``dice`` and ``presence``."""
        assert batch.masks_ETHW is not None
        output: MaskOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
        return mask_totals(output, batch.masks_ETHW)

    @torch.no_grad()
    def score(self, model: nn.Module, batch: Batch) -> dict[str, Term]:
        """Return ``iou`` (mean over sentences with an object) and ``presence_accuracy``."""
        assert batch.masks_ETHW is not None
        output: MaskOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
        logits_ETHW, presence_ET = output.best()
        full_ETHW = nn.functional.interpolate(
            logits_ETHW.float(), size=batch.masks_ETHW.shape[-2:], mode="bilinear"
        )
        predicted, truth = full_ETHW > 0, batch.masks_ETHW > 0.5
        there_E = truth.sum((1, 2, 3)) > 0
        overlap_E = (predicted & truth).sum((1, 2, 3)) / (predicted | truth).sum((1, 2, 3))
        right_ET = (presence_ET > 0) == (truth.sum((-2, -1)) > 0)
        return {
            "iou": Term(float(overlap_E[there_E].sum()), float(there_E.sum())),
            "presence_accuracy": Term(float(right_ET.sum()), right_ET.numel()),
        }


@dataclass
class FlowPretraining:
    """SLVP pre-training: captioned clips to optical flow; no mask is used.

    Attributes:
        config: what is asked for; that about the making of targets is the data's.
        seed: of the draws of steps in which one frame is shown.
    """

    config: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    seed: int = 0

    @property
    def weights(self) -> Mapping[str, float]:
        """What each term counts for in the loss."""
        weights = {"moving": 1.0, "still": 1.0} if self.config.balanced else {"all": 1.0}
        return weights | ({"contrast": self.config.contrast} if self.config.contrast else {})

    def counts(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return counts of ``moving`` and ``still``, or ``all``; and ``contrast`` if there is."""
        target = flow_target(self._shown(batch, step))
        counts = self._joined(flow_counts(target))
        return counts | ({"contrast": contrast_count(target)} if self.config.contrast else {})

    def totals(self, model: nn.Module, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return sums of the terms, in flow units."""
        batch = self._shown(batch, step)
        target, sentences = flow_target(batch), self._captions(batch)
        if not self.config.contrast:
            output: FlowOutput = model(batch.frames_BTCHW, sentences, batch.clip_of_E)
            return self._joined(flow_totals(output, target))
        # Asked at once, so that vision runs once.
        both: FlowOutput = model(
            batch.frames_BTCHW, sentences + batch.others, batch.clip_of_E.repeat(2)
        )
        right, wrong = (FlowOutput(flow_ET2HW) for flow_ET2HW in both.flow_ET2HW.chunk(2))
        totals = self._joined(flow_totals(right, target))
        margin = self.config.contrast_margin
        return totals | {"contrast": contrast_total(right, wrong, target, margin)}

    def _shown(self, batch: Batch, step: int) -> Batch:
        alone = np.random.default_rng([self.seed, step]).random() < self.config.single_frame
        return first_frame(batch) if alone else batch

    def _captions(self, batch: Batch) -> list[str]:
        match self.config.captions:
            case "right":
                return batch.sentences
            case "shuffled":
                return batch.others
            case "none":
                return [""] * len(batch.sentences)

    def _joined(self, terms: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return terms if self.config.balanced else {"all": terms["moving"] + terms["still"]}

    @torch.no_grad()
    def score(self, model: nn.Module, batch: Batch) -> dict[str, Term]:
        """Return end-point errors (pixels) on moving pixels: predicted, of zero, caption shuffled.

        One frame is shown. ``shuffled`` gives each clip another clip's captions: where it is no
        worse than ``predicted``, the caption is not used.
        """
        batch = first_frame(batch)
        assert batch.flow_BT2HW is not None
        target = flow_target(batch)
        sentences = (
            [""] * len(batch.sentences) if self.config.captions == "none" else batch.sentences
        )
        outputs: dict[str, FlowOutput] = {
            "predicted": model(batch.frames_BTCHW, sentences, batch.clip_of_E),
            "zero": target.zero(),
            "shuffled": model(batch.frames_BTCHW, batch.others, batch.clip_of_E),
        }
        pixels = flow_unit(batch.flow_BT2HW)
        count = float(target.moving_ETHW.sum())
        return {
            f"{name}_epe": Term(float(end_point_error(output, target)) * pixels, count)
            for name, output in outputs.items()
        }


def first_frame(batch: Batch) -> Batch:
    """Return the batch with nothing but the first frames and their flow."""
    assert batch.flow_BT2HW is not None
    assert batch.valid_BTHW is not None
    return replace(
        batch,
        frames_BTCHW=batch.frames_BTCHW[:, :1],
        flow_BT2HW=batch.flow_BT2HW[:, :1],
        valid_BTHW=batch.valid_BTHW[:, :1],
    )


def flow_target(batch: Batch) -> FlowTarget:
    """Return what each sentence's flow should be."""
    assert batch.flow_BT2HW is not None
    assert batch.valid_BTHW is not None
    return FlowTarget.of(batch.flow_BT2HW[batch.clip_of_E], batch.valid_BTHW[batch.clip_of_E])
