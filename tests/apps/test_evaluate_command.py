import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slvp.apps import cli
from slvp.apps.commands import evaluate as evaluate_command
from slvp.apps.commands import scoring_output
from slvp.data.examples.world import CLIPS, write_world


@pytest.fixture
def evaluation(
    tmp_path: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The words of an evaluation of a tiny world by a tiny model, into ``scores``."""
    (tmp_path / "world").mkdir()
    write_world(tmp_path / "world")
    monkeypatch.chdir(tmp_path)
    model = ["--model", str(tiny_model_folder)]
    return ["evaluate", "world", "--data", "world", *model, "--quiet", "--out", "scores"]


def card(folder: str = "scores") -> dict:
    return json.loads(Path(folder, "result.json").read_text())


def test_table_card_report_and_scores(
    evaluation: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(evaluation) == 0
    printed, complaints = capsys.readouterr()
    assert complaints == ""
    found = card()
    assert f"{100 * found['summary']['jf']:.1f}" in printed
    assert (found["benchmark"], found["split"], found["frames"]) == ("world", "test", 6 * CLIPS)
    meta = json.loads(Path("world/meta_expressions/test/meta_expressions.json").read_text())
    asked = [
        expression["exp"]
        for video in meta["videos"].values()
        for expression in video["expressions"].values()
    ]
    assert [expression["text"] for expression in found["expressions"]] == asked
    assert found["config"] == {
        "size": 64,
        "window": 4,
        "threshold": 0.5,
        "presence_threshold": 0.25,
        "quality": "good",
        "prompt": "sentence",
    }
    assert found["parameters"]["trained"] > 0
    assert {path.name for path in Path("scores").iterdir()} == {
        "result.json",
        "report.html",
        "scores",
    }
    assert len(list(Path("scores/scores").iterdir())) == CLIPS
    assert not Path("scores.partial").exists()


@pytest.mark.parametrize("prompt", ["mask", "both"])
def test_a_first_mask_is_given_and_the_card_says_so(evaluation: list[str], prompt: str) -> None:
    assert cli.run([*evaluation, "--prompt", prompt]) == 0
    found = card()
    assert found["config"]["prompt"] == prompt
    assert len(found["expressions"]) > 0


def test_masks_of_some_frames_are_no_first_masks(
    tmp_path: Path, tiny_model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["data", "example", "a2d-sentences", str(tmp_path / "a2d")]) == 0
    capsys.readouterr()
    options = ["--data", str(tmp_path / "a2d"), "--model", str(tiny_model_folder)]
    assert cli.run(["evaluate", "a2d-sentences", *options, "--prompt", "mask"]) == 2
    assert "frames have masks" in capsys.readouterr().err


def test_without_out_only_the_table(
    evaluation: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(evaluation[:-2]) == 0
    assert "J&F" in capsys.readouterr().out
    assert {path.name for path in Path().iterdir()} == {"world"}


def test_an_earlier_result_is_replaced_only_when_told(
    evaluation: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(evaluation) == 0
    first = card()
    capsys.readouterr()
    assert cli.run([*evaluation, "--threshold", "0.4"]) == 2
    printed, complaint = capsys.readouterr()
    assert printed == ""
    assert "--overwrite" in complaint
    assert card() == first
    assert cli.run([*evaluation, "--threshold", "0.4", "--overwrite"]) == 0
    assert card()["config"]["threshold"] == 0.4


@pytest.mark.parametrize("out", ["file", "file/scores", "x" * 300])
def test_an_unusable_output_is_told_before_the_work(
    evaluation: list[str],
    out: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("file").touch()
    monkeypatch.setattr(
        evaluate_command, "evaluate_sequence", lambda *_, **__: pytest.fail("worked")
    )
    assert cli.run([*evaluation[:-1], out]) == 2
    assert f"slvp: {out}" in capsys.readouterr().err


def test_the_table_is_shown_though_the_card_cannot_be_written(
    evaluation: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(scoring_output, "write_card", refuse)
    assert cli.run(evaluation) == 2
    printed, complaint = capsys.readouterr()
    assert "J&F" in printed
    assert complaint == "slvp: scores: can't write there (the disk is full); name another folder\n"
    assert not Path("scores").exists()


def test_what_was_scored_before_an_error_is_kept_and_not_done_again(
    evaluation: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*evaluation[:-1], "whole"]) == 0
    broken = Path("world/test/JPEGImages/world_00001/00003.jpg")
    content = broken.read_bytes()
    broken.write_bytes(b"no picture")
    capsys.readouterr()
    assert cli.run(evaluation) == 2
    complaints = capsys.readouterr().err
    assert "1 of 3 sequences are scored and kept in scores.partial" in complaints
    assert "00003.jpg" in complaints
    broken.write_bytes(content)

    scored = []
    true_work = evaluate_command.evaluate_sequence

    def noted(segmenter, group, protocol, prompt):
        scored.append(group[0].sequence)
        return true_work(segmenter, group, protocol, prompt)

    monkeypatch.setattr(evaluate_command, "evaluate_sequence", noted)
    assert cli.run(evaluation) == 0
    assert scored == ["world_00001", "world_00002"]
    assert card()["expressions"] == card("whole")["expressions"]
    assert card()["summary"] == card("whole")["summary"]


def test_a_mistake_before_anything_is_scored_leaves_nothing(
    evaluation: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("world/test/JPEGImages/world_00000/00000.jpg").write_bytes(b"no picture")
    assert cli.run(evaluation) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert {path.name for path in Path().iterdir()} == {"world"}


def test_another_model_does_not_go_on_with_what_one_began(
    evaluation: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("world/test/JPEGImages/world_00001/00003.jpg").write_bytes(b"no picture")
    assert cli.run(evaluation) == 2
    capsys.readouterr()
    assert cli.run([*evaluation, "--size", "96"]) == 2
    assert "scores.partial holds an unfinished run with another size" in capsys.readouterr().err


def test_killed_it_goes_on(evaluation: list[str]) -> None:
    assert cli.run([*evaluation[:-1], "whole"]) == 0
    run = subprocess.Popen([sys.executable, "-m", "slvp", *evaluation])
    kept = Path("scores.partial/scores")
    while not list(kept.glob("*.json")) and run.poll() is None:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert cli.run(evaluation) == 0
    assert card()["expressions"] == card("whole")["expressions"]


@pytest.mark.slow
def test_two_processes_find_what_one_does(evaluation: list[str]) -> None:
    assert cli.run([*evaluation[:-1], "whole"]) == 0
    launch = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    run = subprocess.run(
        [sys.executable, "-m", *launch, "-m", "slvp", *evaluation],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    assert card()["processes"] == 2
    assert card()["expressions"] == card("whole")["expressions"]
    assert run.stdout.count("\nmean ") == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--split", "val"], "--split val"),
        (["--protocol", "fixed"], "--protocol fixed"),
        (["--protocol", "mean"], "--protocol mean"),
        (["--data", "nowhere"], "nowhere"),
        (["--model", "nobody/nothing-of-that-name"], "nobody/nothing-of-that-name"),
    ],
)
def test_a_wrong_option_gets_one_line(
    evaluation: list[str], options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*evaluation, *options]) == 2
    complaint = capsys.readouterr().err
    assert named in complaint
    assert len(complaint.splitlines()) == 1
    assert not Path("scores").exists()
