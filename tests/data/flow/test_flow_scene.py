"""DIS and the camera's homography against the world's exact flow."""

from __future__ import annotations

import numpy as np
import pytest

from slvp.data.cutouts import CutoutLibrary
from slvp.data.flow import (
    KnownFlow,
    SceneFlow,
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


def _pan(frames: int, step: int = 3) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 255, (30, 50, 3), dtype=np.uint8)
    scene = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    return np.stack([scene[20:148, 10 + step * t : 170 + step * t] for t in range(frames)])


def test_scene_flow_of_a_panning_camera_is_still() -> None:
    flow_THW2, valid_THW = scene_flow(_pan(3))
    inner = flow_THW2[:, 16:-16, 16:-16]
    assert np.median(np.abs(inner)) < 0.1
    assert valid_THW[:, 16:-16, 16:-16].mean() > 0.9


def test_switches() -> None:
    frames_THWC = _pan(3)
    raw_THW2, _ = SceneFlow(subtract_camera=False)(frames_THWC)
    assert np.median(raw_THW2[..., 0]) == pytest.approx(-3, abs=0.2)
    assert (raw_THW2 == dis_flow(frames_THWC)).all()
    _, checked_THW = SceneFlow()(frames_THWC)
    _, every_THW = SceneFlow(check_consistency=False)(frames_THWC)
    assert every_THW.all() and not checked_THW[:, :, 0].any()  # what leaves the frame
    known = dis_flow(frames_THWC)
    known[1, 5, 7, 0] = np.nan
    _, finite_THW = SceneFlow(KnownFlow(known), check_consistency=False)(frames_THWC)
    assert finite_THW.sum() == finite_THW.size - 1 and not finite_THW[1, 5, 7]


def test_pairs_without_a_camera_to_subtract_are_no_target() -> None:
    frames_THWC = _pan(4)
    known_THW2 = np.zeros((3, *frames_THWC.shape[1:3], 2), np.float32)
    known_THW2[1] = np.random.default_rng(0).normal(0, 20, known_THW2[1].shape)
    clip = SceneFlow(KnownFlow(known_THW2), check_consistency=False).estimate(frames_THWC)
    assert [valid_HW.mean() for valid_HW in clip.valid_THW] == [1, 0, 1]
    kept = SceneFlow(KnownFlow(known_THW2), check_consistency=False, subtract_camera=False)
    assert kept.estimate(frames_THWC).valid_THW.all()
