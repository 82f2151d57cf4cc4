"""``slvp finetune`` on benchmarks, photographs and the world at once, from files to model."""

import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.apps import cli
from slvp.apps.commands import train as command
from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.data.examples.ref_youtube_vos import write_ref_youtube_vos
from slvp.models.slvp import SLVP
from slvp.training import loop
from slvp.training.config import DataConfig, OptimiserConfig, TrainConfig
from slvp.training.recipes import recipe
from tiny import tiny_config


@pytest.fixture
def tiny_recipe(monkeypatch):
    """Let every recipe be a tiny one."""
    config = TrainConfig(
        "finetune",
        model=tiny_config(),
        data=DataConfig(sizes=((64, 64),), frames=(1, 2), pixels=4 * 64 * 64, max_broken=1.0),
        optimiser=OptimiserConfig(warmup=2),
        validation_batches=3,
        workers=0,
    )
    monkeypatch.setattr(command, "recipe", lambda name, task: config)
    monkeypatch.setattr(loop, "_LOG_EVERY", 1)


@pytest.fixture
def folder(tmp_path):
    for name, write in (("davis", write_ref_davis17), ("ytvos", write_ref_youtube_vos)):
        (tmp_path / name).mkdir()
        write(tmp_path / name)
    Image.fromarray(np.full((60, 80, 3), 99, np.uint8)).save(tmp_path / "a.jpg")
    image = {"id": 7, "file_name": "a.jpg", "height": 60, "width": 80, "caption": "all of it"}
    corners = [10, 10, 70, 10, 70, 50, 10, 50]
    annotation = {"id": 9, "image_id": 7, "segmentation": [corners]}
    content = {"images": [image], "annotations": [annotation]}
    (tmp_path / "instances.json").write_text(json.dumps(content))
    return tmp_path


def joint(folder: Path) -> list[str]:
    return [
        *("--benchmark", "ref-davis17", str(folder / "davis"), "0.3"),
        *("--benchmark", "ref-youtube-vos", str(folder / "ytvos"), "0.3"),
        *("--refcoco", str(folder / "instances.json"), str(folder), "0.2"),
    ]


@pytest.mark.usefixtures("tiny_recipe")
def test_a_joint_run(folder, tiny_model_folder, capsys, monkeypatch):
    made = Counter()
    step = loop.Learner.step

    def count(self, batch, *rest):
        made[batch.names[0].split("/")[0].split("-0-")[0]] += 1
        return step(self, batch, *rest)

    monkeypatch.setattr(loop.Learner, "step", count)
    run = folder / "run"
    options = ["--init", str(tiny_model_folder), "--steps", "24", "--out", str(run)]
    assert cli.run(["finetune", "lite", *joint(folder), *options]) == 0
    assert set(made) == {"ref-davis17", "ref-youtube-vos", "instances", "world"}
    told = capsys.readouterr().err
    assert f"start from {tiny_model_folder}" in told
    assert "ref-youtube-vos, 30% of the batches: 1 to train on, 1 held out" in told
    assert SLVP.from_pretrained(run / "model").config == tiny_config()
    assert all(
        t["start"] == "reused" for t in json.loads((run / "init.json").read_text())["tensors"]
    )
    data = TrainConfig.load(run / "config.json").data
    assert data.benchmarks[0] == ("ref-davis17", str(folder / "davis"), 0.3)
    with (run / "log.csv").open() as file:
        figures = {row["name"]: float(row["value"]) for row in csv.DictReader(file)}
    assert np.isfinite(figures["train/loss"])
    assert 0 <= figures["held-out/iou"] <= 1


@pytest.mark.usefixtures("tiny_recipe")
def test_an_unreadable_frame_is_survived(folder):
    for video in (folder / "davis/DAVIS/JPEGImages/480p").iterdir():
        shutil.copy(folder / "instances.json", video / "00002.jpg")
    run = folder / "run"
    options = ["--steps", "30", "--world-share", "0", "--out", str(run), "--quiet"]
    assert cli.run(["finetune", "lite", *joint(folder)[:8], *options]) == 0
    assert (run / "model/model.safetensors").is_file()


def test_options_become_configuration(folder, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        loop, "train", lambda config, folder, quiet: asked.update(config=config) or folder
    )
    monkeypatch.chdir(folder)
    options = ["--benchmark", "mevis", "m", "0.5", "--benchmark", "visor", "v", "0.25"]
    options += ["--refcoco", "a.json", "b", "1", "--refcoco", "c.json", "d", "2"]
    assert cli.run(["finetune", "lite", *options, "--world-share", "0.1"]) == 0
    lite = recipe("lite", "finetune")
    assert asked["config"].data == replace(
        lite.data,
        benchmarks=(("mevis", f"{folder}/m", 0.5), ("visor", f"{folder}/v", 0.25)),
        refcoco=(
            (f"{folder}/a.json", f"{folder}/b", 1.0),
            (f"{folder}/c.json", f"{folder}/d", 2.0),
        ),
        world_share=0.1,
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--benchmark", "mevis", "nowhere", "0.5"], "nowhere"),
        (["--benchmark", "mavis", "nowhere", "0.5"], "benchmark 'mavis'"),
        (["--benchmark", "mevis", "nowhere", "1.5"], "add up to 1.5"),
        (["--refcoco", "nowhere.json", ".", "0.5"], "nowhere.json"),
        (["--world-share", "0.5"], "--world-share"),
    ],
)
@pytest.mark.usefixtures("tiny_recipe")
def test_mistakes_get_one_line_and_leave_nothing_behind(
    options, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["finetune", "lite", *options]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("slvp: ")
    assert said in complaint
    assert len(complaint.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
