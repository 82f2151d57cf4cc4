"""``slvp data world``: clips of the embedded world on disk, as a benchmark or to train on."""

from __future__ import annotations

from pathlib import Path

from slvp.data.world import World, WorldConfig
from slvp.data.world_export import export_world
from slvp.training.config import DataConfig
from slvp.training.sources import build_library


def write_world(
    out: Path,
    *,
    clips: int,
    seed: int,
    library: tuple[Path, ...],
    stamps: bool,
    frames: int,
    height: int,
    width: int,
) -> None:
    """Write ``clips`` clips into the folder ``out``; same options, same clips.

    Raises:
        UserError: a library or an option is not usable, or ``out`` is in use.
    """
    cutouts = tuple(str(folder) for folder in library)
    world = World(
        build_library(DataConfig(cutouts=cutouts, stamps=stamps)),
        WorldConfig(frames=frames, height=height, width=width),
    )
    export_world(out, world, clips=clips, seed=seed, split="test")
