"""What a user does with a benchmark, from an example of its files to scores of a submission."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import slvp.evaluation
from slvp.apps import cli
from slvp.apps.commands import evaluate, score, submit
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


@pytest.fixture
def handler() -> Iterator[None]:
    """Puts back what SIGTERM does in this process."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("handler")
@pytest.mark.parametrize(
    ("command", "working", "words"),
    [
        (evaluate, "evaluate_sequence", ["evaluate"]),
        (submit, "segment_sequence", ["submit"]),
        (score, "score_sequence", ["score", "--predictions", "sent.zip", "--processes", "1"]),
    ],
)
def test_the_end_that_another_process_asks_for_is_told_and_leaves_nothing(
    command: object,
    working: str,
    words: list[str],
    tmp_path: Path,
    tiny_model_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    model = ["--model", str(tiny_model_folder)]
    run("data", "example", "world", "data")
    run("submit", "world", "--data", "data", *model, "--out", "sent.zip", "--quiet")
    before = sorted(tmp_path.iterdir())
    capsys.readouterr()
    monkeypatch.setattr(command, working, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    out = "again.zip" if words[0] == "submit" else "scores"
    words = [words[0], "world", "--data", "data", "--out", out, *words[1:]]
    words += [] if words[0] == "score" else model
    monkeypatch.setattr(sys, "argv", ["slvp", *words, "--quiet"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 143
    assert capsys.readouterr() == ("", "slvp: ended by SIGTERM\n")
    assert sorted(tmp_path.iterdir()) == before


def test_a_submission_is_looked_over_by_what_was_read_before(
    tmp_path: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("data", "example", "mevis", tmp_path / "data")
    known, loads = BENCHMARKS["mevis"], []
    (way,) = known.ways
    counted = replace(way, load=lambda *a: loads.append(a) or way.load(*a))
    monkeypatch.setitem(BENCHMARKS, "mevis", replace(known, ways=(counted,)))
    model = ["--model", tiny_model_folder, "--quiet"]
    run("submit", "mevis", "--data", tmp_path / "data", *model, "--out", tmp_path / "sent.zip")
    assert len(loads) == 1
