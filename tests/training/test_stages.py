"""Runs with weak labels: their stages, the pseudo masks of each, and that they can be resumed."""

import json
import shutil
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from slvp.apps import cli
from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.data.labels.kinds import WeakKind
from slvp.data.pseudo_masks.store import read_pseudo_masks
from slvp.errors import UserError
from slvp.models.checkpoint import from_pretrained
from slvp.training import loop, pseudo_jobs
from slvp.training.config import WeakConfig
from slvp.training.sources import build_batches
from slvp.training.stages import Stages, first_teacher
from slvp.training.teacher import Teacher
from tiny_runs import DATA, interrupt, logged, tiny_run, weights


@pytest.fixture(autouse=True)
def log_every_step(monkeypatch):
    monkeypatch.setattr(loop, "_LOG_EVERY", 1)
    monkeypatch.setattr(loop, "draw_curves", lambda *_: None)


@pytest.fixture(scope="module")
def davis(tmp_path_factory):
    folder = tmp_path_factory.mktemp("davis")
    write_ref_davis17(folder)
    return folder


def weak_run(davis, kind="box", count=2, **changes):
    """Six steps in some stages, of nothing but weakly labelled videos."""
    data = replace(
        DATA, benchmarks=(("ref-davis17", str(davis), 1.0),), supervision=kind, held_out=0.3
    )
    return tiny_run(data=data, weak=WeakConfig(stages=count, frames=4), **changes)


def pseudo_masks(run, stage):
    """Return the pseudo masks of a stage by video."""
    files = (run / f"pseudo/stage-{stage}/0-ref-davis17").glob("*.npz")
    return {path.stem: read_pseudo_masks(path) for path in sorted(files)}


@pytest.mark.parametrize("kind", get_args(WeakKind))
def test_each_kind_of_label_trains_a_model(davis, tmp_path, kind):
    run = tmp_path / "run"
    model = loop.train(weak_run(davis, kind), run, quiet=True)
    assert from_pretrained(model).config.head == "mask"
    losses = logged(run, "train/loss")
    assert sorted(losses) == list(range(6))
    assert np.isfinite(list(losses.values())).all()
    assert all(value > 0 for value in logged(run, "train/affinity").values())
    boxes = logged(run, "train/projection").values()
    assert (max(boxes) > 0) == (kind == "box")
    assert sorted(path.name for path in (run / "pseudo").iterdir()) == ["stage-1", "stage-2"]
    for stage in (1, 2):
        of_videos = pseudo_masks(run, stage)
        assert len(of_videos) == 1  # the held-out one has masks, and gets none
        (masks,) = of_videos.values()
        assert 2 < len(masks.frames) <= 4
        assert masks.probability_NTHW.shape[:2] == (len(masks.names), len(masks.frames))
    assert not list((run / "pseudo").rglob("*.asked"))


def test_the_second_stage_asks_what_was_learnt_in_the_first(davis, tmp_path, monkeypatch):
    asked = []
    ask = Teacher.ask

    def listening(self, frames, sentences):
        asked.append(self._model.state_dict())
        return ask(self, frames, sentences)

    monkeypatch.setattr(Teacher, "ask", listening)
    loop.train(weak_run(davis), tmp_path / "run", quiet=True)
    assert len(asked) == 1  # the run starts from nothing that could be asked
    first, second = (pseudo_masks(tmp_path / "run", stage) for stage in (1, 2))
    (before,), (after,) = first.values(), second.values()
    assert before.names == after.names
    assert (before.probability_NTHW != after.probability_NTHW).any()


@pytest.mark.parametrize("breaks_off", [1, 3, 5])
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(davis, tmp_path, breaks_off):
    """In the first stage, at the first step of the second one, and in the midst of it."""
    config = weak_run(davis)
    loop.train(config, tmp_path / "whole", quiet=True)
    interrupt(config, tmp_path / "cut", breaks_off)
    loop.resume(tmp_path / "cut", quiet=True)
    for name in ("log.csv", "samples.csv", "model/model.safetensors"):
        cut, whole = (tmp_path / run / name for run in ("cut", "whole"))
        assert cut.read_bytes() == whole.read_bytes(), name


def test_pseudo_masks_that_cannot_be_made_leave_no_stage(davis, tmp_path, monkeypatch):
    def broken(*_):
        raise UserError("00001.jpg can't be read")

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(pseudo_jobs, "make_pseudo_masks", broken)
        with pytest.raises(UserError, match=r"00001\.jpg can't be read"):
            loop.train(weak_run(davis), run, quiet=True)
    assert not (run / "pseudo/stage-1").exists()
    loop.resume(run, quiet=True)
    assert len(pseudo_masks(run, 1)) == 1


