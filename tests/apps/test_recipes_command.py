import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from slvp.apps import cli
from slvp.training.ablations import ABLATIONS
from slvp.training.config import (
    DataConfig,
    ObjectiveConfig,
    OptimiserConfig,
    TrainConfig,
    WeakConfig,
)
from slvp.training.estimates import estimate
from slvp.training.recipes import RECIPES, recipe


@pytest.mark.parametrize("task", ["pretrain", "finetune"])
def test_all_recipes_are_listed_with_what_they_need(task, capsys) -> None:
    assert cli.run(["recipes", "--task", task]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    rows = {line.split()[0]: line for line in lines if line.startswith("  ")}
    ablations = [f"lite-{name}" for name in ABLATIONS] if task == "pretrain" else []
    assert {name for name in rows if name in RECIPES} == RECIPES.keys()
    assert [name for name in rows if name in ablations] == ablations
    form = r"  base-language +language +160.[0-9] M +7.[0-9] M +[0-9.]+ GB +[0-9,]+  8 GPUs"
    assert re.fullmatch(form, rows["base-language"])
    assert "convnext_tiny.in12k_ft_in1k, roberta-base" in lines
    assert any("estimates" in line for line in lines)


def test_what_models_are_built_of_is_not_imported_for_a_list() -> None:
    code = "import sys; from slvp.apps import cli; cli.run(['recipes', 'lite']); "
    code += "assert not {'torch', 'timm', 'cv2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("name", ["base", "lite-language", "lite-no-camera"])
def test_a_recipe_is_shown_whole(name, capsys) -> None:
    assert cli.run(["recipes", name]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{name}: ")
    parts = {
        "data": DataConfig,
        "objective": ObjectiveConfig,
        "optimiser": OptimiserConfig,
        "weak": WeakConfig,
    }
    expected = {field.name for field in fields(TrainConfig)} - parts.keys() - {"model"}
    for part, record in parts.items():
        expected |= {f"{part}.{field.name}" for field in fields(record)}
    assert expected <= {line.split()[0] for line in shown.splitlines() if line}
    assert "Estimated for" in shown
    assert "measured" in shown


def test_a_dry_run_tells_what_a_step_takes_and_leaves_nothing(
    tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--dry-run", "--dry-run-size", "64", "--out", "runs/x"]
    assert cli.run(["pretrain", "lite", *options]) == 0
    shown = capsys.readouterr().out
    found = estimate(recipe("lite", "pretrain"))
    parameters = f"{found.parameters:,}, of which {found.trained:,} are trained"
    for told in (parameters, "random weights", "64 x 64"):
        assert told in shown
    assert re.search(r"^loss +[0-9.]+ \(moving [0-9.]+, still [0-9.]+\)$", shown, re.MULTILINE)
    assert re.search(r"^memory +[0-9.]+ GB at most", shown, re.MULTILINE)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["recipes", "no-such"], "no-such"),
        (["recipes", "lite-no-camera", "--task", "finetune"], "for pretrain only"),
        (["pretrain", "lite", "--dry-run-size", "64"], "--dry-run"),
        (["finetune", "lite", "--dry-run", "--dry-run-size", "50"], "multiple of 32"),
    ],
)
def test_a_mistake_about_recipes_gets_one_line(arguments, named, capsys) -> None:
    assert cli.run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("slvp: ")
    assert named in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
