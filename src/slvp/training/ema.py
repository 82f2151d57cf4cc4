"""The moving average of a model's weights, which is what validation scores and a run saves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Ema:
    """Exponential moving average of the weights that training changes.

    Args:
        model: whose weights, as they are now, it begins with.
        decay: share of the average that a step leaves.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.averages = {
            name: parameter.detach().clone()
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move towards the model; faster in the first steps, when it is still random."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for average, parameter in self._pairs(model):
            average.lerp_(parameter, 1 - decay)

    @contextmanager
    def inside(self, model: nn.Module) -> Iterator[None]:
        """Let the model have the average for weights in the block."""
        self._swap(model)
        try:
            yield
        finally:
            self._swap(model)

    @torch.no_grad()
    def _swap(self, model: nn.Module) -> None:
        for average, parameter in self._pairs(model):
            weights = parameter.clone()
            parameter.copy_(average)
            average.copy_(weights)

    def _pairs(self, model: nn.Module) -> Iterator[tuple[torch.Tensor, nn.Parameter]]:
        """Yield the average of each weight with the weight."""
        for name, parameter in model.named_parameters():
            if name in self.averages:
                yield self.averages[name], parameter
