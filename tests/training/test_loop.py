import gc
import json
import os
import re
import shutil
import signal
from dataclasses import replace

import pytest
import torch
from PIL import Image
from torch.utils.data import get_worker_info

from slvp.apps import cli
from slvp.data.datasets import StepBatches
from slvp.errors import UserError
from slvp.models.slvp import SLVP
from slvp.segmenter import Segmenter
from slvp.training import loop
from slvp.training.config import OptimiserConfig, TrainConfig
from slvp.training.curves import draw_curves
from slvp.training.learner import Learner
from slvp.training.logs import read_rows
from slvp.training.recipes import RECIPES, recipe
from slvp.types import Skipped
from tiny import tiny_config
from tiny_runs import DATA, interrupt, logged, small_disk, tiny_run, weights


@pytest.fixture(autouse=True)
def log_every_step(monkeypatch):
    monkeypatch.setattr(loop, "_LOG_EVERY", 1)
    monkeypatch.setattr(loop, "draw_curves", lambda *_: None)  # takes as long as a few steps


@pytest.mark.parametrize("task", ["pretrain", "finetune"])
def test_a_run_leaves_a_model_logs_and_scores(task, tmp_path, capsys):
    model = loop.train(tiny_run(task), tmp_path / "run")
    assert SLVP.from_pretrained(model).config.head == ("mask" if task == "finetune" else "flow")
    assert sorted(logged(tmp_path / "run", "train/loss")) == list(range(6))
    score = "held-out/iou" if task == "finetune" else "held-out/predicted_epe"
    assert sorted(logged(tmp_path / "run", score)) == [2, 5]
    assert any((tmp_path / "run/tensorboard").iterdir())
    assert "step 6" in capsys.readouterr().err


@pytest.mark.parametrize("breaks_off", [1, 4, 5])
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path, breaks_off):
    """Before the first checkpoint, just after one, and a step later."""
    loop.train(tiny_run(), tmp_path / "whole", quiet=True)
    interrupt(tiny_run(), tmp_path / "cut", breaks_off)
    assert not (tmp_path / "cut/model").exists()
    loop.resume(tmp_path / "cut", quiet=True)
    assert_same_run(tmp_path / "cut", tmp_path / "whole")


def assert_same_run(run, other):
    for name in ("log.csv", "samples.csv", "model/model.safetensors"):
        assert (run / name).read_bytes() == (other / name).read_bytes(), name


def test_a_run_goes_on_from_the_newest_checkpoint_that_can_be_read(tmp_path, capsys):
    loop.train(tiny_run(), tmp_path / "whole", quiet=True)
    interrupt(tiny_run(), tmp_path / "cut", 5)
    newest = tmp_path / "cut/checkpoints/step-000004.pt"
    newest.write_bytes(newest.read_bytes()[:-100])
    loop.resume(tmp_path / "cut", quiet=True)
    assert capsys.readouterr().err == f"{newest}: broken; skipped\n"
    assert_same_run(tmp_path / "cut", tmp_path / "whole")


def test_a_full_disk_ends_a_run_that_can_go_on(tmp_path, capsys):
    loop.train(tiny_run(), tmp_path / "whole", quiet=True)
    run = tmp_path / "cut"
    interrupt(tiny_run(), run, 3)
    files = {path for path in run.rglob("*") if "tensorboard" not in path.parts}
    with small_disk(300_000):
        assert cli.run(["resume", str(run), "--quiet"]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"slvp: {run}/checkpoints/step-000004.pt: can't be written")
    assert len(complaint.splitlines()) == 1
    made = {path for path in run.rglob("*") if "tensorboard" not in path.parts} - files
    assert {path.name for path in made} <= {"curves.png", "pictures", "step-000003.png"}
    assert cli.run(["resume", str(run), "--quiet"]) == 0
    assert_same_run(run, tmp_path / "whole")


def test_a_full_disk_leaves_no_half_a_model(tmp_path):
    config = tiny_run(checkpoint_every=100)
    with small_disk(300_000), pytest.raises(UserError, match="model: can't be written"):
        loop.train(config, tmp_path / "run", quiet=True)
    assert not list((tmp_path / "run/model").rglob("*"))
    loop.resume(tmp_path / "run", quiet=True)
    SLVP.from_pretrained(tmp_path / "run/model")


def test_the_newest_checkpoints_are_kept(tmp_path):
    loop.train(tiny_run(keep_checkpoints=2), tmp_path / "run", quiet=True)
    kept = sorted(path.name for path in (tmp_path / "run/checkpoints").iterdir())
    assert kept == ["step-000004.pt", "step-000006.pt"]


def test_a_run_that_was_killed_before_it_began_leaves_a_new_folder(tmp_path):
    (tmp_path / ".config.json.4711.part").write_text("{")
    loop.train(tiny_run(steps=1), tmp_path, quiet=True)
    assert not list(tmp_path.glob(".*"))


def test_bf16_trains_too(tmp_path):
    loop.train(tiny_run("pretrain", precision="bf16"), tmp_path / "bf16", quiet=True)
    loop.train(tiny_run("pretrain"), tmp_path / "full", quiet=True)
    half, full = (logged(tmp_path / run, "train/loss") for run in ("bf16", "full"))
    assert half != full
    assert half == pytest.approx(full, rel=0.1)


def test_a_loss_that_is_no_number_ends_the_run(tmp_path):
    optimiser = OptimiserConfig(learning_rate=1e30, warmup=0)
    config = tiny_run("pretrain", optimiser=optimiser, steps=20)
    with pytest.raises(UserError, match=r"lower --learning-rate"):
        loop.train(config, tmp_path / "run", quiet=True)


