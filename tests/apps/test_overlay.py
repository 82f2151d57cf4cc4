"""Overlays: the right pixels get the right colours, and legends fit whatever is asked."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slvp.apps import overlay
from slvp.apps.overlay import COLOURS, colour_of, draw_overlay
from slvp.types import BoolArray, UInt8Array
from slvp.video import read_frames

CLIPS = Path(__file__).parents[2].parent / "shared/real/clips"


def grey(height: int = 180, width: int = 320, level: int = 100) -> UInt8Array:
    return np.full((height, width, 3), level, np.uint8)


def box(height: int, width: int, top: int, left: int, bottom: int, right: int) -> BoolArray:
    mask_HW = np.zeros((height, width), bool)
    mask_HW[top:bottom, left:right] = True
    return mask_HW


def count(image_HW3: UInt8Array, colour: tuple[int, int, int]) -> int:
    return int((image_HW3 == colour).all(-1).sum())


def simulate_deuteranopia(colour: tuple[int, int, int]) -> np.ndarray:
    """The matrix of Machado et al. (2009) for full severity, on linear light."""
    matrix = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
    return matrix @ ((np.array(colour) / 255) ** 2.2)


def test_without_outline_the_mask_alone_is_tinted() -> None:
    mask_HW = box(180, 320, 100, 40, 160, 120)
    outlined, plain = (
        draw_overlay(grey(), mask_HW[None], ["a"], alpha=0.25, outline=outline)
        for outline in (True, False)
    )
    assert len(np.unique(outlined[mask_HW], axis=0)) > 1
    assert len(np.unique(plain[mask_HW], axis=0)) == 1


def test_mask_is_tinted_and_the_rest_left_alone() -> None:
    image_HW3 = grey()
    mask_HW = box(180, 320, 100, 40, 160, 120)
    drawn_HW3 = draw_overlay(image_HW3, mask_HW[None], ["a"], alpha=0.25)
    inside = drawn_HW3[104:156, 44:116]
    assert np.abs(inside - np.rint(0.75 * 100 + 0.25 * np.array(COLOURS[0]))).max() <= 1
    near_HW = cv2.dilate(mask_HW.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    near_HW[:90] = True  # where the legend may be
    assert (drawn_HW3[~near_HW] == 100).all()
    assert (image_HW3 == 100).all()


def test_outline_has_the_full_colour_around_holes_too() -> None:
    mask_HW = box(180, 320, 100, 40, 170, 240) & ~box(180, 320, 120, 100, 150, 140)
    drawn_HW3 = draw_overlay(grey(), mask_HW[None], [], alpha=0.0)
    for y, x in ((100, 100), (135, 40), (119, 120)):
        assert np.abs(drawn_HW3[y, x].astype(int) - COLOURS[0]).max() <= 30  # smoothed
    assert (drawn_HW3[135, 120] == 100).all()


def test_each_sentence_has_its_colour() -> None:
    masks_EHW = np.stack([box(400, 320, 360, 40 * i, 400, 40 * i + 40) for i in range(8)])
    drawn_HW3 = draw_overlay(grey(400), masks_EHW, [str(i) for i in range(8)], alpha=1.0)
    for index in range(8):
        assert tuple(drawn_HW3[380, 40 * index + 20]) == colour_of(index)
        assert count(drawn_HW3[:200], colour_of(index)) > 50, "the legend explains it"
    assert colour_of(7) == COLOURS[0]


def test_neighbouring_colours_differ_with_and_without_red_green_blindness() -> None:
    for one, other in itertools.combinations(COLOURS, 2):
        assert np.linalg.norm(np.subtract(one, other)) > 60
    for one, other in itertools.pairwise(COLOURS):
        difference = simulate_deuteranopia(one) - simulate_deuteranopia(other)
        assert np.linalg.norm(difference) > 0.2


def test_empty_masks_and_no_sentences_leave_the_image() -> None:
    image_HW3 = grey()
    drawn_HW3 = draw_overlay(image_HW3, np.zeros((0, 180, 320), bool), [])
    assert (drawn_HW3 == image_HW3).all() and drawn_HW3 is not image_HW3


def test_legend_shows_the_sentence() -> None:
    nothing = np.zeros((1, 180, 320), bool)
    short = draw_overlay(grey(), nothing, ["dog"])
    other = draw_overlay(grey(), nothing, ["cat"])
    long = draw_overlay(grey(), nothing, ["dog " * 100])
    assert (short != other).any()
    # White letters on a dark panel that doesn't reach farther than its words.
    assert short.max() > 240 and (short[:, 200:] == 100).all()
    changed_W = (long != 100).any((0, 2))
    assert changed_W[200:300].any() and not changed_W[-2:].any()


def test_presence_fills_the_chip() -> None:
    nothing = np.zeros((1, 360, 640), bool)
    filled = [
        count(draw_overlay(grey(360, 640), nothing, ["dog"], [presence]), COLOURS[0])
        for presence in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert all(less < more for less, more in itertools.pairwise(filled))
    assert filled[0] > 0, "an empty chip keeps its frame"
    assert filled[-1] == count(draw_overlay(grey(360, 640), nothing, ["dog"]), COLOURS[0])


def test_too_many_sentences_are_counted() -> None:
    nothing = np.zeros((40, 180, 320), bool)
    drawn_HW3 = draw_overlay(grey(), nothing, ["dog"] * 40)
    more = draw_overlay(grey(), np.zeros((41, 180, 320), bool), ["dog"] * 41)
    assert (drawn_HW3[100:] == 100).all(), "the lower half stays free"
    assert (drawn_HW3 != more).any(), "the number of the rest is told"


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 130),
    width=st.integers(1, 130),
    sentences=st.lists(st.text(max_size=30), max_size=6),
    seed=st.integers(0, 9),
)
def test_any_size_and_any_text(height: int, width: int, sentences: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks_EHW = rng.random((len(sentences), height, width)) > 0.5
    drawn_HW3 = draw_overlay(grey(height, width), masks_EHW, sentences, rng.random(len(sentences)))
    assert drawn_HW3.shape == (height, width, 3) and drawn_HW3.dtype == np.uint8


def test_without_a_font_of_the_system_accents_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "_FONTS", ())
    caches = (overlay._font, overlay._legend)
    nothing = np.zeros((1, 180, 320), bool)
    try:
        for cache in caches:
            cache.cache_clear()
        accented = draw_overlay(grey(), nothing, ["café naïve"])
        assert (accented == draw_overlay(grey(), nothing, ["cafe naive"])).all()
    finally:
        for cache in caches:
            cache.cache_clear()


def test_on_a_real_clip() -> None:
    path = CLIPS / "dog.mp4"
    if not path.exists():
        pytest.skip("the real clips aren't beside the repository")
    (frame_HW3,) = read_frames(path, max_frames=1)
    mask_HW = np.zeros((720, 1280), np.uint8)
    cv2.ellipse(mask_HW, (900, 480), (180, 120), 0, 0, 360, 1, -1)
    drawn_HW3 = draw_overlay(frame_HW3, mask_HW.astype(bool)[None], ["the small dog"])
    wanted = np.rint(frame_HW3[480, 900] * 0.5 + np.array(COLOURS[0]) * 0.5)
    assert np.abs(drawn_HW3[480, 900] - wanted).max() <= 1
    assert (drawn_HW3[700, 200:400] == frame_HW3[700, 200:400]).all()
