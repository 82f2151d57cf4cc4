import sys
from pathlib import Path

import pytest

from slvp.apps.cli import run

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "referformer"))

from published import published_checkpoint, roberta_tokenizer


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    return published_checkpoint(folder / "r50.pth"), roberta_tokenizer(folder)


def test_import_then_segment(files, tmp_path, capsys):
    checkpoint, tokenizer = map(str, files)
    model = str(tmp_path / "model")
    assert run(["import", "referformer", checkpoint, model, "--tokenizer", tokenizer]) == 0
    assert "resnet50" in capsys.readouterr().out
    asked = ["segment", "examples/cars.mp4", "a car", "--model", model, "--size", "64"]
    assert run([*asked, "--out", str(tmp_path / "masks"), "--quality", "fast", "--quiet"]) == 0
    assert (tmp_path / "masks" / "overlay.mp4").stat().st_size > 0
    assert run(["import", "referformer", checkpoint, model, "--tokenizer", tokenizer]) == 2
    assert "not empty" in capsys.readouterr().err


def test_what_fails_leaves_nothing_behind(files, tmp_path, capsys):
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"no checkpoint")
    command = ["import", "referformer", str(broken), str(tmp_path / "model")]
    assert run([*command, "--tokenizer", str(files[1])]) == 2
    error = capsys.readouterr().err
    assert "broken.pth" in error and "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["broken.pth"]