def test_videos_that_are_done_are_not_done_again(davis, tmp_path, monkeypatch):
    """An interrupted stage goes on where it was, and ends as one that never broke off."""
    make = pseudo_jobs.PseudoJob.make
    config = weak_run(davis)
    config = replace(config, data=replace(config.data, held_out=0.0))
    loop.train(config, tmp_path / "whole", quiet=True)
    made = []

    def breaking_off(job):
        if made:
            raise KeyboardInterrupt
        made.append(job.path.name)
        make(job)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(pseudo_jobs.PseudoJob, "make", breaking_off)
        loop.train(config, tmp_path / "cut", quiet=True)
    (done,) = (tmp_path / "cut/pseudo").rglob("*.npz")
    assert [done.name] == made
    before = done.stat().st_ino
    loop.resume(tmp_path / "cut", quiet=True)
    of_first = pseudo_masks(tmp_path / "cut", 1)
    assert (tmp_path / "cut/pseudo/stage-1/0-ref-davis17" / done.name).stat().st_ino == before
    assert len(of_first) == 2
    for name, masks in pseudo_masks(tmp_path / "whole", 1).items():
        np.testing.assert_array_equal(masks.probability_NTHW, of_first[name].probability_NTHW)


def test_labels_of_another_size_than_their_frames_are_refused(davis, tmp_path):
    folder = tmp_path / "davis"
    shutil.copytree(davis, folder)
    assert cli.run(["data", "weaken", "ref-davis17", str(folder), "--to", "box"]) == 0
    path = folder / "labels/train-box.json"
    content = json.loads(path.read_text())
    for video in content["videos"].values():
        video["size"] = [2 * side for side in video["size"]]
    path.write_text(json.dumps(content))
    said = r"^video [a-z-]+ has frames of 96 x 72 pixels, and labels for 192 x 144: label frames"
    with pytest.raises(UserError, match=said):
        loop.train(weak_run(folder), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run/pseudo/stage-1").exists()


@pytest.mark.parametrize("kind", [*get_args(WeakKind), "sentence"])
def test_what_stands_in_can_be_read_as_pseudo_masks(davis, tmp_path, kind):
    config = weak_run(davis, kind)
    stages = Stages(config, tmp_path)
    stages.stand_in()
    training, _ = build_batches(config, pseudo=stages.pseudo(0))
    for step in range(config.steps):
        batch = training[step]
        assert not batch.skipped
        assert not batch.masks_ETHW.any()
        assert (batch.trust_ETHW == 1).all()


def test_stages_without_steps_make_nothing(tmp_path):
    config = tiny_run(steps=2, weak=WeakConfig(stages=3))
    weak = Stages(replace(config, data=replace(DATA, supervision="box")), tmp_path)
    assert [(stage.number, stage.steps) for stage in weak.after(0)] == [
        (0, range(1)),
        (2, range(1, 2)),
    ]


def test_stages_share_the_steps(tmp_path):
    config = tiny_run(steps=7, weak=WeakConfig(stages=3))
    weak = Stages(
        replace(config, data=replace(DATA, supervision="point")), tmp_path / "nothing-yet"
    )
    assert [stage.steps for stage in weak.after(0)] == [range(2), range(2, 5), range(5, 7)]
    assert [(stage.number, stage.steps) for stage in weak.after(3)] == [
        (1, range(3, 5)),
        (2, range(5, 7)),
    ]
    assert weak.after(7) == []
    whole = Stages(config, tmp_path / "nothing-yet")
    assert [stage.steps for stage in whole.after(0)] == [range(7)]
    assert whole.pseudo(0) is None
    assert not (tmp_path / "nothing-yet").exists()


def test_a_flow_model_is_asked_first_of_sentences_alone(davis, tmp_path):
    flow = loop.train(tiny_run("pretrain"), tmp_path / "flow", quiet=True)
    masks = loop.train(tiny_run(), tmp_path / "masks", quiet=True)
    for init, kind, head in (
        (flow, "box", None),
        (flow, "sentence", "flow"),
        (masks, "box", "mask"),
        ("", "sentence", None),
    ):
        teacher = first_teacher(weak_run(davis, kind, init=str(init)))
        assert (None if teacher is None else teacher.config.head) == head


def test_pre_training_is_the_first_teacher_of_sentences(davis, tmp_path):
    flow = loop.train(tiny_run("pretrain"), tmp_path / "flow", quiet=True)
    for name, init in (("scratch", ""), ("transfer", str(flow))):
        loop.train(weak_run(davis, "sentence", init=init, steps=2), tmp_path / name, quiet=True)
    (alone,), (told,) = (
        pseudo_masks(tmp_path / name, 1).values() for name in ("scratch", "transfer")
    )
    assert (alone.probability_NTHW != told.probability_NTHW).any()


def test_masks_train_as_before_whatever_the_stages_are(tmp_path):
    for name, weak in (("one", WeakConfig(stages=1)), ("three", WeakConfig(stages=3))):
        loop.train(tiny_run(weak=weak), tmp_path / name, quiet=True)
    one, three = weights(tmp_path / "one"), weights(tmp_path / "three")
    assert all((one[name] == three[name]).all() for name in one)


def test_weak_labels_without_a_benchmark_are_refused(tmp_path):
    config = tiny_run(data=replace(DATA, supervision="box"))
    with pytest.raises(UserError, match="--supervision box needs --benchmark"):
        loop.train(config, tmp_path / "run", quiet=True)
    assert not (tmp_path / "run/pseudo").exists()
