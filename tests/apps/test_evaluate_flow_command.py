import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from slvp.apps import cli
from slvp.evaluation.flow import held_out
from slvp.training import loop
from slvp.training.config import DataConfig, OptimiserConfig, TrainConfig
from slvp.video import VideoWriter
from tiny import tiny_config, tiny_model

DATA = DataConfig(sizes=((64, 64),), frames=(2,), pixels=4 * 3 * 64 * 64, expressions=2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flow") / "run"
    config = TrainConfig(
        task="pretrain",
        model=tiny_config(head="flow"),
        data=DATA,
        optimiser=OptimiserConfig(warmup=1),
        steps=1,
        validation_batches=1,
        workers=0,
    )
    loop.train(config, folder, quiet=True)
    return folder


def test_a_run_is_measured_on_what_it_held_out(run: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "new/out"
    options = ["--clips", "6", "--seed", "3", "--quiet", "--device", "cpu", "--out", str(out)]
    assert cli.run(["evaluate-flow", str(run), *options]) == 0
    printed, complaints = capsys.readouterr()
    assert "embedded world: 6 held-out clips" in printed
    assert complaints == ""
    card = json.loads((out / "result.json").read_text())
    assert card["model"] == str(run)
    assert card["seed"] == 3
    assert card["config"]["model"]["width"] == tiny_config().width
    (report,) = card["reports"]
    assert len(report["clips"]) == 6
    assert all(clip["other"] and clip["other"] != clip["caption"] for clip in report["clips"])
    assert any(clip["errors"]["zero"]["exact_distance"] for clip in report["clips"])
    assert [path.name for path in out.iterdir()] == ["result.json"]

    assert cli.run(["evaluate-flow", str(run), *options]) == 2
    assert cli.run(["evaluate-flow", str(run), *options, "--overwrite"]) == 0
    again = json.loads((out / "result.json").read_text())
    assert again["reports"] == card["reports"]


def test_captioned_videos_that_a_model_has_not_seen(tmp_path: Path, capsys) -> None:
    rng = np.random.default_rng(0)
    background = np.kron(rng.integers(0, 255, (12, 16, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    square = np.kron(rng.integers(0, 255, (6, 6, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    captions = {}
    for number in range(3):
        with VideoWriter(tmp_path / f"{number}.mp4", frame_rate=Fraction(12)) as writer:
            for moment in range(24):
                frame = background.copy()
                frame[24:72, 8 + 2 * moment : 56 + 2 * moment] = square
                writer.write(frame)
        captions[str(number)] = [f"square number {number}"]
    (tmp_path / "captions.json").write_text(json.dumps(captions))
    tiny_model(head="flow").save_pretrained(tmp_path / "model")
    options = ["--captioned", str(tmp_path), "--unseen", "--clips", "5", "--device", "cpu"]
    assert cli.run(["evaluate-flow", str(tmp_path / "model"), *options]) == 0
    printed = capsys.readouterr().out
    assert "captioned video: 5 held-out clips of 3 videos" in printed
    assert "3 videos only: too few" in printed
    assert "exact" not in printed


def test_sources_have_one_caption_a_clip_and_the_targets_of_the_default_objective() -> None:
    config = TrainConfig(task="pretrain", model=tiny_config(head="flow"), data=DATA)
    odd = replace(config.objective, estimator="exact", subtract_camera=False)
    ((kind, sides),) = held_out.sources_of(replace(config, objective=odd)).items()
    assert kind == held_out.WORLD
    for source in (sides.training, sides.held_out):
        assert source.sentences == 1
        assert not source.exact
        assert source.target.subtract_camera
    assert sides.held_out.with_others


def test_training_clips_are_others_than_those_held_out(tmp_path: Path) -> None:
    captions = {f"{number}": ["something"] for number in range(12)}
    (tmp_path / "captions.json").write_text(json.dumps(captions))
    for name in captions:
        (tmp_path / f"{name}.mp4").touch()
    data = replace(DATA, captioned=(str(tmp_path),), captioned_share=1.0)
    config = TrainConfig(task="pretrain", model=tiny_config(head="flow"), data=data)
    (sides,) = held_out.sources_of(config).values()
    seen, unseen = (
        {source.index.name(number) for number in range(len(source.index))}
        for source in (sides.training, sides.held_out)
    )
    assert seen and unseen and not seen & unseen
    assert len(seen | unseen) == 12


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["no-such-model"], "no-such-model"),
        (["masks"], "gives masks"),
        (["unfinished"], "isn't finished"),
        (["flow", "--clips", "1"], "--clips 1"),
        (["flow", "--seed", "-1"], "--seed -1"),
        (["flow", "--device", "abacus"], "abacus"),
        (["flow", "--captioned", "nowhere"], "nowhere"),
        (["x" * 300], "not found"),
    ],
)
def test_a_mistake_gets_one_line_and_leaves_nothing(
    arguments: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    if arguments[0] in ("masks", "flow"):
        tiny_model(head="mask" if arguments[0] == "masks" else "flow").save_pretrained(arguments[0])
    if arguments[0] == "unfinished":
        Path("unfinished").mkdir()
        TrainConfig(task="pretrain").save(Path("unfinished/config.json"))
    before = set(tmp_path.rglob("*"))
    assert cli.run(["evaluate-flow", *arguments, "--out", "out", "--quiet"]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("slvp: ")
    assert named in complaint
    assert len(complaint.splitlines()) == 1
    assert set(tmp_path.rglob("*")) == before
