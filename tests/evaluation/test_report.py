import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import slvp
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.errors import UserError
from slvp.evaluation.evaluate import Evaluation
from slvp.evaluation.protocols import (
    PER_EXPRESSION,
    REF_DAVIS17_FIXED,
    ExpressionScore,
    Protocol,
    Score,
)
from slvp.evaluation.report import ResultCard, format_table, make_card, write_card


def card(protocol: Protocol = REF_DAVIS17_FIXED) -> ResultCard:
    scores = [
        ExpressionScore(
            BenchmarkExpression(
                sequence=sequence,
                expression_id="0",
                text=f"une chose appelée {sequence}",
                object_ids=(1,),
                annotation_set=name,
                frame_paths=(),
                mask_paths=(),
            ),
            Score(j + bonus, f + bonus),
        )
        for sequence, j, f in (("paragliding-launch", 0.5, 0.25), ("dog", 0.75, 0.625))
        for name, bonus in (
            ("annot1", 0.0),
            ("annot1_full_video", 0.125),
            ("annot2", 0.0),
            ("annot2_full_video", 0.25),
        )
    ]
    evaluation = Evaluation(
        protocol=protocol,
        summary=protocol.summarise(scores),
        expressions=tuple(scores),
        threshold=0.5,
        frames=140,
        seconds=70.0,
    )
    return make_card(
        evaluation,
        benchmark="Ref-DAVIS17 val",
        data=Path("/data/davis"),
        model="default",
        size=256,
        window=8,
        presence_threshold=0.25,
        device="cpu",
        command="slvp evaluate ref-davis17 DATA",
    )


def test_the_file_holds_the_numbers_and_how_they_came_about(tmp_path: Path) -> None:
    write_card(card(), tmp_path / "result.json")
    read = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert read["summary"] == pytest.approx({"j": 0.71875, "f": 0.53125, "jf": 0.625})
    assert [one["name"] for one in read["annotation_sets"]] == [
        "annot1",
        "annot1_full_video",
        "annot2",
        "annot2_full_video",
    ]
    first = read["annotation_sets"][0]
    assert (first["j"], first["f"], first["jf"]) == (0.625, 0.4375, 0.53125)
    assert first["sequences"][1] == {"name": "dog", "j": 0.75, "f": 0.625, "jf": 0.6875}
    assert read["sequences"][1] == {"name": "dog", "j": 0.84375, "f": 0.71875, "jf": 0.78125}
    assert read["expressions"][7] == {
        "sequence": "dog",
        "expression_id": "0",
        "annotation_set": "annot2_full_video",
        "text": "une chose appelée dog",
        "j": 1.0,
        "f": 0.875,
        "jf": 0.9375,
    }
    assert (read["frames"], read["seconds"], read["frames_per_second"]) == (140, 70.0, 2.0)
    assert read["command"] == "slvp evaluate ref-davis17 DATA"
    assert (read["model"], read["size"], read["threshold"]) == ("default", 256, 0.5)
    assert (read["data"], read["window"], read["presence_threshold"]) == ("/data/davis", 8, 0.25)
    assert (read["benchmark"], read["protocol"]) == ("Ref-DAVIS17 val", REF_DAVIS17_FIXED.name)
    assert read["slvp_version"] == slvp.__version__
    assert read["hardware"]


def test_commit_is_that_of_a_checkout_and_of_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "slvp" / "__init__.py"
    package.parent.mkdir()
    package.touch()
    monkeypatch.setattr(slvp, "__file__", str(package))

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        run = subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.strip()

    assert card().commit is None
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "somebody's own")
    assert card().commit is None
    git("add", "slvp")
    git("commit", "-q", "-m", "the package")
    assert card().commit == git("rev-parse", "HEAD")
    package.write_text("changed = True\n")
    assert card().commit == git("rev-parse", "HEAD") + "-dirty"


def test_a_card_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent/result\.json"):
        write_card(card(), tmp_path / "absent" / "result.json")
    (tmp_path / "result.json").mkdir()
    with pytest.raises(UserError, match=r"result\.json"):
        write_card(card(), tmp_path / "result.json")
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_a_path_whose_bytes_are_no_characters(tmp_path: Path) -> None:
    write_card(replace(card(), model="caf\udce9"), tmp_path / "result.json")
    assert json.loads((tmp_path / "result.json").read_text("ascii"))["model"] == "caf\udce9"


def test_an_older_card_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("old")
    write_card(card(), tmp_path / "result.json")
    assert json.loads((tmp_path / "result.json").read_text("utf-8"))["model"] == "default"
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_table_of_four_sets() -> None:
    assert format_table(card()).splitlines()[3:] == [
        "                               annot1  annot1_full_video"
        "             annot2  annot2_full_video",
        "sequence                J     F   J&F      J     F   J&F"
        "      J     F   J&F      J     F   J&F",
        "-" * 94,
        "paragliding-launch   50.0  25.0  37.5   62.5  37.5  50.0"
        "   50.0  25.0  37.5   75.0  50.0  62.5",
        "dog                  75.0  62.5  68.8   87.5  75.0  81.2"
        "   75.0  62.5  68.8  100.0  87.5  93.8",
        "-" * 94,
        "mean                 62.5  43.8  53.1   75.0  56.2  65.6"
        "   62.5  43.8  53.1   87.5  68.8  78.1",
        "",
        "mean over the 4 sets: J 71.9, F 53.1, J&F 62.5",
    ]


def test_table_of_one_set_is_narrow_and_says_no_set() -> None:
    lines = format_table(card(PER_EXPRESSION)).splitlines()[3:]
    assert lines[0].split() == ["sequence", "J", "F", "J&F"]
    assert lines[-1].split() == ["mean", "71.9", "53.1", "62.5"]
    assert max(len(line) for line in lines) < 50
