"""The script that kills and resumes runs, in a short form."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/kill_and_resume.py"


@pytest.mark.slow
def test_killed_runs_end_as_if_nothing_had_happened(tmp_path):
    if not SCRIPT.is_file():
        pytest.skip("the scripts come with the repository only")
    options = ["--kills", "2", "--steps", "8", "--checkpoint-every", "2"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options, "--out", str(tmp_path / "runs")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^kill \d", done.stdout, re.MULTILINE)) == 2
    assert "are those of the other run" in done.stdout


def test_any_difference_is_found(tmp_path):
    if not SCRIPT.is_file():
        pytest.skip("the scripts come with the repository only")
    sys.path.insert(0, str(SCRIPT.parent))
    from kill_and_resume import Run, compare

    whole, other = Run(tmp_path / "whole"), Run(tmp_path / "other")
    files = ("log.csv", "samples.csv", "model/model.safetensors")
    for name in files:
        path = whole.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    shutil.copytree(whole.folder, other.folder)
    assert compare(whole, other) == []
    for name in files:
        (other.folder / name).write_text("something else")
    assert len(compare(whole, other)) == 3
    (other.folder / "log.csv").unlink()
    (other.folder / ".half-written").write_text("")
    found = compare(whole, other)
    assert "log.csv: missing" in found[0]
    assert ".half-written: left behind" in found[-1]
