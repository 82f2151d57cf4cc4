from dataclasses import replace

import pytest

from slvp.errors import UserError
from slvp.training.config import TrainConfig
from slvp.training.recipes import RECIPES, recipe

TASKS = ("pretrain", "finetune")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_for_its_task_and_survives_being_written(name, task, tmp_path) -> None:
    config = recipe(name, task)
    assert config.task == task
    assert config.model.head == ("flow" if task == "pretrain" else "mask")
    assert all(side % 32 == 0 for size in config.data.sizes for side in size)
    config.save(tmp_path / "config.json")
    assert TrainConfig.load(tmp_path / "config.json") == config


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["lite", "claims", "base", "base-swin", "video", "video-small"])
def test_a_recipe_asked_by_language_differs_in_nothing_but_the_rate(name, task) -> None:
    by_language, by_vision = recipe(f"{name}-language", task), recipe(name, task)
    assert by_vision.model.fusion == "vision-as-query"
    rate = by_vision.optimiser.learning_rate
    if task == "pretrain":
        rate = min(rate, 3e-4)
    assert by_language == replace(
        by_vision,
        model=replace(by_vision.model, fusion="language-as-query"),
        optimiser=replace(by_vision.optimiser, learning_rate=rate),
    )


def test_recipes_differ_in_their_encoders() -> None:
    encoders = {
        name: (recipe(name, "pretrain").model.vision, recipe(name, "finetune").model.text)
        for name in ("lite", "base", "base-swin", "video", "video-small", "video-base")
    }
    assert encoders == {
        "lite": ("tf_efficientnet_lite2", "sentence-transformers/all-MiniLM-L6-v2"),
        "base": ("convnext_tiny.in12k_ft_in1k", "roberta-base"),
        "base-swin": ("swin_tiny_patch4_window7_224.ms_in22k_ft_in1k", "roberta-base"),
        "video": ("swin3d_t", "roberta-base"),
        "video-small": ("swin3d_s", "roberta-base"),
        "video-base": ("swin3d_b", "roberta-base"),
    }


def test_an_unknown_recipe_is_named_with_those_that_are_known() -> None:
    with pytest.raises(UserError, match="recipe 'lit': unknown; expected one of lite, "):
        recipe("lit", "pretrain")
