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
from slvp.training.losses import (
    FlowTarget,
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
        single_frame: share of the steps in which only the first frame is shown, so that the flow
            must be told from one picture and the caption.
        seed: of the draws of such steps.
        weights: of the terms.
    """

    single_frame: float = 0.75
    seed: int = 0
    weights: Mapping[str, float] = field(default_factory=lambda: {"moving": 1.0, "still": 1.0})

    def counts(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return counts of ``moving`` and ``still``."""
        return flow_counts(_target(self._shown(batch, step)))

    def totals(self, model: nn.Module, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return sums of ``moving`` and ``still``, in flow units."""
        batch = self._shown(batch, step)
        output: FlowOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
        return flow_totals(output, _target(batch))

    def _shown(self, batch: Batch, step: int) -> Batch:
        alone = np.random.default_rng([self.seed, step]).random() < self.single_frame
        return _first_frame(batch) if alone else batch

    @torch.no_grad()
    def score(self, model: nn.Module, batch: Batch) -> dict[str, Term]:
        """Return end-point errors (pixels) on moving pixels: predicted, of zero, caption shuffled.

        One frame is shown. ``shuffled`` gives each clip another clip's captions: where it is no
        worse than ``predicted``, the caption is not used.
        """
        batch = _first_frame(batch)
        assert batch.flow_BT2HW is not None
        target = _target(batch)
        captions_of_first = int((batch.clip_of_E == 0).sum())
        shuffled = batch.sentences[captions_of_first:] + batch.sentences[:captions_of_first]
        outputs: dict[str, FlowOutput] = {
            "predicted": model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E),
            "zero": FlowOutput(torch.zeros_like(target.flow_ET2HW)),
            "shuffled": model(batch.frames_BTCHW, shuffled, batch.clip_of_E),
        }
        pixels = flow_unit(batch.flow_BT2HW)
        count = float(target.moving_ETHW.sum())
        return {
            f"{name}_epe": Term(float(end_point_error(output, target)) * pixels, count)
            for name, output in outputs.items()
        }


def _first_frame(batch: Batch) -> Batch:
    assert batch.flow_BT2HW is not None
    assert batch.valid_BTHW is not None
    return replace(
        batch,
        frames_BTCHW=batch.frames_BTCHW[:, :1],
        flow_BT2HW=batch.flow_BT2HW[:, :1],
        valid_BTHW=batch.valid_BTHW[:, :1],
    )


def _target(batch: Batch) -> FlowTarget:
    assert batch.flow_BT2HW is not None
    assert batch.valid_BTHW is not None
    return FlowTarget.of(batch.flow_BT2HW[batch.clip_of_E], batch.valid_BTHW[batch.clip_of_E])
