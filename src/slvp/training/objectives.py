"""What a training step asks of the model: (model, batch, step) -> losses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import nn

from slvp.models.heads import FlowOutput, MaskOutput
from slvp.training.losses import MaskWeights, end_point_error, flow_losses, mask_losses
from slvp.types import Batch


class Objective(Protocol):
    """A training target and the figures that tell how well it is met."""

    def losses(self, model: nn.Module, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return the terms; ``loss`` is the one that is minimised."""
        ...

    def score(self, model: nn.Module, batch: Batch) -> dict[str, float]:
        """Return figures for held-out batches."""
        ...


@dataclass
class MaskFinetuning:
    """Transfer: sentences to masks and presence."""

    weights: MaskWeights = field(default_factory=MaskWeights)

    def losses(self, model: nn.Module, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return ``loss``, ``bce``, ``dice`` and ``presence``."""
        assert batch.masks_ETHW is not None
        output: MaskOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
        terms = mask_losses(output, batch.masks_ETHW)
        terms["loss"] = (
            self.weights.bce * terms["bce"]
            + self.weights.dice * terms["dice"]
            + self.weights.presence * terms["presence"]
        )
        return terms

    @torch.no_grad()
    def score(self, model: nn.Module, batch: Batch) -> dict[str, float]:
        """Return ``iou`` (mean over sentences with an object) and ``presence_accuracy``."""
        assert batch.masks_ETHW is not None
        output: MaskOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
        logits_ETHW, presence_ET = output.best()
        full_ETHW = nn.functional.interpolate(
            logits_ETHW, size=batch.masks_ETHW.shape[-2:], mode="bilinear"
        )
        predicted, truth = full_ETHW > 0, batch.masks_ETHW > 0.5
        there_E = truth.sum((1, 2, 3)) > 0
        overlap_E = (predicted & truth).sum((1, 2, 3)) / (predicted | truth).sum((1, 2, 3))
        present_ET = truth.sum((-2, -1)) > 0
        return {
            "iou": float(overlap_E[there_E].mean()),
            "presence_accuracy": float(((presence_ET > 0) == present_ET).float().mean()),
        }


@dataclass
class FlowPretraining:
    """SLVP pre-training: captioned clips to optical flow; no mask is used.

    Attributes:
        single_frame: share of the steps in which only the first frame is shown, so that the flow
            must be told from one picture and the caption.
        seed: of the draws of such steps.
    """

    single_frame: float = 0.75
    seed: int = 0

    def losses(self, model: nn.Module, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return ``loss``, ``moving`` and ``still``, in flow units."""
        if np.random.default_rng([self.seed, step]).random() < self.single_frame:
            batch = _first_frame(batch)
        flow_ET2HW, valid_ETHW = _targets(batch)
        output: FlowOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
        terms = flow_losses(output, flow_ET2HW, valid_ETHW)
        terms["loss"] = terms["moving"] + terms["still"]
        return terms

    @torch.no_grad()
    def score(self, model: nn.Module, batch: Batch) -> dict[str, float]:
        """Return end-point errors (pixels) on moving pixels: predicted, of zero, caption shuffled.

        One frame is shown. ``shuffled`` gives each clip another clip's captions: where it is no
        worse than ``predicted``, the caption is not used.
        """
        batch = _first_frame(batch)
        flow_ET2HW, valid_ETHW = _targets(batch)
        zero = FlowOutput(torch.zeros_like(flow_ET2HW[..., ::4, ::4]))
        captions_of_first = int((batch.clip_of_E == 0).sum())
        shuffled = batch.sentences[captions_of_first:] + batch.sentences[:captions_of_first]
        right = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
        wrong = model(batch.frames_BTCHW, shuffled, batch.clip_of_E)
        return {
            f"{name}_epe": float(end_point_error(output, flow_ET2HW, valid_ETHW))
            for name, output in (("predicted", right), ("zero", zero), ("shuffled", wrong))
        }


def _first_frame(batch: Batch) -> Batch:
    assert batch.flow_BT2HW is not None
    assert batch.valid_BTHW is not None
    return Batch(
        frames_BTCHW=batch.frames_BTCHW[:, :1],
        sentences=batch.sentences,
        clip_of_E=batch.clip_of_E,
        flow_BT2HW=batch.flow_BT2HW[:, :1],
        valid_BTHW=batch.valid_BTHW[:, :1],
    )


def _targets(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    assert batch.flow_BT2HW is not None
    assert batch.valid_BTHW is not None
    return batch.flow_BT2HW[batch.clip_of_E], batch.valid_BTHW[batch.clip_of_E]
