"""A tiny export of the embedded world, in the layout of Ref-YouTube-VOS with more beside it."""

from __future__ import annotations

from pathlib import Path

from slvp.data.cutouts import CutoutLibrary
from slvp.data.world import World, WorldConfig
from slvp.data.world_export import export_world

CLIPS = 3


def write_world(out: Path, seed: int = 0) -> None:
    """Write three clips of six frames with drawn shapes; same seed, same clips.

    The layout is that of ``export_world``; the one split is ``test``. (The encoder of the captioned
    videos makes other bytes of the same frames each time; all else is the same to the byte.)

    Args:
        out: a folder that exists and is empty.
        seed: of all that is random.
    """
    world = World(
        CutoutLibrary.drawn_shapes(), WorldConfig(frames=6, height=72, width=96, absent=0.3)
    )
    export_world(out, world, clips=CLIPS, seed=seed, split="test", progress=False)
