"""The videos that example data sets are made of: drawn shapes that move, from a seed."""

from __future__ import annotations

import numpy as np

from slvp.data.cutouts import CutoutLibrary
from slvp.data.world import World, WorldConfig
from slvp.types import Clip


def scene(
    seed: int, *, frames: int = 6, height: int = 72, width: int = 96, objects: int = 2
) -> Clip:
    """Draw a clip of ``objects`` shapes, each visible in the first frame; same seed, same clip.

    Object ids count from 1; there are at least as many expressions as objects, and for each object
    one that describes it alone.
    """
    config = WorldConfig(
        frames=frames,
        height=height,
        width=width,
        min_objects=objects,
        max_objects=objects,
        crowd=0.0,
        clutter=0.0,
        absent=0.0,
        speed=0.03,
        max_expressions=4 * objects,
    )
    world = World(CutoutLibrary.drawn_shapes(), config)
    attempt = 0
    while True:
        clip = world.clip(1_000 * seed + attempt)
        assert clip.ids_THW is not None
        wanted = set(range(1, objects + 1))
        described = {one.object_ids[0] for one in clip.expressions if len(one.object_ids) == 1}
        if set(np.unique(clip.ids_THW[0]).tolist()) - {0} == wanted and described == wanted:
            return clip
        attempt += 1


def sentences_of(clip: Clip, object_id: int) -> list[str]:
    """Return the sentences that describe one object alone."""
    return [one.text for one in clip.expressions if one.object_ids == (object_id,)]
