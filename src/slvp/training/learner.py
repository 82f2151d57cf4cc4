"""One training step, on one process or many: batch to losses to weights."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from slvp.models.build import build
from slvp.models.checkpoint import load_strictly
from slvp.models.referring_model import ReferringModel
from slvp.training.config import TrainConfig
from slvp.training.ema import Ema
from slvp.training.objectives import Objective
from slvp.training.processes import Processes
from slvp.training.schedule import learning_rate
from slvp.training.sharding import spread, whole
from slvp.types import Batch

_Numbers = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Outcome:
    """What a step was like.

    Attributes:
        totals: of each term, of what this process saw.
        counts: of each term, of what all saw.
        gradient_norm: before clipping.
        learning_rate: of this step.
    """

    totals: _Numbers
    counts: _Numbers
    gradient_norm: torch.Tensor
    learning_rate: float


class Learner:
    """A model with all that changes while it is trained.

    Args:
        config: of the run.
        model: as it is at the first step; from here on, it is the learner's.
        objective: what is to be learnt.
        processes: those that learn it together.

    Attributes:
        trained: the model as it is to be called in training and in validation.
        ema: the average of its weights.
    """

    def __init__(
        self, config: TrainConfig, model: ReferringModel, objective: Objective, processes: Processes
    ) -> None:
        self.config = config
        self.model = model
        self.objective = objective
        self.processes = processes
        self.trained = processes.prepare(model)
        self.ema = Ema(model, config.optimiser.ema)
        # Made of the parameters as they are now: sharded, on the device.
        self._optimiser: Any = processes.accelerator.prepare_optimizer(
            torch.optim.AdamW(
                model.trained_parameters(),
                lr=config.optimiser.learning_rate,
                weight_decay=config.optimiser.weight_decay,
            )
        )

    def step(self, batch: Batch, number: int, parts: int) -> Outcome:
        """Learn from a batch.

        Args:
            batch: this process's share of the clips.
            number: of the step, from 0.
            parts: how many parts the share is cut into; the same in all processes.
        """
        accelerator = self.processes.accelerator
        rate = learning_rate(self.config.optimiser, number, self.config.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        # By the step, so that a resumed run draws what an uninterrupted one draws.
        torch.manual_seed(_seed(self.config.seed, number, self.processes.rank))
        self.trained.train()
        shares = [part.to(self.processes.device) for part in split(batch, parts)]
        counts = self.processes.sum(_add([self.objective.counts(one, number) for one in shares]))
        totals = []
        for place, share in enumerate(shares, start=1):
            last = place == parts
            with nullcontext() if last else accelerator.no_sync(self.trained):
                found = self.objective.totals(self.trained, share, number)
                # Times the number of processes: their gradients are averaged, not added.
                accelerator.backward(self._loss(found, counts) * self.processes.of)
            totals.append({name: total.detach() for name, total in found.items()})
        norm = accelerator.clip_grad_norm_(
            self.model.trained_parameters(), self.config.optimiser.clip_norm
        )
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.ema.update(self.model, number)
        return Outcome(_add(totals), counts, norm, rate)

    def figures(self, outcome: Outcome) -> dict[str, float]:
        """Return the terms of the loss, as means over the whole batch, and other numbers of a step.

        All processes must ask for them.
        """
        totals = self.processes.sum(outcome.totals)
        terms = _means(totals, outcome.counts)
        loss = self._loss(totals, outcome.counts)
        return {name: float(term) for name, term in terms.items()} | {
            "loss": float(loss),
            "gradient_norm": float(whole(outcome.gradient_norm)),
            "learning_rate": outcome.learning_rate,
        }

    def state(self) -> dict[str, Any]:
        """Return all that going on needs; all processes must ask for it, the first one has it."""
        scaler = self.processes.accelerator.scaler
        return {
            "model": self._gather(self.model.stored_state()),
            "ema": self._gather(self.ema.averages),
            "optimiser": {
                name: self._gather(self._optimiser.state[parameter])
                for name, parameter in self.model.named_parameters()
                if parameter in self._optimiser.state
            },
            "scaler": None if scaler is None else scaler.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` returned in any number of processes."""
        parameters = dict(self.model.named_parameters())
        with torch.no_grad():
            for name, tensor in self.model.stored_state().items():
                tensor.copy_(spread(state["model"][name], tensor))
            for name, average in self.ema.averages.items():
                average.copy_(spread(state["ema"][name], average))
        for name, saved in state["optimiser"].items():
            parameter = parameters[name]
            self._optimiser.state[parameter] = {
                key: value.clone() if key == "step" else spread(value, parameter)
                for key, value in saved.items()
            }
        if state["scaler"] is not None:
            self.processes.accelerator.scaler.load_state_dict(state["scaler"])

    def averaged_state(self) -> dict[str, torch.Tensor]:
        """Return what a finished model stores; all must ask for it, the first one has it."""
        return self._gather(
            {
                name: self.ema.averages.get(name, tensor)
                for name, tensor in self.model.stored_state().items()
            }
        )

    def whole_model(self) -> ReferringModel:
        """Return a copy with averaged weights, whole in each process; all must ask for it."""
        model = build(self.config.model, weights="unstored")
        load_strictly(model, self.processes.first(self.averaged_state()), "this run")
        return model

    def _loss(self, totals: _Numbers, counts: _Numbers) -> torch.Tensor:
        terms = _means(totals, counts)
        return torch.stack([self.objective.weights[name] * terms[name] for name in terms]).sum()

    def _gather(self, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return whole tensors on the CPU in the first process, nothing in the others."""
        gathered = {}
        for name, tensor in tensors.items():
            one = whole(tensor)
            if self.processes.leads:
                gathered[name] = one.cpu()
        return gathered


def split(batch: Batch, parts: int) -> list[Batch]:
    """Cut a batch into parts of nearly as many clips each."""
    if parts == 1:
        return [batch]
    clips = len(batch.frames_BTCHW)
    bounds = [round(part * clips / parts) for part in range(parts + 1)]
    return [_clips(batch, first, end) for first, end in pairwise(bounds)]


def _clips(batch: Batch, first: int, end: int) -> Batch:
    """Return clips ``first`` to before ``end`` with their sentences."""
    chosen_E = (batch.clip_of_E >= first) & (batch.clip_of_E < end)
    clips = slice(first, end)

    def kept(sentences: list[str]) -> list[str]:
        return [text for text, stays in zip(sentences, chosen_E.tolist(), strict=False) if stays]

    def asked(tensor: torch.Tensor | None) -> torch.Tensor | None:
        return None if tensor is None else tensor[chosen_E]

    return replace(
        batch,
        frames_BTCHW=batch.frames_BTCHW[clips],
        sentences=kept(batch.sentences),
        clip_of_E=batch.clip_of_E[chosen_E] - first,
        masks_ETHW=asked(batch.masks_ETHW),
        trust_ETHW=asked(batch.trust_ETHW),
        boxes_ETHW=asked(batch.boxes_ETHW),
        flow_BT2HW=None if batch.flow_BT2HW is None else batch.flow_BT2HW[clips],
        valid_BTHW=None if batch.valid_BTHW is None else batch.valid_BTHW[clips],
        names=batch.names[clips],
        others=kept(batch.others),
    )


def _add(numbers: list[_Numbers]) -> _Numbers:
    return {name: torch.stack([one[name] for one in numbers]).sum(0) for name in numbers[0]}


def _means(totals: _Numbers, counts: _Numbers) -> _Numbers:
    return {name: total / counts[name].clamp(min=1) for name, total in totals.items()}


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
