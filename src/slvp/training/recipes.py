"""Named experiments. A new one is a function that changes a few fields of another."""

from __future__ import annotations

from collections.abc import Callable

from slvp.errors import UserError
from slvp.models.config import ModelConfig
from slvp.training.config import DataConfig, Task, TrainConfig

Recipe = Callable[[Task], TrainConfig]


def lite(task: Task) -> TrainConfig:
    """Frozen EfficientNet-Lite0 and MiniLM, vision as query: trains on a laptop's CPU."""
    if task == "pretrain":
        return TrainConfig(
            task=task,
            model=ModelConfig(head="flow"),
            # Two frames with a target each, drawn with the third that the second one's flow needs.
            data=DataConfig(
                frames=(2,),
                sizes=((192, 192), (160, 256)),
                pixels=8 * 3 * 192 * 192,
                expressions=1,
            ),
        )
    return TrainConfig(task=task, model=ModelConfig(head="mask"))


def lite_language(task: Task) -> TrainConfig:
    """The same with language as query."""
    config = lite(task)
    model = ModelConfig(head=config.model.head, fusion="language-as-query")
    return TrainConfig(task=task, model=model, data=config.data)


RECIPES: dict[str, Recipe] = {"lite": lite, "lite-language": lite_language}


def recipe(name: str, task: Task) -> TrainConfig:
    """Return a recipe's configuration.

    Raises:
        UserError: there is no such recipe.
    """
    if name not in RECIPES:
        raise UserError(f"recipe {name!r}: unknown; expected one of {', '.join(RECIPES)}")
    return RECIPES[name](task)
