from __future__ import annotations

import numpy as np
import pytest
from captioned_videos import scene
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.captioned.clips import Form, can_be_mirrored, colour_change, draw_view

SIDES = st.integers(2, 5000)


@given(
    seed=st.integers(0, 2**31),
    height=SIDES,
    width=SIDES,
    form=st.sampled_from([(64, 64), (32, 96)]),
)
def test_a_view_lies_within_the_frame(
    seed: int, height: int, width: int, form: tuple[int, int]
) -> None:
    view = draw_view(np.random.default_rng(seed), height, width, Form(2, *form))
    assert (view.box_height, view.box_width) == form
    assert 0 <= view.top <= view.height - view.box_height
    assert 0 <= view.left <= view.width - view.box_width


@given(seed=st.integers(0, 2**31), height=st.integers(200, 2000), width=st.integers(200, 2000))
def test_a_view_shows_much_and_is_little_stretched(seed: int, height: int, width: int) -> None:
    view = draw_view(np.random.default_rng(seed), height, width, Form(2, 64, 96))
    stretch = (view.width / width) / (view.height / height)
    assert 0.83 < stretch < 1.2
    share_high = view.box_height / view.height
    share_wide = view.box_width / view.width
    assert 0.57 < max(share_high, share_wide) <= 1


def test_views_come_from_everywhere() -> None:
    rng = np.random.default_rng(0)
    views = [draw_view(rng, 240, 432, Form(2, 64, 64)) for _ in range(300)]
    assert {view.top == 0 for view in views} == {True, False}
    assert len({view.left for view in views}) > 20


@pytest.mark.parametrize(
    ("caption", "can"),
    [
        ("a dog on the left", False),
        ("A car turns Right.", False),
        ("the leftmost of two cats", False),
        ("the wheel turns clockwise", False),
        ("a bright car", True),
        ("leftovers on a table", True),
    ],
)
def test_a_caption_that_names_a_side_keeps_the_clip_as_it_is(caption: str, can: bool) -> None:
    assert can_be_mirrored(["a dog", caption]) is can


def test_scenes_differ_in_colours_and_frames_of_one_hardly() -> None:
    same = np.stack(scene(0, 3, 2))
    cut = np.stack([*scene(0, 2, 2), scene(1, 1, 2)[0]])
    assert colour_change(same) < 0.1
    assert colour_change(cut) > 0.6


def test_a_batch_has_as_many_clips_as_come_nearest_to_its_pixels() -> None:
    form = Form(2, 32, 64)
    assert form.clips(10 * 2 * 32 * 64) == 10
    assert form.clips(9 * 2 * 32 * 64, extra=1) == 6
    assert form.clips(1) == 1
