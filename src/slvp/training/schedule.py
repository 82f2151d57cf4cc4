"""The learning rate of each step."""

from __future__ import annotations

import math

from slvp.training.config import OptimiserConfig

_MOST_WARMUP = 0.1  # of the run: a run shorter than the recipe's warm-up must still decay


def learning_rate(config: OptimiserConfig, step: int, steps: int) -> float:
    """Return the rate at a step: linear warm-up, then a cosine to zero.

    Args:
        config: peak and length of the warm-up, which is at most a tenth of the run.
        step: from 0.
        steps: of the run.
    """
    warmup = min(config.warmup, int(_MOST_WARMUP * steps))
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    share = (step - warmup) / max(1, steps - warmup)
    return config.learning_rate * (1 + math.cos(math.pi * share)) / 2
