import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.training.config import OptimiserConfig
from slvp.training.schedule import learning_rate


def test_rate_rises_then_falls():
    config = OptimiserConfig(learning_rate=1.0, warmup=10)
    rates = [learning_rate(config, step, 100) for step in range(100)]
    assert rates[9] == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.01


@given(steps=st.integers(1, 400), warmup=st.integers(0, 1000))
def test_a_run_of_any_length_reaches_the_peak_and_decays(steps, warmup):
    config = OptimiserConfig(learning_rate=1.0, warmup=warmup)
    rates = [learning_rate(config, step, steps) for step in range(steps)]
    assert max(rates) == pytest.approx(1.0)
    assert min(rates) > 0
    if steps >= 10:
        assert rates[-1] < 0.1
