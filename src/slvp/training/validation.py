"""Scores of a model on held-out batches."""

from __future__ import annotations

import torch
from torch import nn

from slvp.data.datasets import StepBatches
from slvp.training.learner import split
from slvp.training.objectives import Objective, Term
from slvp.training.processes import Processes
from slvp.training.stream import checked, loader


@torch.no_grad()
def validate(
    objective: Objective,
    model: nn.Module,
    batches: StepBatches,
    processes: Processes,
    workers: int,
    accumulate: int = 1,
) -> dict[str, float]:
    """Return the means of the objective's figures over all batches.

    The processes share the batches: each scores some, whole. Where these don't come out even,
    some score one more time what another has scored, since all must call the model as often.

    Args:
        objective: has the figures.
        model: as it is called in training.
        batches: held-out ones.
        processes: those that take part.
        workers: processes that make batches, for each of them.
        accumulate: parts that a process's share of a training batch is cut into, for want of
            memory. A whole batch is cut into as many for each process, so that no part is larger.
    """
    model.eval()
    rounds = -(-len(batches) // processes.of)
    own = [(turn * processes.of + processes.rank) for turn in range(rounds)]
    chosen = [min(index, len(batches) - 1) for index in own]
    scores: dict[int, dict[str, Term]] = {}
    for index, batch in zip(chosen, checked(loader(batches, chosen, workers)), strict=True):
        clips = processes.gather(len(batch.frames_BTCHW))
        parts = split(batch, min(accumulate * processes.of, *clips))
        scores[index] = _add([objective.score(model, part.to(processes.device)) for part in parts])
    joined: dict[int, dict[str, Term]] = {}
    for part in processes.gather(scores):
        joined |= part
    return {
        name: sum(score[name].total for score in joined.values())
        / max(1.0, sum(score[name].count for score in joined.values()))
        for name in joined[0]
    }


def _add(scores: list[dict[str, Term]]) -> dict[str, Term]:
    return {
        name: Term(
            sum(score[name].total for score in scores), sum(score[name].count for score in scores)
        )
        for name in scores[0]
    }