@pytest.mark.parametrize("figure", ["loss", "gradient_norm"])
@pytest.mark.parametrize("kept", ["checkpoint", "snapshot", "model"])
def test_weights_that_are_no_numbers_are_never_kept(tmp_path, monkeypatch, figure, kept):
    """Whatever is written, the step before it is looked at, though the log leaves it out."""
    monkeypatch.setattr(loop, "_LOG_EVERY", 100)
    every = {"checkpoint_every": 100} | ({f"{kept}_every": 2} if kept != "model" else {})
    step = Learner.step

    def fail(self, batch, number, parts):
        outcome = step(self, batch, number, parts)
        nothing = torch.tensor(float("nan"))
        if number < 1:
            return outcome
        if figure == "gradient_norm":
            return replace(outcome, gradient_norm=nothing)
        return replace(outcome, totals=dict.fromkeys(outcome.totals, nothing))

    monkeypatch.setattr(Learner, "step", fail)
    with pytest.raises(UserError, match=f"the {figure.replace('_', ' ')} of step . is nan"):
        loop.train(tiny_run(steps=4, **every), tmp_path / "run", quiet=True)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".pt", ".safetensors")]


def test_the_loaders_share_is_told(tmp_path, capsys):
    loop.train(tiny_run(), tmp_path / "run")
    assert re.search(r"waited for data \d+\.\d% of the time", capsys.readouterr().err)
    shares = [
        float(value)
        for _, name, value in read_rows(tmp_path / "run/timing.csv")
        if name == "train/loader_share"
    ]
    assert len(shares) == 4
    assert all(0 < share < 1 for share in shares)


@pytest.fixture
def broken(monkeypatch):
    """Lets every batch lack some samples."""

    def lack(count):
        make = StepBatches.__getitem__
        skipped = tuple(Skipped(f"{n}.mp4", "broken", "is empty") for n in range(count))
        monkeypatch.setattr(
            StepBatches, "__getitem__", lambda *step: replace(make(*step), skipped=skipped)
        )

    return lack


def test_skipped_samples_are_named_once(tmp_path, capsys, broken):
    broken(1)
    data = replace(DATA, max_broken=0.5)
    interrupt(tiny_run(data=data), tmp_path / "run", 3)
    loop.resume(tmp_path / "run")
    rows = read_rows(tmp_path / "run/skipped.csv")
    assert rows == [["0", "0.mp4", "broken", "is empty"]]
    assert f"samples skipped: 1, named in {tmp_path}/run/skipped.csv" in capsys.readouterr().err


def test_too_many_broken_samples_stop_the_run(tmp_path, broken):
    broken(3)
    with pytest.raises(UserError, match=r"can't be read.*2\.mp4: is empty"):
        loop.train(tiny_run(), tmp_path / "run", quiet=True)


def test_a_killed_worker_is_told_in_one_line(tmp_path, monkeypatch):
    make = StepBatches.__getitem__

    def die(batches, step):
        if step == 3 and get_worker_info() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return make(batches, step)

    with monkeypatch.context() as patch:
        patch.setattr(StepBatches, "__getitem__", die)
        with pytest.raises(UserError, match=r"memory.*slvp resume") as raised:
            loop.train(tiny_run(workers=1), tmp_path / "run", quiet=True)
    assert "\n" not in str(raised.value)
    # The error holds the loader, which would tell once more, at any time, that its worker is dead.
    del raised
    gc.collect()
    loop.resume(tmp_path / "run", quiet=True)


def test_a_worker_that_is_killed_while_it_sends_is_told_in_one_line(tmp_path, monkeypatch):
    def cut_off(batches, step):
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(StepBatches, "__getitem__", cut_off)
    with pytest.raises(UserError, match=r"memory.*slvp resume") as raised:
        loop.train(tiny_run(workers=0), tmp_path / "run", quiet=True)
    assert "\n" not in str(raised.value)


def test_the_log_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "draw_curves", draw_curves)
    loop.train(tiny_run(), tmp_path / "run", quiet=True)
    with Image.open(tmp_path / "run/curves.png") as picture:
        assert picture.width > 600


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
    data = replace(DATA, cutouts=(str(tmp_path / "nothing"),))
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
    data = replace(DATA, cutouts=(str(folder),), held_out=0.0)
    with pytest.raises(UserError) as raised:
        loop.train(tiny_run(data=data, workers=workers), tmp_path / "run", quiet=True)
    assert "a.png" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_quiet_is_quiet(tmp_path, capfd):
    loop.train(tiny_run(), tmp_path / "run", quiet=True)
    assert capfd.readouterr().err == ""


def test_statistics_of_a_trained_backbone_are_saved(tmp_path):
    model = loop.train(tiny_run(steps=2), tmp_path / "run", quiet=True)
    state = weights(model.parent)
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


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe{}", b"[]", b'{"width": 64}', b'{"model": [], "data": {}, "optimiser": {}}'],
)
def test_what_is_no_run_can_not_be_resumed(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(UserError, match=r"config\.json: is no run's configuration; expected"):
        loop.resume(tmp_path)


def test_a_field_of_another_version_is_named(tmp_path):
    tiny_run().save(tmp_path / "config.json")
    values = json.loads((tmp_path / "config.json").read_text())
    values["data"]["smell"] = 1
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(UserError, match=r"is no run's configuration \(.*'smell'\); expected"):
        loop.resume(tmp_path)


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
