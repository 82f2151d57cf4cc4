"""Shards of flow: the same however they come about, and whatever is wrong with the source."""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from slvp.data.captioned import open_captioned
from slvp.data.flow.prepare import write_flow_shards
from slvp.data.flow.samples import FlowSettings
from slvp.data.flow.shards import ShardMaker, ShardReport
from slvp.data.flow.stored import FlowReader
from slvp.errors import UserError

SETTINGS = FlowSettings(estimator="dis-fast")


def make(source: Path, out: Path, settings: FlowSettings = SETTINGS, **options) -> ShardReport:
    return write_flow_shards(
        open_captioned([source]), out, settings, **{"shard_size": 2, "progress": False} | options
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def made(captioned: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ShardReport]:
    out = tmp_path_factory.mktemp("made") / "new" / "shards"
    return out, make(captioned, out)


def test_what_is_written(made: tuple[Path, ShardReport]) -> None:
    out, report = made
    # Of five videos, in the order of the list: 0 1 | 2 cut | single.
    assert sorted(content(out)) == [
        "00000.json", "00000.tar", "00001.json", "00001.tar", "00002.json", "settings.json",
        "skipped.csv",
    ]  # fmt: skip
    assert (report.videos, report.pairs) == (3, 4 + 6 + 2)
    assert report.pixels == 12 * 96 * 128 and report.valid > 0.5 * report.pixels
    assert 0 < report.error <= 1 / 32 and report.flow_bytes < 0.25 * 8 * report.pixels
    with tarfile.open(out / "00000.tar") as archive:
        members = archive.getmembers()
        facts = json.load(archive.extractfile("00000001.json"))
    assert [m.name for m in members] == [
        f"{number:08d}.{kind}" for number in (0, 1) for kind in ("json", "mp4", "flow")
    ]
    assert {(m.mtime, m.uid, m.mode) for m in members} == {(0, 0, 0o644)}
    assert facts["caption"] == ["a thing in clip.1", "something goes right"]
    assert facts["source"].endswith("/clip.1.mp4") and facts["fps"] == 6
    assert facts["frames"] == [0, 2, 4, 6, 8, 10, 12] and facts["estimator"] == "dis-fast"


def test_broken_videos_are_listed(made: tuple[Path, ShardReport]) -> None:
    out, report = made
    with (out / "skipped.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Path(row["video"]).name for row in rows] == ["cut.mp4", "single.mp4"]
    assert "is cut off" in rows[0]["reason"] and "single frame" in rows[1]["reason"]
    assert [row["frames_kept"] for row in rows] == ["0", "0"] and len(report.skipped) == 2


def test_a_video_without_a_caption_is_listed(captioned: Path, tmp_path: Path) -> None:
    listed = json.loads((captioned / "captions.json").read_text())
    folder = tmp_path / "source"
    folder.mkdir()
    for one in listed[:2]:
        (folder / one["file"]).write_bytes((captioned / one["file"]).read_bytes())
    listed[1]["captions"] = [" "]
    (folder / "captions.json").write_text(json.dumps(listed[:2]))
    report = make(folder, tmp_path / "out")
    (skipped,) = report.skipped
    assert report.videos == 1 and skipped.name.endswith("clip.1.mp4")
    assert "has no caption" in skipped.reason


def test_shards_are_captioned_video_with_flow(made: tuple[Path, ShardReport]) -> None:
    index = open_captioned([made[0]])
    assert len(index) == 3
    video = index.read(1)
    assert video.captions == ("a thing in clip.1", "something goes right")
    assert video.flow is not None
    with video.flow.open() as (file, size):
        flow = FlowReader(file, size, video.name)
        assert len(flow) == 6 and flow.read(2, 3).flow_THW2.shape == (3, 96, 128, 2)


def test_a_run_that_is_stopped_goes_on(
    made: tuple[Path, ShardReport], captioned: Path, tmp_path: Path, monkeypatch
) -> None:
    out, whole = made
    numbers = ShardMaker._add

    def stop_at_2(maker: ShardMaker, archive: tarfile.TarFile, number: int) -> ShardReport:
        if number == 2:
            raise KeyboardInterrupt
        return numbers(maker, archive, number)

    with monkeypatch.context() as patch:
        patch.setattr(ShardMaker, "_add", stop_at_2)
        with pytest.raises(KeyboardInterrupt):
            make(captioned, tmp_path)
    assert sorted(content(tmp_path)) == ["00000.json", "00000.tar", "settings.json"]
    (tmp_path / ".00001.tar.77.part").write_bytes(b"of a run that was killed")
    first = (tmp_path / "00000.tar").stat().st_mtime_ns
    assert make(captioned, tmp_path) == whole
    assert content(tmp_path) == content(out)
    assert (tmp_path / "00000.tar").stat().st_mtime_ns == first
    (tmp_path / "00001.json").unlink()  # killed between an archive and its report
    assert make(captioned, tmp_path) == whole and content(tmp_path) == content(out)


def test_other_settings_and_strangers_are_refused(
    made: tuple[Path, ShardReport], captioned: Path, tmp_path: Path
) -> None:
    out, _ = made
    before = content(out)
    for settings, options, named in (
        (FlowSettings(fps=3, estimator="dis-fast"), {}, "fps 6.0, not 3"),
        (SETTINGS, {"shard_size": 3}, "shard_size 2, not 3"),
    ):
        with pytest.raises(UserError, match=f"holds shards made with {named}"):
            make(captioned, out, settings, **options)
    with pytest.raises(UserError, match="holds shards made with videos 5, not 3"):
        make(out, out)
    assert content(out) == before
    (tmp_path / "letter.txt").touch()
    with pytest.raises(UserError, match="is not empty and holds no such shards"):
        make(captioned, tmp_path)
    with pytest.raises(UserError, match="can't be written"):
        make(captioned, tmp_path / "letter.txt" / "out")
    with pytest.raises(UserError, match="--estimator guess: expected one of"):
        make(captioned, tmp_path / "new", FlowSettings(estimator="guess"))
    assert not (tmp_path / "new").exists()


def test_a_full_disk_leaves_no_half_of_a_shard(
    captioned: Path, tmp_path: Path, monkeypatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "addfile", full)
        with pytest.raises(UserError, match="No space left on device"):
            make(captioned, tmp_path)
    assert list(content(tmp_path)) == ["settings.json"]


@pytest.mark.slow
def test_processes_make_the_same(
    made: tuple[Path, ShardReport], captioned: Path, tmp_path: Path
) -> None:
    out, whole = made
    assert make(captioned, tmp_path, processes=2) == whole
    assert content(tmp_path) == content(out)


def test_numbers_of_valid_pixels_are_those_of_the_files(made: tuple[Path, ShardReport]) -> None:
    out, report = made
    index, valid = open_captioned([out]), 0
    for number in range(len(index)):
        stored = index.read(number).flow
        assert stored is not None
        with stored.open() as (file, size):
            flow = FlowReader(file, size, "flow")
            valid += int(np.sum(flow.read(0, len(flow)).valid_THW))
    assert valid == report.valid
