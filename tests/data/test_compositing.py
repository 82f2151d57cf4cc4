"""Pastes fit where they are pasted, and keep the colours by which they are called."""

from __future__ import annotations

import cv2
import numpy as np

from slvp.data import compositing
from slvp.data.compositing import Shadow


def _lab(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(0)


def _prepared(surroundings: tuple[int, int, int], seed: int) -> np.ndarray:
    rgba = np.full((60, 60, 4), 255, np.uint8)
    rgba[..., :3] = np.random.default_rng(0).integers(90, 150, (60, 60, 1))
    there = np.full((40, 40, 3), surroundings, np.uint8)
    rng = np.random.default_rng(seed)
    pasted, _ = compositing.prepare(rng, rgba, 1.0, there, randomise=True)
    return _lab(pasted[20:40, 20:40, :3])


def test_pastes_take_on_the_light_of_their_surroundings_but_stay_what_they_are() -> None:
    night = np.array([_prepared((15, 15, 30), seed) for seed in range(40)])
    day = np.array([_prepared((240, 235, 225), seed) for seed in range(40)])
    grass = np.array([_prepared((40, 160, 40), seed) for seed in range(40)])
    assert night[:, 0].mean() + 5 < day[:, 0].mean()
    assert grass[:, 1].mean() + 0.5 < day[:, 1].mean(), "a touch of green"
    assert np.abs(grass[:, 1:]).max() < 25, "not green"


def test_without_variation_pastes_are_as_they_were() -> None:
    rgba = np.random.default_rng(0).integers(0, 255, (30, 30, 4), np.uint8)
    rgba[..., 3] = 255
    there = np.zeros((9, 9, 3), np.uint8)
    rng = np.random.default_rng(0)
    pasted, to_source = compositing.prepare(rng, rgba, 1.0, there, randomise=False)
    assert (pasted == rgba).all() and (to_source == np.eye(3)).all()


def _darkened(shadow: Shadow | None) -> np.ndarray:
    """Where a frame is darker after a white pole, 10 x 40 pixels, was pasted into its middle."""
    frame = np.full((100, 100, 3), 200, np.uint8)
    pole = np.full((40, 10, 4), 255, np.uint8)
    matrix = np.array([[1, 0, 45.0], [0, 1, 30], [0, 0, 1]])
    compositing.paste(frame, pole, matrix, shadow)
    return frame[..., 0] < 195


def test_a_shadow_on_the_ground_lies_at_the_feet() -> None:
    assert not _darkened(None).any()
    rows, columns = np.nonzero(_darkened(Shadow(0.8, (0.0, 0.0), height=0.1)))
    assert rows.min() > 55, "the feet are at row 69"
    assert columns.min() < 45 and columns.max() > 54
    _, leaning = np.nonzero(_darkened(Shadow(0.8, (0.0, 0.0), height=0.3, lean=3.0)))
    assert leaning.max() > columns.max() + 8


def test_a_shadow_on_a_wall_is_the_outline_moved() -> None:
    rows, columns = np.nonzero(_darkened(Shadow(0.8, (12.0, 0.0))))
    assert rows.min() < 35 and rows.max() > 65 and abs(columns.mean() - 61.5) < 4


def test_what_moves_is_blurred_along_its_way() -> None:
    rgba = np.zeros((41, 41, 4), np.uint8)
    rgba[15:26, 15:26] = 255
    there = np.zeros((9, 9, 3), np.uint8)

    def extent(step: tuple[float, float], seed: int) -> tuple[int, int]:
        rng = np.random.default_rng(seed)
        pasted, _ = compositing.prepare(
            rng, rgba, 1.0, there, randomise=True, step_2=np.array(step)
        )
        seen = pasted[..., 3] > 8
        return int(seen.any(1).sum()), int(seen.any(0).sum())

    sideways = np.array([extent((20.0, 0.0), seed) for seed in range(40)])
    still = np.array([extent((0.0, 0.0), seed) for seed in range(40)])
    assert (still[:, 0] == still[:, 1]).all()
    assert (sideways[:, 1] >= sideways[:, 0]).all()
    assert 0.1 < (sideways[:, 1] > sideways[:, 0]).mean() < 0.6, "sometimes"
