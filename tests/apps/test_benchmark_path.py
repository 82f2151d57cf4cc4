"""What a user does with a benchmark, from an example of its files to scores of a submission."""

import json
from pathlib import Path

import jsonschema
import pytest

import slvp.evaluation
from slvp.apps import cli
from slvp.evaluation.benchmarks import BENCHMARKS

SCHEMA = json.loads(
    (Path(slvp.evaluation.__file__).parent / "result.schema.json").read_text(encoding="utf-8")
)


def run(*words: object) -> None:
    assert cli.run([str(word) for word in words]) == 0


def card(folder: Path) -> dict:
    found = json.loads((folder / "result.json").read_text())
    jsonschema.validate(found, SCHEMA)
    return found


@pytest.mark.parametrize("name", BENCHMARKS)
def test_example_check_evaluate_submit_score_compare(
    name: str,
    tmp_path: Path,
    tiny_model_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    known = BENCHMARKS[name]
    run("data", "example", name, "data")
    if name == "visor":
        Path("data").rename("download")
        run("data", "prepare", name, "download", "data", "--quiet")
    run("data", "check", name, "data", "--quiet")
    split = ["--split", known.scored_split]
    model = ["--model", tiny_model_folder, "--quiet"]
    run("evaluate", name, "--data", "data", *model, *split, "--out", "of-model")

    sent = Path("sent.json" if known.ways[0].protocol.name == "detection" else "sent.zip")
    run("submit", name, "--data", "data", *model, *split, "--out", sent)
    run("submit", name, "--data", "data", *split, "--check", sent)
    run("score", name, "--data", "data", "--predictions", sent, *split, "--out", "of-file")
    of_model, of_file = card(Path("of-model")), card(Path("of-file"))
    assert of_file["summary"] == pytest.approx(of_model["summary"], abs=1e-12)
    assert of_file["expressions"] == of_model["expressions"]
    assert (of_file["model"], of_model["predictions"]) == (None, None)

    capsys.readouterr()
    run("compare", "of-model/result.json", "of-file/result.json")
    assert f"the same on {len(of_model['expressions'])}" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ref-youtube-vos", "mevis"])
def test_the_server_s_split_is_submitted_though_it_has_no_masks(
    name: str,
    tmp_path: Path,
    tiny_model_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    run("data", "example", name, "data")
    model = ["--model", tiny_model_folder, "--quiet"]
    run("submit", name, "--data", "data", *model, "--out", "sent.zip")
    run("submit", name, "--data", "data", "--check", "sent.zip")
    capsys.readouterr()
    assert cli.run(["evaluate", name, "--data", "data", "--split", "valid", "--quiet"]) == 2
    complaint = capsys.readouterr().err
    assert "valid has no public masks" in complaint
    assert "slvp submit" in complaint
