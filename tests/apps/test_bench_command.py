import json

from slvp.apps.cli import run
from slvp.apps.commands.bench import STAGES
from tiny import tiny_model


def test_a_table_and_a_record(tmp_path, capsys):
    tiny_model(vision_frozen=True).save_pretrained(tmp_path / "model")
    record = tmp_path / "new" / "bench.json"
    command = ["bench", "segment", "--model", str(tmp_path / "model"), "--size", "64"]
    command += ["--frames", "12", "--sentences", "2", "--json", str(record)]
    assert run(command) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:3] == ["engine", "sentences", STAGES[0]]
    assert [line.split()[0] for line in table[1:3]] == ["float32", "bfloat16"]
    written = json.loads(record.read_text())
    assert {"slvp", "commit", "torch", "hardware", "model", "frames"} < set(written)
    rows = written["rows"]
    assert all(row["stages"].keys() == set(STAGES) for row in rows)
    assert all(seconds > 0 for row in rows for seconds in row["stages"].values())
    assert all(row["megabytes"] > 100 and row["start"] > 0 for row in rows)
    assert rows[0]["j"] == 1 and 0 <= rows[1]["j"] <= 1


def test_what_cannot_be_is_told_before_anything_is_measured(capsys, tmp_path):
    assert run(["bench", "segment", "--sentences", "0"]) == 2
    assert "--sentences 0: expected 1 to 8" in capsys.readouterr().err
    assert run(["bench", "segment", "--frames", "3"]) == 2
    assert "--frames 3: expected more than" in capsys.readouterr().err
    assert run(["bench", "segment", "--json", str(tmp_path)]) == 2
    assert f"--json {tmp_path}: can't be written" in capsys.readouterr().err
    assert run(["bench", "segment", "--video", "nothing.mp4"]) == 2
    assert "nothing.mp4" in capsys.readouterr().err
