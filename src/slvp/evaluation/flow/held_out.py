"""Clips of a run's data, held out and not, source by source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from slvp.data.datasets import BatchSource, Draw
from slvp.data.made_batches import WorldFlow
from slvp.training.config import ObjectiveConfig, TrainConfig
from slvp.training.sources import build_batches
from slvp.types import Batch

WORLD, CAPTIONED = "embedded world", "captioned video"


@dataclass(frozen=True)
class Sides:
    """Where clips of one kind come from.

    Attributes:
        training: those that a run is trained on.
        held_out: those that it isn't.
    """

    training: BatchSource
    held_out: BatchSource


def sources_of(config: TrainConfig) -> dict[str, Sides]:
    """Return where clips come from, by what kind of clips they are.

    The target is that of the default objective, and each clip has one caption, whichever a run
    had: so that ablations can be compared.

    Args:
        config: of a pre-training run; its data are what counts.

    Raises:
        UserError: something that the configuration names is missing or unusable.
    """
    data = replace(config.data, expressions=1)
    sides = build_batches(replace(config, data=data, objective=ObjectiveConfig()))
    return {
        WORLD if isinstance(held_out, WorldFlow) else CAPTIONED: Sides(training, held_out)
        for training, held_out in zip(*(side.sources for side in sides), strict=True)
    }


def held_out_sources(config: TrainConfig) -> dict[str, BatchSource]:
    """Return where held-out clips come from; see :func:`sources_of`."""
    return {kind: sides.held_out for kind, sides in sources_of(config).items()}


def batches_of(
    source: BatchSource, *, clips: int, seed: int, device: torch.device
) -> Iterator[tuple[Batch, Batch | None]]:
    """Make batches until there should be enough clips, even if half of them are of no use.

    Args:
        source: of clips.
        clips: how many are wanted.
        seed: that they are drawn from.
        device: where they shall be.

    Yields:
        A batch, and the same with the true flow as the target, where it is known.
    """
    exact = replace(source, exact=True) if isinstance(source, WorldFlow) else None
    for draws in _draws(source, clips, seed):
        batch = source.make(draws).to(device)
        yield batch, None if exact is None else exact.make(draws).to(device)


def plain_batches_of(source: BatchSource, *, clips: int, seed: int) -> Iterator[Batch]:
    """Make the batches of :func:`batches_of` alone, on the CPU."""
    return map(source.make, _draws(source, clips, seed))


def _draws(source: BatchSource, clips: int, seed: int) -> Iterator[Sequence[Draw]]:
    for turn in range(2 * -(-clips // source.smallest) + 2):
        yield source.plan(np.random.default_rng([seed, turn]), turn)
