"""Captioned video to shards of it with its flow, however often it is interrupted."""

from __future__ import annotations

import csv
import dataclasses
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from slvp.data.captioned import CaptionedIndex
from slvp.data.flow.engines import Engine, run_here, run_processes, run_ray
from slvp.data.flow.samples import FlowSettings, load_estimator
from slvp.data.flow.shards import ShardMaker, ShardReport
from slvp.errors import UserError
from slvp.files import whole_file

SETTINGS = "settings.json"
"""What the shards of a folder were made with; others don't go on there."""


def write_flow_shards(
    videos: CaptionedIndex,
    out: Path,
    settings: FlowSettings,
    *,
    shard_size: int,
    processes: int = 1,
    engine: Engine = "local",
    progress: bool = True,
) -> ShardReport:
    """Write shards of captioned video with its flow, and ``skipped.csv``.

    May be stopped at any moment and started again: what is missing is made, and finished shards
    are left alone. Same source, same settings: same bytes, whoever makes them.

    Args:
        videos: the source.
        out: folder of the shards; is made if it is missing. One run at a time.
        settings: what flow is made.
        shard_size: videos of each shard.
        processes: how many to work with.
        engine: where they run; see ``slvp.data.flow.engines``.
        progress: show a bar with the time left on stderr.

    Returns:
        What all shards hold, those that were there before included.

    Raises:
        UserError: ``out`` holds shards of another source or other settings, or can't be written;
            the estimator or the engine can't be had.
    """
    maker = ShardMaker(videos, out, settings, shard_size)
    if engine == "local":
        load_estimator(settings)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _settle(maker)
        _remove_parts(out)  # which a killed run left
        try:
            return _make_all(maker, processes, engine, progress)
        finally:
            _remove_parts(out)  # which workers left that were stopped
    except OSError as error:
        raise UserError(
            f"{out} can't be written ({error.strerror or error}); name another folder, or start "
            "the command again when that is mended: finished shards are kept"
        ) from error


def _remove_parts(out: Path) -> None:
    for part in out.glob(".*.part"):
        part.unlink(missing_ok=True)


def _make_all(maker: ShardMaker, processes: int, engine: Engine, progress: bool) -> ShardReport:
    finished = [shard for shard in range(len(maker)) if maker.report_path(shard).is_file()]
    missing = sorted(set(range(len(maker))) - set(finished))
    reports = [ShardReport.read(maker.report_path(shard)) for shard in finished]
    with tqdm(
        total=len(maker.videos),
        initial=sum(len(maker.numbers(shard)) for shard in finished),
        unit="video",
        disable=not progress,
        dynamic_ncols=True,
    ) as bar:
        reports += _make(maker, missing, processes, engine, bar)
    total = sum(reports, ShardReport())
    total.skipped.sort(key=lambda one: one.name)
    _write_skipped(maker.out / "skipped.csv", total)
    return total


def _make(
    maker: ShardMaker, shards: list[int], processes: int, engine: Engine, bar: tqdm[Any]
) -> Iterator[ShardReport]:
    processes = min(processes, len(shards))
    if processes <= 1 and engine == "local":
        yield from run_here(maker, shards, bar.update)
        return
    run = run_processes if engine == "local" else run_ray
    for report in run(maker, shards, processes):
        bar.update(report.videos + sum(one.frames == 0 for one in report.skipped))
        yield report


def _settle(maker: ShardMaker) -> None:
    """Say what the shards are made with, or compare it with what is there."""
    keys = (key for shard in maker.videos.shards for key in shard.keys())  # noqa: SIM118
    crc = 0
    for key in keys:
        crc = zlib.crc32(key.encode("utf-8", "surrogatepass") + b"\0", crc)
    wanted = {
        "version": 1,
        "videos": len(maker.videos),
        "videos_crc32": crc,
        "shard_size": maker.shard_size,
        **dataclasses.asdict(maker.settings),
    }
    del wanted["device"]
    path = maker.out / SETTINGS
    if path.is_file():
        there = json.loads(path.read_bytes())
        different = [name for name in wanted if there.get(name) != wanted[name]]
        if different:
            name = different[0]
            raise UserError(
                f"{maker.out} holds shards made with {name} {there.get(name)}, not {wanted[name]}; "
                "go on with the same source and options, or name another folder"
            )
        return
    if any(maker.out.iterdir()):
        raise UserError(f"{maker.out} is not empty and holds no such shards; name another folder")
    with whole_file(path) as part:
        part.write_text(json.dumps(wanted, indent=1) + "\n")


def _write_skipped(path: Path, total: ShardReport) -> None:
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["video", "frames_kept", "reason"])
        for one in total.skipped:
            rows.writerow([one.name, one.frames, one.reason])
