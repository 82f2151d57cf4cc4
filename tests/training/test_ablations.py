from dataclasses import asdict, replace

import pytest

from slvp.errors import UserError
from slvp.training.ablations import ABLATIONS
from slvp.training.config import ObjectiveConfig, TrainConfig
from slvp.training.recipes import RECIPES, recipe


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_is_lite_but_for_a_field_of_its_objective(name, tmp_path):
    config, lite = recipe(f"lite-{name}", "pretrain"), recipe("lite", "pretrain")
    assert replace(config, objective=lite.objective) == lite
    changed, plain = asdict(config.objective), asdict(lite.objective)
    assert sum(changed[field] != plain[field] for field in plain) == 1
    config.save(tmp_path / "config.json")
    assert TrainConfig.load(tmp_path / "config.json") == config


def test_every_choice_has_an_ablation():
    plain = asdict(ObjectiveConfig())
    touched = {
        field
        for change in ABLATIONS.values()
        for field, value in asdict(change(ObjectiveConfig())).items()
        if value != plain[field]
    }
    assert touched == plain.keys() - {"contrast_margin"}


def test_ablations_are_of_pretraining_and_stand_in_nobodys_way():
    assert not {f"lite-{name}" for name in ABLATIONS} & RECIPES.keys()
    with pytest.raises(UserError, match="for pretrain only"):
        recipe("lite-no-camera", "finetune")
    with pytest.raises(UserError, match="lite-no-camera"):
        recipe("no-camera", "pretrain")
