"""Which objective a run has."""

from __future__ import annotations

from slvp.models.referformer.config import ReferFormerConfig
from slvp.training.config import TrainConfig
from slvp.training.objectives import FlowPretraining, MaskFinetuning, Objective
from slvp.training.referformer import ReferFormerFinetuning


def objective_of(config: TrainConfig) -> Objective:
    """Return what a run asks of its model."""
    if config.task == "pretrain":
        return FlowPretraining(config.objective, config.seed)
    if isinstance(config.model, ReferFormerConfig):
        return ReferFormerFinetuning()
    return MaskFinetuning()
