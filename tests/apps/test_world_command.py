import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.apps import cli
from slvp.apps.commands import evaluate as evaluate_command

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


def test_a_world_can_be_evaluated(
    tmp_path: Path, tiny_model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _make(tmp_path / "world")
    options = ["--data", str(data), "--model", str(tiny_model_folder), "--quiet"]
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
    assert (card["size"], card["window"], card["presence_threshold"]) == (64, 4, 0.25)


def test_a_world_of_coco_s_objects(tmp_path: Path) -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    image[20:80, 20:80] = 200, 30, 30
    (tmp_path / "images").mkdir()
    Image.fromarray(image).save(tmp_path / "images" / "one.png")
    box = {"bbox": [20, 20, 60, 60], "area": 3600, "iscrowd": 0}
    outline = {"segmentation": [[20, 20, 80, 20, 80, 80, 20, 80]]}
    content = {
        "images": [{"id": 1, "file_name": "one.png", "height": 100, "width": 100}],
        "categories": [{"id": 1, "name": "ironing board"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, **box, **outline}],
    }
    annotations = tmp_path / "instances.json"
    annotations.write_text(json.dumps(content))
    world = ["data", "world", str(tmp_path / "world"), "--clips", "2", *SMALL]
    assert cli.run([*world, "--coco", str(annotations), str(tmp_path / "images")]) == 0
    meta = json.loads((tmp_path / "world" / "test" / "meta.json").read_text())
    categories = {
        thing["category"] for clip in meta["videos"].values() for thing in clip["objects"].values()
    }
    assert categories == {"ironing board"}


def test_progress_is_shown_unless_it_is_not_wanted(tmp_path: Path, capfd) -> None:
    _make(tmp_path / "shown")
    assert "2/2" in capfd.readouterr().err
    assert cli.run(["data", "world", str(tmp_path / "not"), "--clips", "1", "--quiet", *SMALL]) == 0
    assert capfd.readouterr().err == ""


@pytest.fixture
def evaluation(
    tmp_path: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The words of an evaluation of a tiny world by a tiny model, into ``scores``."""
    _make(tmp_path / "world", clips=1)
    monkeypatch.chdir(tmp_path)
    return [
        "evaluate",
        "world",
        "--data",
        "world",
        "--model",
        str(tiny_model_folder),
        "--quiet",
        "--out",
        "scores",
    ]


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
        (["--cutouts", "no-such-folder"], "no-such-folder"),
        (["--coco", "no-such.json", "images"], "no-such.json"),
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
