"""``slvp data world``: clips of the embedded world on disk, as a benchmark or to train on."""

from __future__ import annotations

from pathlib import Path

from slvp.apps.output import output_folder
from slvp.data.world import World, WorldConfig
from slvp.data.world_export import export_world
from slvp.errors import UserError
from slvp.training.config import DataConfig
from slvp.training.sources import build_library, split_library

WORLD_SPLIT = "test"
"""The folder of a world's clips, named as a benchmark's split is."""

MIN_SIDE = 64
"""Pixels; in smaller frames objects can't be told from each other."""


def write_world(
    out: Path,
    *,
    clips: int,
    seed: int,
    cutouts: tuple[Path, ...],
    coco: tuple[tuple[Path, Path], ...],
    stamps: bool,
    held_out: bool,
    frames: int,
    height: int,
    width: int,
    quiet: bool,
) -> None:
    """Write ``clips`` clips into the folder ``out``; same options, same clips.

    Raises:
        UserError: cut-outs or an option is not usable, or ``out`` is in use.
    """
    for option, value, least in (
        ("--clips", clips, 1),
        ("--seed", seed, 0),
        ("--frames", frames, 1),
        ("--height", height, MIN_SIDE),
        ("--width", width, MIN_SIDE),
    ):
        if value < least:
            raise UserError(f"{option} {value} is too small; {least} is the least")
    data = DataConfig(
        cutouts=tuple(str(folder) for folder in cutouts),
        coco=tuple((str(file), str(images)) for file, images in coco),
        stamps=stamps,
    )
    world = World(
        split_library(data)[1] if held_out else build_library(data),
        WorldConfig(frames=frames, height=height, width=width),
    )
    with output_folder(out, (), overwrite=None) as folder:
        export_world(folder, world, clips=clips, seed=seed, split=WORLD_SPLIT, progress=not quiet)
