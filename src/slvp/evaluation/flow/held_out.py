"""Held-out clips of a run's data, source by source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from slvp.data.datasets import BatchSource
from slvp.data.made_batches import WorldFlow
from slvp.training.config import ObjectiveConfig, TrainConfig
from slvp.training.sources import build_batches
from slvp.types import Batch

WORLD, CAPTIONED = "embedded world", "captioned video"


def held_out_sources(config: TrainConfig) -> dict[str, BatchSource]:
    """Return where held-out clips come from, by what kind of clips they are.

    The target is that of the default objective, and each clip has one caption, whichever a run
    had: so that ablations can be compared.

    Args:
        config: of a pre-training run; its data are what counts.

    Raises:
        UserError: something that the configuration names is missing or unusable.
    """
    data = replace(config.data, expressions=1)
    plain = replace(config, data=data, objective=ObjectiveConfig())
    sources = build_batches(plain)[1].sources
    return {WORLD if isinstance(one, WorldFlow) else CAPTIONED: one for one in sources}


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
    for turn in range(2 * -(-clips // source.smallest) + 2):
        draws = source.plan(np.random.default_rng([seed, turn]), turn)
        batch = source.make(draws).to(device)
        yield batch, None if exact is None else exact.make(draws).to(device)
