import csv
import dataclasses
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from slvp.errors import UserError
from slvp.models.slvp import SLVP
from slvp.segmenter import Segmenter
from slvp.training import loop
from slvp.training.config import DataConfig, OptimiserConfig, TrainConfig
from slvp.training.recipes import RECIPES, recipe
from tiny import tiny_config

DATA = DataConfig(sizes=((64, 64),), frames=(2,), pixels=2 * 2 * 64 * 64, expressions=2)


def tiny_run(task="finetune", **changes) -> TrainConfig:
    head = "mask" if task == "finetune" else "flow"
    config = TrainConfig(
        task=task,
        model=tiny_config(head=head),
        data=DATA,
        optimiser=OptimiserConfig(learning_rate=3e-3, warmup=2, ema=0.5),
        steps=6,
        validate_every=3,
        validation_batches=2,
        checkpoint_every=2,
        workers=0,
    )
    return dataclasses.replace(config, **changes)


def logged(run, name):
    with (run / "log.csv").open() as file:
        return {
            int(r["step"]): float(r["value"]) for r in csv.DictReader(file) if r["name"] == name
        }


@pytest.fixture(autouse=True)
def log_every_step(monkeypatch):
    monkeypatch.setattr(loop, "_LOG_EVERY", 1)


@pytest.mark.parametrize("task", ["pretrain", "finetune"])
def test_a_run_leaves_a_model_logs_and_scores(task, tmp_path, capsys):
    model = loop.train(tiny_run(task), tmp_path / "run")
    assert SLVP.from_pretrained(model).config.head == ("mask" if task == "finetune" else "flow")
    assert sorted(logged(tmp_path / "run", "train/loss")) == list(range(6))
    score = "held-out/iou" if task == "finetune" else "held-out/predicted_epe"
    assert sorted(logged(tmp_path / "run", score)) == [2, 5]
    assert any((tmp_path / "run/tensorboard").iterdir())
    assert "step 6" in capsys.readouterr().err


def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path, monkeypatch):
    loop.train(tiny_run(), tmp_path / "whole", quiet=True)

    class KilledError(Exception):
        pass

    saved = loop.Checkpoints.save

    def die_after_step_4(self, step, state):
        saved(self, step, state)
        if step == 4:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(loop.Checkpoints, "save", die_after_step_4)
        with pytest.raises(KilledError):
            loop.train(tiny_run(), tmp_path / "cut", quiet=True)
    assert not (tmp_path / "cut/model").exists()
    loop.resume(tmp_path / "cut", quiet=True)
    assert logged(tmp_path / "cut", "train/loss") == logged(tmp_path / "whole", "train/loss")
    whole = load_file(tmp_path / "whole/model/model.safetensors")
    cut = load_file(tmp_path / "cut/model/model.safetensors")
    for name, tensor in whole.items():
        torch.testing.assert_close(cut[name], tensor, rtol=0, atol=0, msg=name)


def test_transfer_starts_from_pretraining(tmp_path, capsys):
    pretrained = loop.train(tiny_run("pretrain", steps=2), tmp_path / "pretrain", quiet=True)
    config = tiny_run(init=str(pretrained), steps=1)
    loop.train(config, tmp_path / "finetune")
    said = capsys.readouterr().err
    assert f"start from {pretrained}" in said
    assert "new: head." in said
    told = json.loads((tmp_path / "finetune/init.json").read_text())
    starts = {t["name"].split(".")[0]: t["start"] for t in told["tensors"]}
    assert starts == {"vision": "reused", "fusion": "reused", "decoder": "reused", "head": "new"}
    assert not (tmp_path / "pretrain/init.json").exists()


