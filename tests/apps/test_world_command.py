import errno
import json
import os
from pathlib import Path

import pytest
import torch

from slvp.apps import cli
from slvp.apps.commands import evaluate as evaluate_command
from slvp.models.checkpoint import save_pretrained
from slvp.models.config import ModelConfig
from slvp.models.slvp import SLVP

SMALL = ["--frames", "3", "--height", "64", "--width", "96"]


def _make(out: Path, *, clips: int = 2, seed: int = 1) -> Path:
    assert (
        cli.run(["data", "world", str(out), "--clips", str(clips), "--seed", str(seed), *SMALL])
        == 0
    )
    return out


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.suffix in {".jpg", ".png", ".json"}
    }


def test_same_options_make_the_same_clips(tmp_path: Path) -> None:
    first = _content(_make(tmp_path / "first"))
    assert first == _content(_make(tmp_path / "second"))
    assert first != _content(_make(tmp_path / "third", seed=2))
    assert sum(name.startswith("test/JPEGImages/") for name in first) == 2 * 3


def test_a_world_can_be_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = _make(tmp_path / "world")
    torch.manual_seed(0)
    config = ModelConfig(width=32, pixel_width=16, attention_heads=2, frame_size=64, window=4)
    save_pretrained(SLVP(config), tmp_path / "model")
    options = ["--data", str(data), "--model", str(tmp_path / "model"), "--quiet"]
    capsys.readouterr()
    assert cli.run(["evaluate", "world", *options, "--out", str(tmp_path / "scores")]) == 0
    printed, complaints = capsys.readouterr()
    assert complaints == ""
    card = json.loads((tmp_path / "scores" / "result.json").read_text())
    assert card["benchmark"] == "world"
    assert card["frames"] == 2 * 3
    meta = json.loads((data / "meta_expressions" / "test" / "meta_expressions.json").read_text())
    asked = [
        expression["exp"]
        for video in meta["videos"].values()
        for expression in video["expressions"].values()
    ]
    assert [expression["text"] for expression in card["expressions"]] == asked
    assert f"{100 * card['summary']['jf']:.1f}" in printed
    assert card["data"] == str(data)
    assert (card["size"], card["window"], card["presence_threshold"]) == (64, 4, 0.5)


@pytest.fixture
def evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words of an evaluation of a tiny world by a tiny model, into ``scores``."""
    torch.manual_seed(0)
    config = ModelConfig(width=32, pixel_width=16, attention_heads=2, frame_size=64, window=4)
    save_pretrained(SLVP(config), tmp_path / "model")
    _make(tmp_path / "world", clips=1)
    monkeypatch.chdir(tmp_path)
    return ["evaluate", "world", "--data", "world", "--model", "model", "--out", "scores"]


def test_an_evaluation_replaces_an_earlier_one_only_when_told(
    evaluation: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    card = Path("scores", "result.json")
    assert cli.run(evaluation) == 0
    first = card.read_text()
    capsys.readouterr()
    assert cli.run([*evaluation, "--threshold", "0.4"]) == 2
    printed, complaint = capsys.readouterr()
    assert printed == ""
    assert "--overwrite" in complaint
    assert card.read_text() == first
    assert cli.run([*evaluation, "--threshold", "0.4", "--overwrite"]) == 0
    assert json.loads(card.read_text())["threshold"] == 0.4


@pytest.mark.parametrize("out", ["file", "file/scores", "x" * 300])
def test_an_unusable_output_is_told_before_the_work(
    evaluation: list[str],
    out: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("file").touch()
    monkeypatch.setattr(evaluate_command, "evaluate", lambda *_, **__: pytest.fail("worked"))
    assert cli.run([*evaluation[:-1], out]) == 2
    assert f"slvp: {out}" in capsys.readouterr().err


def test_the_table_is_shown_though_the_card_cannot_be_written(
    evaluation: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    capsys.readouterr()
    monkeypatch.setattr(evaluate_command, "write_card", refuse)
    assert cli.run(evaluation) == 2
    printed, complaint = capsys.readouterr()
    assert "J&F" in printed
    assert complaint == "slvp: scores: can't write there (the disk is full); name another folder\n"
    assert not Path("scores").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--clips", "0"], "--clips 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--frames", "0"], "--frames 0"),
        (["--height", "8"], "--height 8"),
        (["--library", "no-such-library"], "no-such-library"),
    ],
)
def test_a_mistake_gets_one_line_and_leaves_nothing(
    options: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["data", "world", "new/world", *options]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("slvp: ")
    assert named in complaint
    assert len(complaint.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_world_is_never_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _content(_make(tmp_path / "world"))
    assert cli.run(["data", "world", str(tmp_path / "world"), "--seed", "2", *SMALL]) == 2
    assert "--overwrite" not in capsys.readouterr().err
    assert _content(tmp_path / "world") == before
