import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from slvp.apps import cli
from slvp.apps.commands import train as command
from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.data.labels.kinds import Supervision, WeakKind
from slvp.models.slvp import SLVP
from slvp.training import loop
from slvp.training.config import TrainConfig, WeakConfig
from slvp.training.recipes import recipe
from tiny import tiny_config
from tiny_runs import tiny_run


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the training loop was asked for, instead of training."""
    asked: dict[str, Any] = {}

    def train(config: TrainConfig, folder: Path, *, quiet: bool) -> Path:
        asked.update(config=config, folder=folder, quiet=quiet)
        return folder / "model"

    monkeypatch.setattr(loop, "train", train)
    return asked


def test_finetune_changes_what_the_options_name_and_nothing_else(
    trained: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("runs/flow/model").mkdir(parents=True)
    options = ["--init", "runs/flow/model", "--cutouts", "a", "b", "--stamps", "--steps", "7"]
    options += ["--coco", "c.json", "c", "d.json", "d", "--stills", "e"]
    options += ["--backgrounds", "f", "g.mp4"]
    assert cli.run(["finetune", "lite", *options, "--seed", "3", "--quiet"]) == 0
    lite = recipe("lite", "finetune")
    here = str(tmp_path)
    data = replace(
        lite.data,
        cutouts=(f"{here}/a", f"{here}/b"),
        coco=((f"{here}/c.json", f"{here}/c"), (f"{here}/d.json", f"{here}/d")),
        stamps=True,
        stills=f"{here}/e",
        background_videos=(f"{here}/f", f"{here}/g.mp4"),
    )
    init = f"{here}/runs/flow/model"
    assert trained == {
        "config": replace(lite, data=data, init=init, steps=7, seed=3),
        "folder": Path("runs/finetune-lite"),
        "quiet": True,
    }
    assert "runs/finetune-lite/model" in capsys.readouterr().out


def test_pretrain_takes_captioned_video(
    trained: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--captioned", "videos", "shards/{00000..00041}.tar", "--captioned-share", "0.7"]
    assert cli.run(["pretrain", "lite", *options]) == 0
    assert trained["config"].data == replace(
        recipe("lite", "pretrain").data,
        captioned=(f"{tmp_path}/videos", f"{tmp_path}/shards/{{00000..00041}}.tar"),
        captioned_share=0.7,
    )


def test_options_of_the_machine(
    trained: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    options = ["--accumulate", "4", "--precision", "bf16", "--fsdp", "--out", str(tmp_path)]
    assert cli.run(["pretrain", "lite", *options]) == 0
    own = recipe("lite", "pretrain")
    assert trained["config"] == replace(own, accumulate=4, precision="bf16", sharding="fsdp")
    assert capsys.readouterr().out == f"model  {tmp_path}/model\n"
    monkeypatch.setenv("RANK", "1")  # one of several processes, not the first
    assert cli.run(["pretrain", "lite", *options]) == 0
    assert capsys.readouterr().out == ""


def test_finetune_takes_a_share_of_the_labels(trained: dict[str, Any], tmp_path: Path) -> None:
    options = ["--benchmark", "mevis", str(tmp_path), "1", "--labels", "0.1"]
    assert cli.run(["finetune", "lite", *options]) == 0
    assert trained["config"].data == replace(
        recipe("lite", "finetune").data, benchmarks=(("mevis", str(tmp_path), 1.0),), labels=0.1
    )


@pytest.mark.parametrize("kind", [kind for kind in get_args(Supervision) if kind != "mask"])
@pytest.mark.parametrize("stages", [None, 5])
def test_finetune_takes_less_than_masks(
    trained: dict[str, Any], kind: Supervision, stages: int | None, tmp_path: Path
) -> None:
    options = ["--benchmark", "mevis", str(tmp_path), "1", "--supervision", kind]
    options += [] if stages is None else ["--stages", str(stages)]
    assert cli.run(["finetune", "lite", *options]) == 0
    own = recipe("lite", "finetune")
    data = replace(own.data, benchmarks=(("mevis", str(tmp_path), 1.0),), supervision=kind)
    weak = own.weak if stages is None else replace(own.weak, stages=stages)
    assert trained["config"] == replace(own, data=data, weak=weak)


@pytest.mark.parametrize("kind", [kind for kind in get_args(Supervision) if kind != "mask"])
def test_a_dry_run_of_less_than_masks(kind: str, davis: Path, tmp_path: Path, capsys) -> None:
    options = ["--supervision", kind, "--dry-run", "--dry-run-size", "64", "--out", "run"]
    assert cli.run(["finetune", "lite", *benchmark(davis), *options]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^pseudo masks +none were made; empty ones stood in$", shown, re.MULTILINE)
    assert re.search(r"^loss .*affinity .*level_set .*projection", shown, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("task", ["pretrain", "finetune"])
def test_what_the_recipe_sets_can_be_set_otherwise(
    trained: dict[str, Any], task: Literal["pretrain", "finetune"], tmp_path: Path
) -> None:
    options = ["--learning-rate", "2e-4", "--workers", "0", "--max-broken", "0.5"]
    options += ["--checkpoint-activations", "--out", str(tmp_path)]
    assert cli.run([task, "base", *options]) == 0
    own = recipe("base", task)
    assert trained["config"] == replace(
        own,
        optimiser=replace(own.optimiser, learning_rate=2e-4),
        workers=0,
        data=replace(own.data, max_broken=0.5),
        model=replace(own.model, checkpoint_activations=True),
    )


@pytest.mark.parametrize("option", ["--checkpoint-activations", "--fsdp"])
def test_what_a_referformer_can_not_do_is_told(
    trained: dict[str, Any], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["finetune", "referformer-lite", option]) == 2
    assert capsys.readouterr().err.startswith(f"slvp: {option}: not for this recipe's model")
    assert not trained


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("raft-small", "raft-small"),
        ("raft-large:weights.pth", "raft-large:{here}/weights.pth"),
        ("exact", "exact"),
        ("dis", "dis"),
    ],
)
def test_pretrain_takes_any_estimator(
    trained: dict[str, Any], asked: str, meant: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["pretrain", "lite-fast-flow", "--estimator", asked]) == 0
    own = recipe("lite", "pretrain")
    objective = replace(own.objective, estimator=meant.format(here=tmp_path))
    assert trained["config"] == replace(own, objective=objective)


@pytest.mark.parametrize("init", ["default", "owner/name", "x" * 300])
def test_a_model_that_is_no_folder_keeps_its_name(trained: dict[str, Any], init: str) -> None:
    assert cli.run(["finetune", "lite", "--init", init]) == 0
    assert trained["config"].init == init


def test_pretrain_runs_the_recipe_as_it_is(trained: dict[str, Any], tmp_path: Path) -> None:
    assert cli.run(["pretrain", "lite-language", "--out", str(tmp_path)]) == 0
    assert trained["config"] == recipe("lite-language", "pretrain")
    assert trained["folder"] == tmp_path


@pytest.mark.parametrize("finished", [True, False])
def test_a_run_stands_for_its_model(
    trained: dict[str, Any], finished: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flow/model").mkdir(parents=True)
    recipe("lite", "pretrain").save(Path("flow/config.json"))
    if finished:
        Path("flow/model/model.safetensors").touch()
        assert cli.run(["finetune", "lite", "--init", "flow"]) == 0
        assert trained["config"].init == f"{tmp_path}/flow/model"
    else:
        assert cli.run(["finetune", "lite", "--init", "flow"]) == 2
        assert "flow: this run isn't finished; 'slvp resume flow'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["pretrain", "no-such-recipe"], "no-such-recipe"),
        (["pretrain", "lite", "--steps", "0"], "--steps 0"),
        (["pretrain", "lite", "--captioned-share", "0.5"], "--captioned-share needs --captioned"),
        (["pretrain", "lite", "--accumulate", "0"], "--accumulate 0"),
        (["pretrain", "lite", "--seed", "-1"], "--seed -1"),
        (["pretrain", "lite", "--learning-rate", "0"], "--learning-rate 0: expected"),
        (["finetune", "lite", "--learning-rate", "nan"], "0.0006 is the recipe's own"),
        (["finetune", "lite", "--learning-rate", "inf"], "--learning-rate inf"),
        (["pretrain", "lite", "--workers", "-1"], "--workers -1"),
        (["pretrain", "lite", "--max-broken", "1.5"], "--max-broken 1.5: expected a number from 0"),
        (["finetune", "lite", "--max-broken", "nan"], "--max-broken nan"),
        (["pretrain", "lite", "--estimator", "farneback"], "--estimator farneback: expected one"),
        (["pretrain", "lite", "--estimator", "dis:file"], "--estimator dis:file"),
        (["pretrain", "lite", "--estimator", "precomputed:x"], "--estimator precomputed:x"),
        (["finetune", "lite", "--labels", "0.1"], "--labels needs --benchmark"),
        (["finetune", "lite", "--supervision", "box"], "--supervision box needs --benchmark"),
        (["finetune", "lite", "--stages", "2"], "--stages needs --supervision box, point, first"),
        (["finetune", "lite", "--supervision", "mask", "--stages", "2"], "--stages needs"),
        (["finetune", "lite", "--supervision", "point", "--stages", "0"], "--stages 0 is too"),
        (["finetune", "lite", "--supervision", "point", "--stages", "-3"], "--stages -3 is too"),
        (["finetune", "referformer-lite", "--supervision", "box"], "ReferFormer learns from masks"),
        (["finetune", "lite", "--seed", "-1", "--dry-run"], "--seed -1"),
        (["resume", "no-such-run"], "no-such-run"),
    ],
)
def test_a_mistake_in_training_gets_one_line(
    arguments: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(arguments) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("slvp: ")
    assert named in complaint
    assert len(complaint.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--supervision", "scribble"], "scribble"),
        (["--supervision"], "--supervision"),
        (["--supervision", "box", "--stages", "many"], "--stages"),
    ],
)
def test_supervision_of_no_kind_is_refused(
    trained: dict[str, Any], options: list[str], named: str, capsys
) -> None:
    assert cli.run(["finetune", "lite", *options]) == 2
    assert named in capsys.readouterr().err
    assert not trained


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example of Ref-DAVIS17; leave it as it is."""
    folder = tmp_path_factory.mktemp("davis")
    write_ref_davis17(folder)
    return folder


