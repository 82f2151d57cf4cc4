import json
from pathlib import Path

import pytest
import torch

from slvp.apps import cli
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
