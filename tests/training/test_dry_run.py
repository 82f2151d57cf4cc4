from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.data.labels.kinds import Supervision
from slvp.errors import UserError
from slvp.training import processes
from slvp.training.ablations import ABLATIONS
from slvp.training.dry_run import dry_run
from slvp.training.estimates import estimate
from slvp.training.recipes import RECIPES, recipe
from tiny_runs import DATA, tiny_run

SIZE = 64


@pytest.mark.parametrize("task", ["pretrain", "finetune"])
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_passes_its_dry_run(name, task, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = recipe(name, task)
    found = dry_run(config, SIZE)
    assert found is not None
    assert (found.clips, found.frames, found.height, found.width) == (2, 2, SIZE, SIZE)
    assert found.sentences == 2 * config.data.expressions
    # What 'slvp recipes' lists is what has been built.
    listed = estimate(config)
    assert (found.parameters.total, found.parameters.trained) == (listed.parameters, listed.trained)
    # A real step of random weights: the loss is neither zero nor broken.
    referformer = name == "referformer-lite"
    masks = {"class", "box", "giou", "mask"} if referformer else {"bce", "presence"}
    terms = {"moving", "still"} if task == "pretrain" else masks | {"dice"}
    assert terms <= found.figures.keys()
    assert 0.5 < found.figures["loss"] < (50 if referformer else 10)
    assert 0.1 < found.figures["gradient_norm"] < 1000
    assert found.memory > 4 * found.parameters.total
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_passes_its_dry_run(name) -> None:
    found = dry_run(recipe(f"lite-{name}", "pretrain"), SIZE)
    assert found is not None
    assert found.figures["loss"] > 0


def test_clips_are_of_the_largest_form_where_no_size_is_given() -> None:
    config = recipe("lite", "pretrain")
    data = replace(
        config.data, sizes=((32, 32), (64, 96), (96, 32)), frames=(1, 3), pixels=3 * 4 * 64 * 96
    )
    found = dry_run(replace(config, data=data))
    assert found is not None
    assert (found.clips, found.frames, found.height, found.width) == (3, 3, 64, 96)


@pytest.mark.parametrize("kind", [kind for kind in get_args(Supervision) if kind != "mask"])
def test_weak_labels_pass_their_dry_run(kind, tmp_path, monkeypatch) -> None:
    write_ref_davis17(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    benchmarks = (("ref-davis17", str(tmp_path), 1.0),)
    found = dry_run(tiny_run(data=replace(DATA, benchmarks=benchmarks, supervision=kind)))
    assert found is not None
    assert {"affinity", "level_set", "projection", "presence"} <= found.figures.keys()
    assert (found.figures["projection"] > 0) == (kind == "box")
    assert 0.5 < found.figures["loss"] < 10
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("size", [0, -32, 50])
def test_a_size_that_the_model_cannot_take_is_named(size: int) -> None:
    with pytest.raises(UserError, match=f"size {size} of the dry run's frames"):
        dry_run(recipe("lite", "pretrain"), size)


def test_without_the_extra_it_says_so(monkeypatch):
    monkeypatch.setattr(processes, "find_spec", lambda package: None)
    with pytest.raises(UserError, match="needs the 'train' extra"):
        dry_run(tiny_run())