@pytest.fixture
def tiny_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every recipe be a tiny one of four steps."""
    config = tiny_run(steps=4, weak=WeakConfig(stages=2, frames=4))
    monkeypatch.setattr(command, "recipe", lambda name, task: config)
    monkeypatch.setattr(loop, "draw_curves", lambda *_: None)


def benchmark(folder: Path) -> list[str]:
    return ["--benchmark", "ref-davis17", str(folder), "1"]


@pytest.mark.parametrize("kind", get_args(WeakKind))
@pytest.mark.usefixtures("tiny_recipe")
def test_a_run_on_labels_of_some_frames(kind: WeakKind, davis: Path, tmp_path: Path) -> None:
    """As a user has it: a file of labels of every third frame, then a model, without any mask."""
    folder = tmp_path / "davis"
    shutil.copytree(davis, folder)
    weaken = ["data", "weaken", "ref-davis17", str(folder), "--to", kind, "--every", "3"]
    assert cli.run(weaken) == 0
    for masks in ("Annotations", "Annotations_unsupervised"):
        shutil.rmtree(folder / "DAVIS" / masks)
    run = tmp_path / "run"
    options = ["--supervision", kind, "--stages", "1", "--out", str(run), "--quiet"]
    assert cli.run(["finetune", "lite", *benchmark(folder), *options]) == 0
    assert SLVP.from_pretrained(run / "model").config == tiny_config()
    config = TrainConfig.load(run / "config.json")
    assert (config.data.supervision, config.weak.stages) == (kind, 1)
    (stage,) = (run / "pseudo").iterdir()
    # Both videos: the held-out one has no masks to be scored on.
    assert {path.stem for path in stage.rglob("*.npz")} == {"bear", "classic-car"}


@pytest.mark.parametrize(
    ("kind", "damage", "said"),
    [
        ("box", lambda text: text[: len(text) // 2], "doesn't read as JSON"),
        ("box", lambda text: text.replace('"box"', '"point"', 1), "\"kind\" is 'point' and not"),
        ("box", lambda text: text.replace('"bear"', '"bare"'), "has no video bare in train"),
        ("point", lambda text: text.replace("[72, 96]", "[72]"), 'bear, "size": expected'),
        ("point", lambda text: re.sub(r'("00000": \[)\d+', r"\g<1>999", text), "the point [999, "),
        ("point", lambda text: text.replace('"labelled": ["00000", ', '"labelled": ['), "a label,"),
        ("first-frame", lambda text: text.replace('"counts": "', '"counts": "0'), "object 1, fr"),
        ("first-frame", lambda text: text.replace('"1": {', '"one": {'), "object one: expected a"),
    ],
)
@pytest.mark.usefixtures("tiny_recipe")
def test_a_damaged_file_of_labels_gets_one_line_and_leaves_nothing(
    kind: str, damage: Callable[[str], str], said: str, davis: Path, tmp_path: Path, capsys
) -> None:
    folder = tmp_path / "davis"
    shutil.copytree(davis, folder)
    assert cli.run(["data", "weaken", "ref-davis17", str(folder), "--to", kind]) == 0
    path = folder / f"labels/train-{kind}.json"
    text = path.read_text()
    path.write_text(damage(text))
    assert path.read_text() != text
    capsys.readouterr()
    options = ["--supervision", kind, "--out", str(tmp_path / "run")]
    assert cli.run(["finetune", "lite", *benchmark(folder), *options]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"slvp: {path} doesn't read as ")
    assert said in complaint
    assert "mend that, or move the file away" in complaint
    assert len(complaint.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("kind", get_args(WeakKind))
@pytest.mark.usefixtures("tiny_recipe")
def test_a_benchmark_without_labels_and_masks_is_told(
    kind: str, davis: Path, tmp_path: Path, capsys
) -> None:
    folder = tmp_path / "davis"
    shutil.copytree(davis, folder)
    for masks in ("Annotations", "Annotations_unsupervised"):
        shutil.rmtree(folder / "DAVIS" / masks)
    options = ["--supervision", kind, "--out", str(tmp_path / "run")]
    assert cli.run(["finetune", "lite", *benchmark(folder), *options]) == 2
    complaint = capsys.readouterr().err
    missing = folder / f"labels/train-{kind}.json"
    assert f"{missing} is not there, and its labels can't be made from masks either" in complaint
    assert len(complaint.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("name", ["jhmdb-sentences", "world"])
@pytest.mark.usefixtures("tiny_recipe")
def test_a_benchmark_to_be_tested_on_gets_no_pseudo_masks(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--benchmark", name, str(tmp_path), "1", "--supervision", "sentence"]
    assert cli.run(["finetune", "lite", *options]) == 2
    assert f"benchmark '{name}': nothing to train on" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
