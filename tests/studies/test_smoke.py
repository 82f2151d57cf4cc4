"""All studies, run and drawn with tiny models: what ``make results-smoke`` does."""

import json
from dataclasses import asdict, replace
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from slvp.apps import cli
from slvp.data.captioned import open_captioned
from slvp.data.flow.stored import FlowReader
from slvp.data.labels.kinds import Supervision
from slvp.errors import UserError
from slvp.models.checkpoint import WEIGHTS_FILE
from slvp.studies.card import read_cards
from slvp.studies.material import TINY, Found, Material
from slvp.studies.registry import SCRATCH, SLVP, STUDIES
from slvp.training import loop
from slvp.training.learner import Learner

RUN = ["--smoke", "--quiet", "--seeds", "0"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where all studies were run; leave it as it is."""
    out = tmp_path_factory.mktemp("studies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "draw_curves", lambda *_: None)  # takes longer than such a run
        assert cli.run(["study", "run", "all", "--out", str(out), *RUN]) == 0
    return out


@pytest.fixture(scope="module")
def material(folder):
    return Material(folder / "data", Found(), TINY, examples=True, quiet=True)


def arms_of(name, material):
    return STUDIES[name].arms(material)


@pytest.mark.parametrize("name", STUDIES)
def test_each_arm_has_a_card_that_can_be_kept(name, folder, material):
    cards = read_cards(folder / "cards", name)
    assert {card.arm for card in cards} == {arm.name for arm in arms_of(name, material)}
    for card in cards:
        assert card.smoke
        assert (card.pretraining is None) == (SCRATCH in card.line)
        assert (card.flow is not None) == (name == "what-matters" and card.line != SCRATCH)
        (masks,) = card.masks
        assert len(masks.j) == len(masks.f) == len(masks.sequences) == len(masks.expressions) > 0
        assert 0 < card.trained_parameters < card.parameters
        names = {curve.name for curve in card.finetuning.curves}
        assert names == {"iou", "presence_accuracy"}
    text = "".join(path.read_text() for path in (folder / "cards" / name).iterdir())
    assert str(folder) not in text  # no path of a machine


@pytest.mark.parametrize("name", STUDIES)
def test_every_pair_is_of_lines_that_have_arms(name, material):
    lines = {arm.line for arm in arms_of(name, material)}
    assert {line for pair in STUDIES[name].pairs for line in pair} == lines
    names = [arm.name for arm in arms_of(name, material)]
    assert len(set(names)) == len(names)


def test_all_are_drawn(folder, tmp_path, capsys):
    cards = ["--cards", str(folder / "cards")]
    assert cli.run(["study", "draw", "all", *cards, "--out", str(tmp_path)]) == 0
    drawn = capsys.readouterr().out.split()
    assert len(drawn) == 3 * len(STUDIES)
    page = (tmp_path / "what-matters.md").read_text()
    assert "say nothing" in page
    assert "| exact flow for DIS |" in page
    assert "| from the whole clip |" in page
    assert "frames/s" in (tmp_path / "fusions.md").read_text()


def _video(folder):
    """A folder of five frames, each of one brightness."""
    for number in range(5):
        frame_HW3 = np.full((48, 64, 3), 40 * number, np.uint8)
        Image.fromarray(frame_HW3).save(folder / f"{number}.png")
    return folder


def test_models_are_shown_side_by_side(folder, tmp_path, capsys):
    command = ["study", "show", "labels", "--out", str(folder), *RUN]
    picture = tmp_path / "shown.png"
    (tmp_path / "video").mkdir()
    asked = ["--video", str(_video(tmp_path / "video")), "--sentences", "a dog", "a cat"]
    options = ["--frame", "4", "--picture", str(picture)]
    assert cli.run([*command, *asked, *options]) == 0
    assert capsys.readouterr().out.split() == [str(picture)]
    shown = np.asarray(Image.open(picture))
    assert (shown == 160).all(-1).sum() > 2 * 100 * 75  # the last frame, for each sentence
    assert (shown == 120).all(-1).sum() < 500  # the one before: some pixels of letters


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "name a video with --video"),
        (["--frame", "5"], "has 5 frames; expected --frame below that"),
        (["--frame", "-1"], "expected a number from 0 on"),
        (["--seeds"], "expected one or more numbers from 0 on"),
        (["--arms", "some"], "--arms some: unknown; expected some of from-scratch-1, "),
        (["--seeds", "3"], "has no finished run of from-scratch-1, seed 3; run 'slvp study run"),
    ],
)
def test_what_cannot_be_shown_gets_one_line(options, said, folder, tmp_path, capsys):
    command = ["study", "show", "labels", "--out", str(folder), *RUN]
    asked = ["--video", str(_video(tmp_path)), "--sentences", "a dog"] if options else []
    assert cli.run([*command, *asked, *options]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1


def test_a_folder_without_runs_cannot_be_shown(tmp_path, capsys):
    command = ["study", "show", "labels", "--out", str(tmp_path / "none"), *RUN]
    asked = ["--video", str(_video(tmp_path)), "--sentences", "a dog"]
    assert cli.run([*command, *asked]) == 2
    assert "has no finished run" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_what_several_arms_ask_for_is_trained_once(folder):
    runs = [path.name for path in (folder / "runs").iterdir()]
    # By vision, by language, ReferFormer, on real video; seven ways that may matter; and four kinds
    # of labels beside masks, each twice on the world and on real video.
    assert sum(name.startswith("pretrain") for name in runs) == 11
    assert len(runs) == 11 + (6 + 4 + 4 + 4 + 7) + (8 + 8)


def test_what_is_done_is_not_done_again(folder, capsys):
    def times():
        parts = ("runs", "cards", "data/annotated", "data/tested")
        return {
            path: path.stat().st_mtime_ns for part in parts for path in (folder / part).rglob("*")
        }

    before = times()
    assert cli.run(["study", "run", "all", "--out", str(folder), *RUN]) == 0
    assert times() == before
    assert capsys.readouterr().out.splitlines() == [
        f"cards  {folder / 'cards' / name}" for name in STUDIES
    ]


def test_an_interrupted_study_goes_on(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    (out / "data").symlink_to(folder / "data")
    command = ["study", "run", "labels", "--out", str(out), "--arms", "slvp-pre-trained-10", *RUN]
    step = Learner.step

    def fail(self, batch, number, parts):
        if self.config.task == "finetune" and number == 1:
            raise KeyboardInterrupt
        return step(self, batch, number, parts)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", fail)
        assert cli.run(command) == 130
    assert not (out / "cards").exists()
    resumed, resume = [], loop.resume
    monkeypatch.setattr(
        loop, "resume", lambda run, quiet: resumed.append(run.name) or resume(run, quiet=quiet)
    )
    assert cli.run(command) == 0
    assert [name.partition("-")[0] for name in resumed] == ["finetune"]
    (card,) = read_cards(out / "cards", "labels")
    known = {one.arm: one for one in read_cards(folder / "cards", "labels")}[card.arm]
    assert [(one.j, one.f) for one in card.masks] == [(one.j, one.f) for one in known.masks]
    assert card.finetuning.config == known.finetuning.config


def test_pairs_of_the_first_study_differ_in_where_they_start(material):
    arms = arms_of("labels", material)
    for share in (0.01, 0.1, 1.0):
        scratch, slvp = (arm for arm in arms if arm.labels == share)
        assert (scratch.line, slvp.line) == (SCRATCH, SLVP)
        assert scratch.pretrain is None
        assert scratch.finetune == slvp.finetune
        assert scratch.finetune.data.labels == share
    assert len({arm.pretrain for arm in arms if arm.pretrain}) == 1


def test_fusions_get_equal_budgets(material):
    for arm in arms_of("fusions", material):
        for config in (arm.pretrain, arm.finetune):
            if config is not None:
                system = config.model.architecture.replace("referformer", "ReferFormer")
                fusion = config.model.fusion.replace("-", " ")
                assert arm.line.startswith(fusion if system == "slvp" else system)
    by_line = {(arm.line, arm.labels): arm for arm in arms_of("fusions", material)}
    for (line, share), arm in by_line.items():
        if line.startswith("language"):
            other = by_line[line.replace("language", "vision"), share]
            for one, two in ((arm.pretrain, other.pretrain), (arm.finetune, other.finetune)):
                assert (one is None) == (two is None)
                if one is not None:
                    model = replace(one.model, fusion="vision-as-query")
                    # Only the rate of pre-training is each one's own.
                    same = replace(one, model=model, optimiser=two.optimiser)
                    assert same == two
                    assert one.task == "pretrain" or one.optimiser == two.optimiser
        if line.startswith("ReferFormer"):
            other = by_line[line.replace("ReferFormer", "language as query"), share]
            for one, two in ((arm.pretrain, other.pretrain), (arm.finetune, other.finetune)):
                assert (one is None) == (two is None)
                assert one is None or replace(one, model=two.model) == two


def test_each_variant_of_what_matters_changes_one_thing(material):
    arms = {arm.line: arm for arm in arms_of("what-matters", material)}
    usual = asdict(arms[SLVP].pretrain)
    for line, arm in arms.items():
        if line in (SLVP, SCRATCH):
            continue
        changed = asdict(arm.pretrain)
        different = [
            f"{part}.{name}"
            for part in ("model", "data", "objective")
            for name in usual[part]
            if usual[part][name] != changed[part][name]
        ]
        assert len(different) == 1, line


@pytest.mark.parametrize("name", ["supervision", "supervision-real"])
def test_arms_of_supervision_differ_in_labels_and_where_they_start(name, material):
    arms = arms_of(name, material)
    assert len(arms) == 2 * len(get_args(Supervision)) == 10
    masks = arms[0].finetune
    for arm in arms:
        kind = arm.finetune.data.supervision
        assert arm.finetune == replace(masks, data=replace(masks.data, supervision=kind))
        assert arm.line.endswith(SLVP if arm.pretrain else SCRATCH)
    starts = {(arm.finetune.data.supervision, arm.pretrain is None) for arm in arms}
    assert len(starts) == 10
    assert len({arm.pretrain for arm in arms if arm.pretrain}) == 1
    # The arm with masks is that of the studies of few masks.
    assert masks in [
        arm.finetune for arm in arms_of(name.replace("supervision", "labels"), material)
    ]


def test_exact_flow_is_the_worlds_own(folder):
    video = open_captioned([folder / "data/captioned-exact"]).read(2)
    assert video.flow is not None
    with video.flow.open() as (file, size):
        flow = FlowReader(file, size, "flow").read(0, TINY.captioned_frames - 1)
    with np.load(folder / "data/captioned-clips/flow/world_00002.npz") as content:
        expected_THW2 = content["flow_THW2"][:-1].astype(np.float32)
    np.testing.assert_allclose(flow.flow_THW2, expected_THW2, atol=0.05)
    assert flow.valid_THW.mean() > 0.9
    assert not (folder / "data/.fields.part").exists()


def test_data_of_other_options_are_not_mixed(folder):
    other = replace(TINY, annotated=9)
    with pytest.raises(UserError, match="made with annotated 8, not 9"):
        Material(folder / "data", Found(), other, examples=True, quiet=True).settle()


def test_real_video_must_be_named(tmp_path):
    material = Material(tmp_path, Found(), TINY, examples=False, quiet=True)
    for option, ask in (
        ("--captioned", material.captioned_video),
        ("--annotated", material.annotated_video),
        ("--tested", material.tested_video),
    ):
        with pytest.raises(UserError, match=option):
            ask()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "labels", "--seeds", "-1"], "--seeds -1"),
        (["run", "labels", "--smoke", "--quiet", "--arms", "no-such"], "from-scratch-1, slvp-"),
        (["run", "labels-real", "--quiet"], "--captioned"),
        (["draw", "labels"], "holds no result card"),
        (["draw", "all"], "holds no result card"),
    ],
)
def test_a_mistake_about_studies_gets_one_line_and_leaves_nothing(
    arguments, named, tmp_path, capsys
):
    assert cli.run(["study", *arguments, "--out", str(tmp_path / "new")]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("slvp: ")
    assert named in captured.err
    assert len(captured.err.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_cards_are_json_without_a_model(folder):
    (path,) = (folder / "cards/labels").glob("slvp-pre-trained-100-*.json")
    init = json.loads(path.read_text())["finetuning"]["config"]["init"]
    assert init.startswith("pretrain-")
    assert (folder / "runs" / init / "model" / WEIGHTS_FILE).is_file()
