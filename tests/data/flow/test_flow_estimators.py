"""Estimators by name, and which way their flow goes."""

from __future__ import annotations

import numpy as np
import pytest

from slvp.data.flow import DisFlow, FlowEstimator, KnownFlow, estimator
from slvp.errors import UserError


def moving_scene(frames: int, step: int = 3) -> np.ndarray:
    """A scene that goes ``step`` pixels to the left in each frame."""
    coarse = np.random.default_rng(0).integers(0, 255, (20, 40, 3), dtype=np.uint8)
    scene = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    return np.stack([scene[:, step * t : step * t + 200] for t in range(frames)])


@pytest.mark.parametrize("name", ["dis", "dis-fast"])
def test_dis_forward_and_backward(name: str) -> None:
    frames_THWC = moving_scene(3)
    estimate = estimator(name)
    inner = np.s_[:, 20:-20, 20:-20]
    forward, backward = estimate(frames_THWC), estimate(frames_THWC, backward=True)
    assert forward.shape == (2, 160, 200, 2) and forward.dtype == np.float32
    assert np.allclose(np.median(forward[inner], (0, 1, 2)), (-3, 0), atol=0.3)
    assert np.allclose(np.median(backward[inner], (0, 1, 2)), (3, 0), atol=0.3)


@pytest.mark.parametrize("name", ["dis", "dis-fast"])
@pytest.mark.parametrize("size", [(2, 2), (8, 300), (24, 400), (300, 8), (63, 64)])
def test_dis_takes_frames_of_any_shape(name: str, size: tuple[int, int]) -> None:
    frames_THWC = np.random.default_rng(0).integers(0, 255, (3, *size, 3), dtype=np.uint8)
    flow_THW2 = estimator(name)(frames_THWC)
    assert flow_THW2.shape == (2, *size, 2) and np.isfinite(flow_THW2).all()


def test_presets() -> None:
    assert estimator("dis") == DisFlow("medium")
    assert estimator("dis-fast") == DisFlow("fast")


@pytest.mark.parametrize("name", ["farneback", "", "dis:weights.pth", "raft-huge", "raft"])
def test_other_names_are_told(name: str) -> None:
    with pytest.raises(UserError, match="expected one of dis, dis-fast, raft-small, raft-large"):
        estimator(name)


def test_known_flow_is_given_back() -> None:
    ahead, back = np.ones((2, 4, 5, 2), np.float32), np.zeros((2, 4, 5, 2), np.float32)
    known: FlowEstimator = KnownFlow(ahead, back)
    frames_THWC = np.zeros((3, 4, 5, 3), np.uint8)
    assert known(frames_THWC) is ahead and known(frames_THWC, backward=True) is back
