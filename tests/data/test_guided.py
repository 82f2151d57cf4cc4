import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slvp.data.guided import apply_to_colours, centred, fit_to_colours, guide_terms


def noise(seed: int, height: int = 20, width: int = 30) -> np.ndarray:
    """A picture whose colours vary from place to place."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def filtered(picture, values, weights=None, radius=3, epsilon=1e-4, large=None):
    weights = np.ones_like(values) if weights is None else weights
    small = centred(picture)
    function = fit_to_colours(guide_terms(small), values, weights, radius, epsilon)
    return apply_to_colours(function, small if large is None else centred(large))


@given(st.integers(0, 100), st.floats(0, 1), st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_a_constant_stays_what_it_is(seed, value, radius):
    values = np.full((20, 30), value, np.float32)
    weights = np.random.default_rng(seed).uniform(0.5, 5, values.shape).astype(np.float32)
    np.testing.assert_allclose(filtered(noise(seed), values, weights, radius), value, atol=2e-4)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4))
@settings(max_examples=20, deadline=None)
def test_a_function_of_the_colours_stays_what_it_is(factors):
    picture = noise(1)
    values = (centred(picture) @ np.array(factors[:3]) + factors[3]).astype(np.float32)
    np.testing.assert_allclose(filtered(picture, values, epsilon=1e-7), values, atol=1e-2)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_picture_gives_a_mirrored_map(axis):
    rng = np.random.default_rng(0)
    values, weights = rng.uniform(0.1, 1, (2, 20, 30)).astype(np.float32)
    picture = noise(0)
    there = filtered(*(np.flip(one, axis) for one in (picture, values, weights)))
    np.testing.assert_allclose(np.flip(there, axis), filtered(picture, values, weights), atol=1e-3)


def test_a_rough_outline_moves_to_the_edge_of_the_picture():
    large = np.zeros((160, 240, 3), np.uint8)
    large[:, 120:] = 200
    small = cv2.resize(large, (30, 20), interpolation=cv2.INTER_AREA)
    columns = np.arange(30)
    rough = np.tile(1 / (1 + np.exp(-(columns - 13) / 1.5)), (20, 1)).astype(np.float32)
    got = filtered(small, rough, large=large)
    assert (got[:, 110:120] < 0.5).all() and (got[:, 120:130] > 0.5).all()
    assert got[80, 121] - got[80, 118] > 0.3  # where the rough map rises by 0.06


def test_what_weighs_nothing_has_no_say():
    picture = np.full((20, 30, 3), 100, np.uint8)
    values = np.zeros((20, 30), np.float32)
    values[:, 15:] = 1
    weights = np.where(values == 1, 1e-4, 1).astype(np.float32)
    assert filtered(picture, values, weights)[10, 13] < 0.01
    assert filtered(picture, values)[10, 13] > 0.2