def test_training_learns_the_drawn_world(tmp_path):
    """A few steps on one world must lower the loss: gradients reach what matters."""
    config = tiny_run(steps=60, validate_every=60, checkpoint_every=100)
    loop.train(config, tmp_path / "run", quiet=True)
    losses = logged(tmp_path / "run", "train/loss")
    first = sum(losses[s] for s in range(10)) / 10
    last = sum(losses[s] for s in range(50, 60)) / 10
    assert last < 0.9 * first


def test_snapshots_are_kept(tmp_path):
    loop.train(tiny_run(snapshot_every=3), tmp_path / "run", quiet=True)
    names = [path.name for path in sorted((tmp_path / "run/snapshots").iterdir())]
    assert names == ["step-000003", "step-000006"]
    Segmenter.from_pretrained(tmp_path / "run/snapshots/step-000003")


def test_a_folder_in_use_is_not_touched(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/notes.txt").write_text("mine")
    with pytest.raises(UserError, match="already there"):
        loop.train(tiny_run(), tmp_path / "run")
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_a_wrong_option_leaves_no_folder(tmp_path):
    data = dataclasses.replace(DATA, cutouts=(str(tmp_path / "nothing"),))
    with pytest.raises(UserError, match="nothing"):
        loop.train(tiny_run(data=data), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("workers", [0, 1])
def test_an_unreadable_picture_is_named_in_one_line(tmp_path, workers):
    folder = tmp_path / "cutouts"
    folder.mkdir()
    (folder / "a.png").write_text("no picture")
    (folder / "index.csv").write_text(
        "file,source,licence,class_name,caption\na.png,x,CC0,dog,a dog\n"
    )
    data = dataclasses.replace(DATA, cutouts=(str(folder),), held_out=0.0)
    with pytest.raises(UserError) as raised:
        loop.train(tiny_run(data=data, workers=workers), tmp_path / "run", quiet=True)
    assert "a.png" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_quiet_is_quiet(tmp_path, capfd):
    loop.train(tiny_run(), tmp_path / "run", quiet=True)
    assert capfd.readouterr().err == ""


def test_statistics_of_a_trained_backbone_are_saved(tmp_path):
    model = loop.train(tiny_run(steps=2), tmp_path / "run", quiet=True)
    state = load_file(model / "model.safetensors")
    means = [t for name, t in state.items() if name.endswith("running_mean")]
    assert any(t.abs().max() > 0 for t in means)


def test_resuming_needs_no_init(tmp_path):
    """All that a checkpoint needs is in it: the model that the run began from may be gone."""
    pretrained = loop.train(tiny_run("pretrain", steps=1), tmp_path / "pretrain", quiet=True)
    loop.train(tiny_run(init=str(pretrained)), tmp_path / "run", quiet=True)
    shutil.rmtree(tmp_path / "run/model")
    shutil.rmtree(pretrained)
    loop.resume(tmp_path / "run", quiet=True)


def test_a_finished_run_is_not_trained_again(tmp_path):
    loop.train(tiny_run(steps=1), tmp_path / "run", quiet=True)
    with pytest.raises(UserError, match="is finished"):
        loop.resume(tmp_path / "run")


def test_nothing_to_resume(tmp_path):
    with pytest.raises(UserError, match="not found"):
        loop.resume(tmp_path / "nothing")


def test_init_that_fits_nothing(tmp_path):
    other = tmp_path / "other"
    SLVP(tiny_config(width=24, pixel_width=16, vision="test_convnext")).save_pretrained(other)
    with pytest.raises(UserError, match="tensors fit this recipe"):
        loop.train(tiny_run(init=str(other)), tmp_path / "run", quiet=True)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("task", ["pretrain", "finetune"])
def test_recipes_survive_a_round_trip(name, task, tmp_path):
    config = recipe(name, task)
    config.save(tmp_path / "config.json")
    assert TrainConfig.load(tmp_path / "config.json") == config
    assert config.model.head == ("mask" if task == "finetune" else "flow")


def test_unknown_recipe():
    with pytest.raises(UserError, match="expected one of lite"):
        recipe("huge", "finetune")
