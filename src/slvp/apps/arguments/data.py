"""The options of ``slvp data``: world, example, check, prepare, weaken, flow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from slvp.apps.arguments.common import (
    BenchmarkName,
    Coco,
    Cutouts,
    Device,
    Overwrite,
    Quiet,
    Stamps,
    data_app,
)


@data_app.command
def world(
    out: Positional[Path],
    clips: int = 20,
    seed: int = 0,
    cutouts: Cutouts = (),
    coco: Coco = (),
    stamps: Stamps = False,
    held_out: Annotated[bool, arg(help_behavior_hint="")] = False,
    frames: int = 8,
    height: int = 192,
    width: int = 320,
    quiet: Quiet = False,
) -> None:
    """Make clips of the embedded world: moving cut-outs with masks, captions and expressions.

    The same options make the same clips. Without --cutouts, --coco and --stamps the objects are
    drawn shapes.

    For example:
      slvp data world outputs/world --clips 20 --seed 1 --stamps
      slvp evaluate world --data outputs/world

    Args:
        out: folder to make.
        clips: how many.
        seed: of all that is random.
        cutouts: folders of cut-outs.
        coco: instances of COCO or LVIS to cut out, each a JSON file and the folder of its images.
        stamps: add Tux Paint's stamps to the cut-outs.
        held_out: use only the cut-outs and backgrounds that training leaves out.
        frames: length of a clip.
        height: of the frames, in pixels.
        width: of the frames, in pixels.
        quiet: show no progress.
    """
    from slvp.apps.commands.world import write_world

    write_world(
        out,
        clips=clips,
        seed=seed,
        cutouts=cutouts,
        coco=coco,
        stamps=stamps,
        held_out=held_out,
        frames=frames,
        height=height,
        width=width,
        quiet=quiet,
    )
    print(f"{clips} clips  {out}")


@data_app.command
def example(benchmark: BenchmarkName, out: Positional[Path], seed: int = 0) -> None:
    """Make a tiny data set in a benchmark's exact layout, to look at and to try commands on.

    For example:
      slvp data example mevis outputs/mevis

    Args:
        benchmark: whose layout.
        out: folder to make.
        seed: of all that is random.
    """
    from slvp.apps.commands.data import write_example

    write_example(benchmark, out, seed=seed)


@data_app.command
def check(
    benchmark: BenchmarkName,
    folder: Positional[Path],
    split: Annotated[
        str | None, arg(metavar="SPLIT", help_behavior_hint="(default: all that are there)")
    ] = None,
    quick: Annotated[bool, arg(help_behavior_hint="")] = False,
    processes: Annotated[int | None, arg(help_behavior_hint="(default: all cores)")] = None,
    quiet: Quiet = False,
) -> None:
    """Look a data set over: layout, counts, unreadable files, sizes; say how to mend what is wrong.

    Every picture, video and mask is decoded; nothing is written.

    For example:
      slvp data check ref-davis17 datasets/ref-davis17

    Args:
        benchmark: whose files it should have.
        folder: where it was unpacked.
        split: only this one.
        quick: read only the heads of pictures, and don't look for objects in masks.
        processes: how many videos to look at at a time.
        quiet: show no progress.
    """
    from slvp.apps.commands.data import check_data

    check_data(benchmark, folder, split=split, quick=quick, processes=processes, quiet=quiet)


@data_app.command
def prepare(
    benchmark: BenchmarkName,
    source: Positional[Path],
    out: Annotated[Positional[Path | None], arg(help_behavior_hint="")] = None,
    quiet: Quiet = False,
) -> None:
    """Convert a download to what the other commands read; what is done already is left alone.

    visor: polygons and frames to sequences with masks and sentences, in OUT. jhmdb-sentences: draws
    the frames that are scored, where the list of the published ones is absent. All others are read
    as they are.

    For example:
      slvp data prepare visor downloads/visor datasets/visor

    Args:
        benchmark: whose files SOURCE has.
        source: the unpacked download, which stays as it is.
        out: folder to make or complete, for visor.
        quiet: show no progress.
    """
    from slvp.apps.commands.data import prepare_data

    prepare_data(benchmark, source, out, quiet=quiet)


@data_app.command
def weaken(
    benchmark: BenchmarkName,
    folder: Positional[Path],
    to: Literal["box", "point", "first-frame"],
    split: Annotated[
        str | None, arg(metavar="SPLIT", help_behavior_hint="(default: train, where there is one)")
    ] = None,
    every: int = 1,
    out: Annotated[
        Path | None, arg(help_behavior_hint="(default: FOLDER/labels/SPLIT-TO.json)")
    ] = None,
    processes: Annotated[int | None, arg(help_behavior_hint="(default: all cores)")] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Make weak labels of a benchmark's masks: boxes, points or the first frame's masks.

    Where that file is, the masks are not needed any more to train with labels of that kind.

    For example:
      slvp data weaken ref-davis17 datasets/ref-davis17 --to box --every 5

    Args:
        benchmark: whose files FOLDER has.
        folder: where it was unpacked.
        to: the box around an object, the point deepest inside it, or its mask in the first frame
            that shows it.
        split: whose videos to label.
        every: label each n-th of the annotated frames only, counted from the first.
        out: file to make.
        processes: how many videos to look at at a time.
        overwrite: replace an earlier file, once the new one is complete.
        quiet: show no progress.
    """
    from slvp.apps.commands.data import weaken_data

    weaken_data(
        benchmark,
        folder,
        to,
        split=split,
        every=every,
        out=out,
        processes=processes,
        overwrite=overwrite,
        quiet=quiet,
    )


@data_app.command
def flow(
    source: Positional[str],
    out: Positional[Path],
    fps: float = 6.0,
    size: int = 256,
    estimator: Annotated[str, arg(metavar="NAME")] = "dis",
    no_camera: Annotated[bool, arg(help_behavior_hint="")] = False,
    shard_size: int = 25,
    processes: Annotated[
        int | None, arg(help_behavior_hint="(default: all cores; with RAFT 1)")
    ] = None,
    engine: Literal["local", "ray"] = "local",
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Compute the optical flow of captioned video, once, for all runs of pretrain.

    Writes tar shards of frames, captions and flow. When stopped, start it again: finished shards
    are left alone. Videos that can't be read are listed in OUT/skipped.csv.

    For example:
      slvp data flow datasets/videos datasets/videos-flow
      slvp data flow "webvid/{00000..00999}.tar" webvid-flow --shard-size 200 --engine ray

    Args:
        source: captioned video: a folder with captions.json, a CSV file, or tar shards.
        out: folder of shards to make or to go on with.
        fps: frames per second that are taken, about.
        size: shorter side of the frames, in pixels; smaller videos keep theirs.
        estimator: dis, dis-fast, raft-small or raft-large (of weights from the hub, or from a
            file: raft-large:FILE), or precomputed:FOLDER, in which FOLDER/VIDEO/ holds a .flo,
            .npy or KITTI .png file for every frame but the last.
        no_camera: leave the camera's motion in the target.
        shard_size: videos in a shard.
        processes: how many shards to make at a time.
        engine: ray makes them on a Ray cluster whose machines all see SOURCE and OUT.
        device: for RAFT.
        quiet: show no progress.
    """
    from slvp.apps.commands.flow import write_flow

    write_flow(
        source,
        out,
        fps=fps,
        size=size,
        estimator=estimator,
        camera=not no_camera,
        shard_size=shard_size,
        processes=processes,
        engine=engine,
        device=device,
        quiet=quiet,
    )
