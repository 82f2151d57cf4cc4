"""``slvp data flow`` as a user meets it; killed, too, and on Ray."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
import pytest

from slvp.apps import cli
from slvp.video import VideoWriter

SLVP = Path(sys.executable).with_name("slvp")
QUICK = ["--estimator", "dis-fast", "--size", "64", "--quiet"]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    rng = np.random.default_rng(0)
    scene = np.kron(rng.integers(0, 255, (10, 60, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    names = [f"v{number}.mp4" for number in range(4)]
    for name in names:
        with VideoWriter(folder / name, frame_rate=Fraction(12)) as writer:
            for moment in range(8):
                writer.write(scene[:, 3 * moment :][:, :128])
    (folder / names[3]).write_bytes(b"")
    listed = [{"file": name, "captions": ["a wall goes by"]} for name in [*names, "absent.mp4"]]
    (folder / "captions.json").write_text(json.dumps(listed))
    return folder


@pytest.fixture(scope="module")
def shards(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("shards")
    command = ["data", "flow", str(videos), str(out), *QUICK]
    assert cli.run([*command, "--shard-size", "1", "--processes", "1"]) == 0
    return _content(out)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_says_what_it_made(videos: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    assert cli.run(["data", "flow", str(videos), str(out), *QUICK, "--processes", "1"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("captions.json: 1 of 5 videos aren't there")
    assert said[1] == f"skipped 1 video: see {out / 'skipped.csv'}"
    assert said[2].startswith(
        "flow of 9 pairs of frames, in steps of 1/16 pixel: error at most 0.0"
    )
    assert " % of float32; " in said[3]
    assert said[4] == f"3 videos  {out}"
    assert (out / "skipped.csv").read_text().count("is empty") == 1
    settings = json.loads((out / "settings.json").read_text())
    assert (settings["size"], settings["camera"]) == (64, True)


def test_camera_can_be_left_in(videos: Path, tmp_path: Path) -> None:
    command = ["data", "flow", str(videos), str(tmp_path / "out"), *QUICK, "--processes", "1"]
    assert cli.run([*command, "--no-camera"]) == 0
    assert b'"cameras":null' in (tmp_path / "out" / "00000.tar").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "20"], "--size 20 is too small; 64 is the least"),
        (["--shard-size", "0"], "--shard-size 0 is too small; 1 is the least"),
        (["--processes", "0"], "--processes 0 is too small; 1 is the least"),
        (["--fps", "0"], "--fps 0: expected frames per second, such as 6"),
        (["--fps", "nan"], "--fps nan: expected frames per second"),
        (["--estimator", "flownet"], "--estimator flownet: expected one of dis, dis-fast"),
        (["--estimator", "raft-small:none.pth"], "none.pth can't be read"),
        (["--device", "tpu"], "device 'tpu': not available here"),
    ],
)
def test_wrong_options(options: list[str], message: str, videos: Path, tmp_path, capsys) -> None:
    assert cli.run(["data", "flow", str(videos), str(tmp_path / "out"), *options]) == 2
    assert capsys.readouterr().err.startswith(f"slvp: {message}")
    assert not (tmp_path / "out").exists()


def test_a_source_of_nothing_usable(tmp_path: Path, capsys) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    (tmp_path / "captions.json").write_text('{"bad": ["a caption"]}')
    assert cli.run(["data", "flow", str(tmp_path), str(tmp_path / "out"), "--quiet"]) == 2
    assert "none of its videos can be used; see" in capsys.readouterr().err
    assert cli.run(["data", "flow", str(tmp_path / "none"), str(tmp_path / "out")]) == 2


def test_ray_is_an_extra(videos: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    command = ["data", "flow", str(videos), str(tmp_path / "out"), *QUICK, "--engine", "ray"]
    assert cli.run(command) == 2
    assert capsys.readouterr().err == "slvp: --engine ray needs Ray: pip install 'slvp[ray]'\n"


def test_a_cluster_that_is_not_there_is_told(
    videos: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    ray = pytest.importorskip("ray")

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(ray, "init", refuse)
    monkeypatch.setenv("RAY_ADDRESS", "192.0.2.1:6379")
    command = ["data", "flow", str(videos), str(tmp_path / "out"), *QUICK, "--engine", "ray"]
    assert cli.run(command) == 2
    assert "cluster of RAY_ADDRESS=192.0.2.1:6379 can't be reached" in capsys.readouterr().err


@contextmanager
def started(*words: object, **options) -> Iterator[subprocess.Popen]:
    """Run a command in a session of its own, and let none of its processes outlive the test."""
    run = subprocess.Popen([str(word) for word in words], start_new_session=True, **options)
    try:
        yield run
    finally:
        for process in _living(run.pid):
            process.kill()
        run.wait()


def _living(session: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            of_session = os.getsid(process.pid) == session
            if of_session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _all_end(session: int) -> bool:
    """Wait a minute for the end of all processes of a session."""
    deadline = time.monotonic() + 60
    while _living(session) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not _living(session)


def _wait_for_a_shard(run: subprocess.Popen, out: Path) -> None:
    while not any(out.glob("*.tar")) and run.poll() is None:
        time.sleep(0.01)


@pytest.mark.slow
def test_a_killed_run_leaves_no_process_and_goes_on(
    videos: Path, shards: dict[str, bytes], tmp_path: Path
) -> None:
    command = [SLVP, "data", "flow", videos, tmp_path, *QUICK, "--shard-size", "1"]
    with started(*command, "--processes", "2") as run:
        _wait_for_a_shard(run, tmp_path)
        run.kill()
        run.wait()
        assert _all_end(run.pid)
    subprocess.run([*command, "--processes", "2"], check=True)
    assert _content(tmp_path) == shards


@pytest.mark.slow
def test_an_interrupted_run_ends_at_once(videos: Path, tmp_path: Path) -> None:
    command = [SLVP, "data", "flow", videos, tmp_path, *QUICK, "--shard-size", "1"]
    with started(*command, "--processes", "2", stderr=subprocess.PIPE, text=True) as run:
        _wait_for_a_shard(run, tmp_path)
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=60)
        if run.returncode:  # else it was quicker
            assert run.returncode == 130 and said == "slvp: interrupted\n"
        assert not list(tmp_path.glob(".*"))
        assert _all_end(run.pid)


@pytest.mark.slow
def test_ray_makes_the_same_and_leaves_no_process(
    videos: Path, shards: dict[str, bytes], tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    command = [SLVP, "data", "flow", videos, tmp_path, *QUICK, "--shard-size", "1"]
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    options = ["--processes", "2", "--engine", "ray"]
    with started(*command, *options, env=environment) as run:
        assert run.wait(timeout=240) == 0
        assert _content(tmp_path) == shards
        assert _all_end(run.pid)
