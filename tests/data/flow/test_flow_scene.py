"""DIS and the camera's homography against the world's exact flow."""

from __future__ import annotations

import numpy as np
import pytest

from slvp.data.cutouts import CutoutLibrary
from slvp.data.flow import (
    camera_flow,
    camera_homography,
    dis_flow,
    forward_backward_valid,
    scene_flow,
)
from slvp.data.world import World, WorldConfig
from slvp.types import Clip

CONFIG = WorldConfig(
    randomise=False, frames=3, patches=0.0, moving_camera=1.0, max_objects=2, crowd=0.0
)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    world = World(CutoutLibrary.drawn_shapes(), CONFIG)
    drawn = [world.clip(seed) for seed in range(30)]
    # Enough motion to be worth measuring, little enough of the frame covered.
    return [
        c
        for c in drawn
        if (c.ids_THW > 0).mean() < 0.3 and np.abs(c.flow_THW2[:, ::8, ::8]).mean() > 0.7
    ]


def test_dis_beats_zero_flow(clips: list[Clip]) -> None:
    assert len(clips) > 3
    for clip in clips:
        flow_THW2 = dis_flow(clip.frames_THWC)
        assert flow_THW2.shape == (2, 192, 192, 2) and flow_THW2.dtype == np.float32
        exact_THW2 = clip.flow_THW2[:2]
        error = np.linalg.norm(flow_THW2 - exact_THW2, axis=-1)
        zero_error = np.linalg.norm(exact_THW2, axis=-1)
        assert np.median(error) < 0.4 * np.median(zero_error) + 0.2


def test_camera_is_found_despite_moving_objects(clips: list[Clip]) -> None:
    for clip in clips:
        found = camera_homography(clip.flow_THW2[0])
        difference = camera_flow(found, 192, 192) - camera_flow(clip.camera_T33[0], 192, 192)
        assert np.abs(difference).max() < 0.5


def test_no_motion_is_the_identity() -> None:
    assert np.allclose(camera_homography(np.zeros((64, 96, 2), np.float32)), np.eye(3), atol=1e-4)


def test_camera_flow_of_a_shift_and_of_a_zoom() -> None:
    shift = np.array([[1, 0, 3], [0, 1, -2], [0, 0, 1.0]])
    assert np.allclose(camera_flow(shift, 5, 7), (3, -2), atol=1e-5)
    zoom = np.diag([2.0, 2.0, 1.0])
    assert np.allclose(camera_flow(zoom, 5, 7)[4, 6], (6, 4), atol=1e-5)


def test_forward_backward() -> None:
    forward = np.zeros((40, 60, 2), np.float32)
    forward[..., 0] = 5
    valid = forward_backward_valid(forward, -forward)
    assert valid[:, :54].all() and not valid[:, 55:].any()  # the last columns leave the frame
    broken = -forward
    broken[10:20, 10:20] = 0
    valid = forward_backward_valid(forward, broken)
    assert not valid[12:18, 7:13].any() and valid[30, 30]


def test_scene_flow_of_a_panning_camera_is_still() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (30, 50, 3), dtype=np.uint8)
    scene = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    frames = np.stack([scene[20:148, 10 + 3 * t : 170 + 3 * t] for t in range(3)])
    flow_THW2, valid_THW = scene_flow(frames)
    inner = flow_THW2[:, 16:-16, 16:-16]
    assert np.median(np.abs(inner)) < 0.1
    assert valid_THW[:, 16:-16, 16:-16].mean() > 0.9
