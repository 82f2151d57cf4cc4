"""Transfer from weak labels: pseudo masks, and losses that need no mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from slvp.models.heads import MaskOutput
from slvp.training.config import WeakConfig
from slvp.training.losses import mask_counts, mask_totals
from slvp.training.objectives import MaskFinetuning
from slvp.training.weak_losses import Facts, weak_counts, weak_totals
from slvp.types import Batch


@dataclass
class WeakFinetuning(MaskFinetuning):
    """Sentences to masks and presence; pseudo masks of one step's batch may be others in the next.

    A batch without ``trust_ETHW`` has masks, and only these count, as in mask fine-tuning.

    Attributes:
        config: weights of the losses that need no mask.
    """

    config: WeakConfig = field(default_factory=WeakConfig)

    def __post_init__(self) -> None:
        self.weights: Mapping[str, float] = {
            **self.weights,
            "projection": self.config.projection,
            "affinity": self.config.affinity,
            "level_set": self.config.level_set,
        }

    def counts(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return counts of all terms."""
        assert batch.masks_ETHW is not None
        counts = mask_counts(batch.masks_ETHW)
        if batch.trust_ETHW is None:
            return counts | _nothing(batch)
        return counts | weak_counts(Facts.of(batch))

    def totals(self, model: nn.Module, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Return sums of all terms."""
        assert batch.masks_ETHW is not None
        output: MaskOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
        totals = mask_totals(output, batch.masks_ETHW, batch.trust_ETHW)
        if batch.trust_ETHW is None:
            return totals | _nothing(batch)
        logits_ETHW, _ = output.best()
        return totals | weak_totals(logits_ETHW, Facts.of(batch))


def _nothing(batch: Batch) -> dict[str, torch.Tensor]:
    return dict.fromkeys(("projection", "affinity", "level_set"), batch.frames_BTCHW.new_zeros(()))
