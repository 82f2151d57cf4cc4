import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slvp.evaluation.compare import bootstrap_interval
from slvp.studies.paired import DRAWS, estimate

SCORES = arrays(np.float64, (3, 6), elements=st.floats(-1, 1))


@given(SCORES, st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_bounds_hold_the_mean_and_stay_within_the_values(values_SN, clusters):
    clusters_N = np.unique(clusters, return_inverse=True)[1]
    found = estimate(values_SN, clusters_N)
    assert found.mean == pytest.approx(values_SN.mean())
    assert values_SN.min() - 1e-9 <= found.low <= found.high <= values_SN.max() + 1e-9


def test_what_is_always_the_same_is_sure():
    found = estimate(np.full((3, 4), 0.25), np.array([0, 0, 1, 2]))
    assert (found.mean, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25))


def test_of_one_seed_it_is_the_bootstrap_over_videos():
    rng = np.random.default_rng(0)
    values_N, clusters_N = rng.normal(size=60), np.arange(60) // 3
    found = estimate(values_N[None], clusters_N)
    expected = bootstrap_interval(values_N, clusters_N, samples=DRAWS, seed=1)
    assert (found.low, found.high) == pytest.approx(expected, abs=0.03)


def test_seeds_that_disagree_make_it_unsure():
    videos_N = np.linspace(0, 0.01, 20)
    alike = estimate(np.stack([videos_N] * 3), np.arange(20))
    apart = estimate(np.stack([videos_N - 0.1, videos_N, videos_N + 0.1]), np.arange(20))
    assert apart.mean == pytest.approx(alike.mean)
    assert apart.high - apart.low > 10 * (alike.high - alike.low)


def test_expressions_of_one_video_are_drawn_together():
    values_SN = np.repeat([[0.0, 1.0]], 20, axis=1)
    together = estimate(values_SN, np.repeat([0, 1], 20))
    apart = estimate(values_SN, np.arange(40))
    assert (together.low, together.high) == (0, 1)
    assert apart.low > 0.3
    assert apart.high < 0.7
