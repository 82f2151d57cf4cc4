"""The camera's motion where it is hard to tell."""

from __future__ import annotations

import numpy as np
import pytest

from slvp.data.flow import camera_flow, camera_motion

HEIGHT, WIDTH = 120, 200


def _zoom(scale: float, shift: tuple[float, float]) -> np.ndarray:
    """Scale about the middle of the frame, then shift."""
    x, y = WIDTH / 2, HEIGHT / 2
    return np.array(
        [[scale, 0, x * (1 - scale) + shift[0]], [0, scale, y * (1 - scale) + shift[1]], [0, 0, 1]]
    )


def _error(found_33: np.ndarray, exact_33: np.ndarray) -> float:
    difference = camera_flow(found_33, HEIGHT, WIDTH) - camera_flow(exact_33, HEIGHT, WIDTH)
    return float(np.abs(difference).max())


def test_a_close_up_does_not_take_the_camera_along() -> None:
    camera, actor = _zoom(1.02, (-4, 2)), _zoom(1.05, (10, -6))
    flow_HW2 = camera_flow(camera, HEIGHT, WIDTH)
    close = np.s_[12:, 30:170]
    flow_HW2[close] = camera_flow(actor, HEIGHT, WIDTH)[close]
    assert flow_HW2[close].size / flow_HW2.size > 0.6
    assert _error(camera_motion(flow_HW2).homography_33, camera) < 0.1


def test_inliers_tell_a_scene_from_water() -> None:
    rng = np.random.default_rng(0)
    still_HW2 = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    assert camera_motion(still_HW2).inliers == pytest.approx(1)
    assert camera_motion(rng.normal(0, 20, still_HW2.shape).astype(np.float32)).inliers < 0.2


def test_only_what_is_valid_counts() -> None:
    camera = _zoom(1.0, (5, 0))
    flow_HW2 = camera_flow(camera, HEIGHT, WIDTH)
    valid_HW = np.zeros((HEIGHT, WIDTH), np.bool_)
    valid_HW[:50] = True
    flow_HW2[50:] = np.nan
    found = camera_motion(flow_HW2, valid_HW)
    assert found.inliers == pytest.approx(1) and _error(found.homography_33, camera) < 0.1
    nothing = camera_motion(flow_HW2, np.zeros_like(valid_HW))
    assert nothing.inliers == 0 and (nothing.homography_33 == np.eye(3)).all()


def test_a_homography_that_sends_a_side_to_infinity_is_none() -> None:
    bent = np.eye(3)
    bent[2, 0] = -1.5 / WIDTH
    valid_HW = np.zeros((HEIGHT, WIDTH), np.bool_)
    valid_HW[:, : WIDTH // 4] = True
    flow_HW2 = np.nan_to_num(camera_flow(bent, HEIGHT, WIDTH))
    assert camera_motion(flow_HW2, valid_HW).inliers == 0
