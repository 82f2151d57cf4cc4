import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slvp.data.colour_histograms import colour_bins
from slvp.segmenter.colours import LIMIT, ColourMemory

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 40), (30, 40, 190)


def picture(left, right) -> np.ndarray:
    image = np.empty((16, 24, 3), np.uint8)
    image[:, :12], image[:, 12:] = left, right
    return image


def halves(left: float, right: float) -> np.ndarray:
    return np.repeat([[left] * 12 + [right] * 12], 16, axis=0).astype(np.float32)


def test_colours_of_sure_pixels_speak_for_others():
    memory = ColourMemory()
    bins = colour_bins(picture(RED, GREEN))
    memory.evidence(bins, halves(0.9, 0.1))
    unsure = memory.evidence(bins, halves(0.5, 0.5))
    assert (unsure[:, :12] > 1).all()
    assert (unsure[:, 12:] < -1).all()


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_evidence_is_limited_and_finite(left, right, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    evidence = ColourMemory().evidence(colour_bins(noise), halves(left, right))
    assert (np.abs(evidence) <= LIMIT + 1e-5).all()


def test_nothing_is_said_before_object_and_background_were_seen():
    bins = colour_bins(picture(RED, GREEN))
    for everywhere in (0.0, 0.5, 1.0):
        assert not ColourMemory().evidence(bins, halves(everywhere, everywhere)).any()


def test_a_colour_that_both_have_says_nothing():
    bins = colour_bins(picture(RED, RED))
    np.testing.assert_allclose(ColourMemory().evidence(bins, halves(0.95, 0.05)), 0, atol=1e-3)


def test_what_was_long_ago_is_forgotten():
    memory = ColourMemory()
    red_then = colour_bins(picture(RED, GREEN))
    memory.evidence(red_then, halves(0.99, 0.01))
    before = memory.evidence(red_then, halves(0.5, 0.5))[0, 0]
    for _ in range(60):  # the object turns blue, the background red
        memory.evidence(colour_bins(picture(BLUE, RED)), halves(0.99, 0.01))
    after = memory.evidence(red_then, halves(0.5, 0.5))[0, 0]
    assert before > 1
    assert after < -1


def test_alike_colours_share_a_neighbourhood():
    memory = ColourMemory()
    memory.evidence(colour_bins(picture(RED, GREEN)), halves(0.9, 0.1))
    a_bit_lighter = tuple(value + 5 for value in RED)
    evidence = memory.evidence(colour_bins(picture(a_bit_lighter, GREEN)), halves(0.5, 0.5))
    assert evidence[0, 0] > 1
