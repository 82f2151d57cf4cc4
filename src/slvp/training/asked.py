"""Which objective a run has."""

from __future__ import annotations

from slvp.errors import UserError
from slvp.models.referformer.config import ReferFormerConfig
from slvp.training.config import TrainConfig
from slvp.training.objectives import FlowPretraining, MaskFinetuning, Objective
from slvp.training.referformer import ReferFormerFinetuning
from slvp.training.weak_objective import WeakFinetuning


def objective_of(config: TrainConfig) -> Objective:
    """Return what a run asks of its model.

    Raises:
        UserError: its model can't be asked that.
    """
    if config.task == "pretrain":
        return FlowPretraining(config.objective, config.seed)
    weak = config.data.supervision != "mask"
    if isinstance(config.model, ReferFormerConfig):
        if weak:
            raise UserError(
                f"--supervision {config.data.supervision}: ReferFormer learns from masks only; "
                "choose another recipe"
            )
        return ReferFormerFinetuning()
    return WeakFinetuning(config=config.weak) if weak else MaskFinetuning()
