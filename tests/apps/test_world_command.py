import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.apps import cli

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
