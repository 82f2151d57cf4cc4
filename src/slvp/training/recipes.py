"""Named experiments. A new one is a function that changes a few fields of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slvp.errors import UserError
from slvp.models.config import ModelConfig
from slvp.training.config import DataConfig, OptimiserConfig, Task, TrainConfig

Recipe = Callable[[Task], TrainConfig]


def lite(task: Task) -> TrainConfig:
    """Frozen EfficientNet-Lite0 and MiniLM, vision as query: trains on a laptop's CPU."""
    if task == "pretrain":
        return TrainConfig(
            task=task,
            model=ModelConfig(head="flow"),
            # Two frames with a target each, drawn with the third that the second one's flow needs.
            # Small frames and one caption each: the flow needs many different clips to be learnt.
            data=DataConfig(
                frames=(2,),
                sizes=((160, 160), (128, 224)),
                pixels=16 * 3 * 160 * 160,
                expressions=1,
            ),
            optimiser=OptimiserConfig(learning_rate=1e-3),
            steps=1500,
        )
    return TrainConfig(task=task, model=ModelConfig(head="mask"), steps=2000, snapshot_every=250)


def lite_language(task: Task) -> TrainConfig:
    """The same with language as query."""
    config = lite(task)
    return replace(config, model=replace(config.model, fusion="language-as-query"))


RECIPES: dict[str, Recipe] = {"lite": lite, "lite-language": lite_language}


def recipe(name: str, task: Task) -> TrainConfig:
    """Return a recipe's configuration.

    Raises:
        UserError: there is no such recipe.
    """
    if name not in RECIPES:
        raise UserError(f"recipe {name!r}: unknown; expected one of {', '.join(RECIPES)}")
    return RECIPES[name](task)
