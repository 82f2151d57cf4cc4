"""Masks, flow and camera of the world agree with its frames; the same seed gives the same clip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from slvp.data.cutouts import CutoutLibrary
from slvp.data.flow import camera_flow
from slvp.data.world import World, WorldConfig
from slvp.errors import UserError

SHAPES = CutoutLibrary.drawn_shapes()
PLAIN = WorldConfig(randomise=False, patches=0.0)
SHARED = Path(__file__).parents[3] / "shared" / "cutouts"


def _landing(flow_HW2: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: flow_HW2.shape[0], : flow_HW2.shape[1]].astype(np.float32)
    return np.stack([x, y], -1) + flow_HW2


def test_shapes_and_types() -> None:
    clip = World(SHAPES, WorldConfig(frames=3, height=96, width=128)).clip(0)
    assert clip.frames_THWC.shape == (3, 96, 128, 3) and clip.frames_THWC.dtype == np.uint8
    assert clip.ids_THW.shape == (3, 96, 128) and clip.ids_THW.dtype == np.uint8
    assert clip.flow_THW2.shape == (3, 96, 128, 2) and clip.flow_THW2.dtype == np.float32
    assert clip.camera_T33.shape == (3, 3, 3) and clip.camera_T33.dtype == np.float32


def test_same_seed_same_clip_in_another_process() -> None:
    code = (
        "import hashlib\n"
        "from slvp.data.cutouts import CutoutLibrary\n"
        "from slvp.data.world import World\n"
        "clip = World(CutoutLibrary.drawn_shapes()).clip(7)\n"
        "content = clip.frames_THWC.tobytes() + clip.flow_THW2.tobytes()\n"
        "print(hashlib.sha256(content + repr((clip.expressions, clip.captions)).encode())"
        ".hexdigest())"
    )
    results = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(results) == 1


def test_other_seeds_give_other_clips() -> None:
    clip = World(SHAPES).clip(1)
    assert (clip.frames_THWC != World(SHAPES).clip(2).frames_THWC).any()
    assert (clip.frames_THWC != World(SHAPES, WorldConfig(seed=1)).clip(1).frames_THWC).any()


def test_order_of_clips_does_not_matter() -> None:
    world = World(SHAPES)
    first = world.clip(5)
    world.clip(6)
    assert (world.clip(5).frames_THWC == first.frames_THWC).all()


@pytest.mark.parametrize("seed", range(8))
def test_flow_takes_each_frame_to_the_next(seed: int) -> None:
    clip = World(SHAPES, PLAIN).clip(seed)
    for t in range(3):
        target = _landing(clip.flow_THW2[t])
        back = cv2.remap(clip.frames_THWC[t + 1], target[..., 0], target[..., 1], cv2.INTER_LINEAR)
        ids_there = cv2.remap(
            clip.ids_THW[t + 1], target[..., 0], target[..., 1], cv2.INTER_NEAREST
        )
        # Away from outlines, where pixels mix, and from what is hidden in the next frame.
        inner = np.ones(clip.ids_THW[t].shape, bool)
        for object_id in np.unique(clip.ids_THW[t]):
            own = (clip.ids_THW[t] == object_id).astype(np.uint8)
            there = (ids_there == object_id).astype(np.uint8)
            inside = cv2.erode(own & there, np.ones((7, 7), np.uint8)).astype(bool)
            inner &= (own == 0) | inside
        inner &= ((target > 1) & (target < 190)).all(-1)
        error = np.abs(back.astype(int) - clip.frames_THWC[t].astype(int)).max(-1)
        assert inner.mean() > 0.1
        assert np.percentile(error[inner], 95) <= 12
        assert error[inner].mean() < 3


def test_background_flow_is_the_camera() -> None:
    for seed in range(6):
        clip = World(SHAPES, PLAIN).clip(seed)
        for t in range(4):
            expected = camera_flow(clip.camera_T33[t], 192, 192)
            still = clip.ids_THW[t] == 0
            assert np.allclose(clip.flow_THW2[t][still], expected[still], atol=1e-2)


def test_masks_lie_on_the_objects() -> None:
    black_on_light = CutoutLibrary(
        tuple(c for c in SHAPES.cutouts if c.caption.startswith("a black")), SHAPES.backgrounds
    )
    config = WorldConfig(randomise=False, patches=0.0, crowd=0.0, max_objects=1)
    for seed in range(5):
        clip = World(black_on_light, config).clip(seed)
        for frame, ids in zip(clip.frames_THWC, clip.ids_THW, strict=True):
            inside = cv2.erode((ids > 0).astype(np.uint8), np.ones((5, 5))) > 0
            outside = cv2.dilate((ids > 0).astype(np.uint8), np.ones((5, 5))) == 0
            if inside.any():
                assert frame[inside].mean() < 60 < frame[outside].mean() - 20


def test_patches_are_no_objects() -> None:
    config = WorldConfig(randomise=False, patches=1.0, max_objects=1, crowd=0.0)
    for seed in range(6):
        assert set(np.unique(World(SHAPES, config).clip(seed).ids_THW)) <= {0, 1}


def test_objects_names_the_cutouts_of_the_ids() -> None:
    world = World(SHAPES)
    for seed in range(20):
        assert set(np.unique(world.clip(seed).ids_THW)) <= {0, *world.objects(seed)}


def test_a_library_without_cutouts_is_refused() -> None:
    with pytest.raises(UserError, match="no cut-outs"):
        World(CutoutLibrary((), ()))


def test_a_library_without_backgrounds_uses_textures() -> None:
    assert World(CutoutLibrary(SHAPES.cutouts, ())).clip(0).frames_THWC.std() > 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="the development cut-outs are not here")
def test_photographic_cutouts() -> None:
    world = World(CutoutLibrary.from_folder(SHARED))
    clips = [world.clip(seed) for seed in range(30)]
    assert sum(bool(clip.expressions) for clip in clips) >= 28
    assert all(clip.captions for clip in clips if any(e.object_ids for e in clip.expressions))
