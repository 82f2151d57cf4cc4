"""Outlines by GrabCut, and when they are not taken."""

import numpy as np
from moving_disc import HEIGHT, WIDTH, disc_masks, filmed, overlap

from slvp.data.pseudo_masks.outlining import outlined

MASK = disc_masks()[0]
FRAME = filmed(MASK[None])[0]
NOTHING = np.zeros((HEIGHT, WIDTH), bool)
BOX = np.zeros((HEIGHT, WIDTH), bool)
BOX[32:69, 22:59] = True


def rough(share):
    """Return probability that is high in a square in the disc, of a share of the box."""
    probability_HW = np.full((HEIGHT, WIDTH), 0.2, np.float32)
    half = int(18 * share)
    probability_HW[50 - half : 50 + half, 40 - half : 40 + half] = 0.8
    return probability_HW


def test_the_edge_is_found_and_mixed_with_what_was_known():
    found = outlined(FRAME, rough(0.8), NOTHING, ~BOX, BOX)
    assert overlap(found > 0.5, MASK) > 0.95
    levels = np.unique(found.round(2)).tolist()
    np.testing.assert_allclose(levels, [0.1, 0.2, 0.4, 0.6, 0.9], atol=1e-6)


def test_an_outline_that_is_not_the_labels_is_not_taken():
    wrong = np.zeros_like(BOX)
    wrong[5:20, 90:125] = True
    probability_HW = rough(0.8)
    np.testing.assert_array_equal(
        outlined(FRAME, probability_HW, NOTHING, NOTHING, wrong), probability_HW
    )
    small = rough(0.3)  # without a box, the disc is too far from this
    np.testing.assert_array_equal(outlined(FRAME, small, NOTHING, NOTHING, None), small)


def test_nothing_is_left_alone():
    nothing = np.zeros((HEIGHT, WIDTH), np.float32)
    assert outlined(FRAME, nothing, NOTHING, NOTHING, None) is nothing
    everything = np.ones((HEIGHT, WIDTH), np.float32)
    assert outlined(FRAME, everything, NOTHING, NOTHING, None) is everything
