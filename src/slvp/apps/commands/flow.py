"""``slvp data flow``: captioned video to shards of it with its optical flow."""

from __future__ import annotations

import math
import os
from pathlib import Path

from slvp.data.captioned import open_captioned
from slvp.data.flow.coding import UNIT
from slvp.data.flow.engines import Engine
from slvp.data.flow.prepare import write_flow_shards
from slvp.data.flow.samples import FlowSettings
from slvp.data.flow.shards import ShardReport
from slvp.errors import UserError
from slvp.models.device import choose_device

MIN_SIDE = 64
"""Pixels; in smaller frames there is little flow to see."""

_FLOAT_BYTES = 8  # of a pixel's flow as float32


def write_flow(
    source: str,
    out: Path,
    *,
    fps: float,
    size: int,
    estimator: str,
    camera: bool,
    shard_size: int,
    processes: int | None,
    engine: Engine,
    device: str,
    quiet: bool,
) -> None:
    """Write shards with flow and print what they hold.

    Raises:
        UserError: an option or the source is not usable, no video can be read, or ``out`` is in
            use or can't be written.
    """
    for option, value, least in (
        ("--size", size, MIN_SIDE),
        ("--shard-size", shard_size, 1),
        ("--processes", 1 if processes is None else processes, 1),
    ):
        if value < least:
            raise UserError(f"{option} {value} is too small; {least} is the least")
    if not (fps > 0 and math.isfinite(fps)):
        raise UserError(f"--fps {fps:g}: expected frames per second, such as 6")
    if engine == "local":
        choose_device(device)  # the machines of a cluster have their own
    if processes is None:
        processes = 1 if estimator.startswith("raft") else os.cpu_count() or 1
    videos = open_captioned([source])
    for note in videos.notes:
        print(f"note: {note}")
    report = write_flow_shards(
        videos,
        out,
        FlowSettings(fps, size, estimator, camera, device),
        shard_size=shard_size,
        processes=processes,
        engine=engine,
        progress=not quiet,
    )
    if report.skipped:
        print(f"skipped {_counted(len(report.skipped), 'video')}: see {out / 'skipped.csv'}")
    if not report.videos:
        raise UserError(
            f"{source}: none of its videos can be used; see {out / 'skipped.csv'} for the reasons"
        )
    print(format_report(report))
    print(f"{_counted(report.videos, 'video')}  {out}")


def format_report(report: ShardReport) -> str:
    """Say how much flow there is, how exact, and how large."""
    raw = _FLOAT_BYTES * report.pixels
    return (
        f"flow of {_counted(report.pairs, 'pair')} of frames, in steps of 1/{1 / UNIT:g} pixel: "
        f"error at most {report.error:.5f} pixels, {100 * report.valid / report.pixels:.0f} % "
        f"valid\n{_megabytes(report.flow_bytes)} of flow, "
        f"{100 * report.flow_bytes / raw:.1f} % of float32; "
        f"{_megabytes(report.frame_bytes)} of frames"
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
