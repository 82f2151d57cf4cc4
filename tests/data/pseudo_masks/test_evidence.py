"""What colours and motion say."""

import numpy as np
from moving_disc import HEIGHT, WIDTH, disc_masks, filmed, overlap

from slvp.data.pseudo_masks.evidence import Looks

MASKS = disc_masks(frames=2)
NOTHING = np.zeros(MASKS.shape, bool)
STILL = np.zeros((*MASKS.shape, 2), np.float32)


def hint(centre=(50, 43), reach=20):
    """Log-odds that fall off from a place in the disc."""
    y_HW, x_HW = np.mgrid[:HEIGHT, :WIDTH]
    far_HW = np.hypot(y_HW - centre[0], x_HW - centre[1]) / reach
    return np.stack([2 - 2 * far_HW] * 2).clip(-3, 2).astype(np.float32)


def test_colours_complete_what_is_hinted_at():
    found = Looks(filmed(MASKS), STILL).settle(hint(), NOTHING, NOTHING)
    assert overlap(found > 0.5, MASKS) > 0.95
    assert overlap(hint() > 0, MASKS) < 0.85


def test_motion_does_where_all_has_one_colour():
    noise = filmed(NOTHING)
    motion = np.where(MASKS[..., None], (2.0, 0.0), (0.0, 0.0)).astype(np.float32)
    moving = Looks(noise, motion).settle(hint(), NOTHING, NOTHING)
    still = Looks(noise, STILL).settle(hint(), NOTHING, NOTHING)
    assert overlap(moving > 0.5, MASKS) > overlap(still > 0.5, MASKS) + 0.05


def test_what_is_certain_stays_so():
    inside, outside = NOTHING.copy(), NOTHING.copy()
    inside[:, :5, :5] = True
    outside[:, 40:45, 40:45] = True
    found = Looks(filmed(MASKS), STILL).settle(hint(), inside, outside)
    assert (found[inside] == 1).all()
    assert (found[outside] == 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_some_frames_are_looked_at_by_themselves():
    looks = Looks(filmed(MASKS), STILL)
    alone = looks.of([1]).settle(hint()[1:], NOTHING[1:], NOTHING[1:])
    single = Looks(filmed(MASKS)[1:], STILL[1:]).settle(hint()[1:], NOTHING[1:], NOTHING[1:])
    np.testing.assert_array_equal(alone, single)


def test_too_small_an_object_is_left_as_it_is():
    inside = NOTHING.copy()
    inside[0, 3, 3] = True
    found = Looks(filmed(MASKS), STILL).settle(
        np.full(MASKS.shape, -9, np.float32), inside, ~inside
    )
    np.testing.assert_array_equal(found > 0.5, inside)
