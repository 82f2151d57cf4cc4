from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.sampling import draw_window


@given(
    seed=st.integers(0, 2**31),
    end=st.just(0.0) | st.floats(0.01, 1e6),
    frames=st.integers(2, 20),
    rate=st.floats(0.5, 60),
)
def test_a_window_lies_within_the_video(seed: int, end: float, frames: int, rate: float) -> None:
    window = draw_window(np.random.default_rng(seed), end, frames, rate)
    assert window.start >= 0
    last = window.start + (frames - 1) * window.interval
    if end > 0:
        assert last <= end * (1 + 1e-9)
    assert 0 < window.interval <= 1 / rate


def test_windows_come_from_everywhere() -> None:
    rng = np.random.default_rng(0)
    starts = [draw_window(rng, 10.0, 3, 6.0).start for _ in range(500)]
    assert min(starts) < 0.3 and max(starts) > 9.3
    assert {draw_window(rng, 10.0, 3, 6.0).interval} == {1 / 6}


def test_a_short_video_is_taken_whole_and_an_unknown_length_for_long_enough() -> None:
    rng = np.random.default_rng(0)
    assert draw_window(rng, 0.2, 5, 6.0).interval == 0.05
    assert draw_window(rng, 0.2, 5, 6.0).start == 0
    assert draw_window(rng, 0.0, 5, 6.0).interval == 1 / 6
