import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.apps import cli
from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.data.palette import write_ids


@pytest.fixture
def scoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words that score the truth, moved by two pixels, as a prediction of the example."""
    (tmp_path / "data").mkdir()
    write_ref_davis17(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    masks = Path("data/DAVIS/Annotations/480p")
    for path in masks.glob("*/*.png"):
        moved = np.roll(np.array(Image.open(path)), 2, axis=1)
        for number in range(4):
            target = Path("valid", f"anno_{number}", path.relative_to(masks))
            target.parent.mkdir(parents=True, exist_ok=True)
            write_ids(moved, target)
    return ["score", "ref-davis17", "--data", "data", "--predictions", "valid", "--quiet"]


def summary(folder: str) -> dict:
    return json.loads(Path(folder, "result.json").read_text())["summary"]


@pytest.mark.slow
def test_several_processes_find_what_one_does(scoring: list[str]) -> None:
    assert cli.run([*scoring, "--out", "one", "--processes", "1"]) == 0
    assert cli.run([*scoring, "--out", "two", "--processes", "2"]) == 0
    assert summary("one") == summary("two")
    assert 0.3 < summary("one")["jf"] < 1


def test_swapped_identities_are_forgiven_by_matching_alone(scoring: list[str]) -> None:
    for path in Path("valid").rglob("dogs-scale/*.png"):  # the sequence with two objects
        ids_HW = np.array(Image.open(path))
        swap = np.array([0, 2, 1, *range(3, 256)], np.uint8)
        write_ids(swap[ids_HW], path)
    assert cli.run([*scoring, "--out", "published"]) == 0
    assert cli.run([*scoring, "--out", "fixed", "--protocol", "fixed"]) == 0
    assert summary("fixed")["jf"] < summary("published")["jf"]


def test_a_zip_scores_as_its_folder(scoring: list[str]) -> None:
    shutil.make_archive("sent", "zip", "valid")
    assert cli.run([*scoring, "--out", "folder"]) == 0
    scoring[scoring.index("valid")] = "sent.zip"
    assert cli.run([*scoring, "--out", "zip"]) == 0
    assert summary("zip") == summary("folder")


def test_missing_masks_are_counted_and_named(
    scoring: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted(Path("valid/anno_2/dogs-scale").iterdir())[:5]:
        path.unlink()
    assert cli.run([*scoring, "--out", "scores"]) == 2
    complaint = capsys.readouterr().err
    assert len(complaint.splitlines()) == 1
    assert "5 " in complaint
    assert "anno_2" in complaint
    assert not Path("scores").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--predictions", "nowhere"], "nowhere"),
        (["--processes", "0"], "--processes 0"),
        (["--split", ""], "--split"),
        (["--data", "valid"], "valid"),
    ],
)
def test_a_wrong_option_gets_one_line(
    scoring: list[str], options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*scoring, *options]) == 2
    complaint = capsys.readouterr().err
    assert named in complaint
    assert len(complaint.splitlines()) == 1


def test_submitting_into_an_unfit_file_is_told_before_the_work(
    scoring: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    sending = ["submit", "ref-davis17", "--data", "data", "--model", "nobody/none"]
    for out, named in (("sent.json", ".zip"), ("nowhere/sent.zip", "nowhere")):
        assert cli.run([*sending, "--out", out]) == 2
        complaint = capsys.readouterr().err
        assert named in complaint
        assert len(complaint.splitlines()) == 1
    assert cli.run([*sending, "--check", "a.zip", "--out", "b.zip"]) == 2
    assert "--check only validates" in capsys.readouterr().err
