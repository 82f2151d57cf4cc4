"""What a label says of a frame's pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from moving_disc import HEIGHT, WIDTH, disc_masks, filmed

from slvp.data.labels.records import Box, Outlined, Point
from slvp.data.labels.weaken import deepest_point
from slvp.data.pseudo_masks.priors import box_mask, prior_of

MASK = disc_masks()[0]
FRAME = filmed(MASK[None])[0]
STILL = np.zeros((HEIGHT, WIDTH, 2), np.float32)


def prior(label, others=()):
    return prior_of(label, others, FRAME, STILL, 1.0)


def test_outside_a_box_there_is_nothing_and_its_middle_is_likelier_than_its_corners():
    found = prior(Box(20, 10, 40, 30))
    assert (~found.outside_HW).sum() == 40 * 30
    np.testing.assert_array_equal(found.box_HW, ~found.outside_HW)
    assert not found.inside_HW.any()
    assert found.logit_HW[25, 40] > 0 > found.logit_HW[10, 20]
    assert found.logit_HW[25, 40] == found.logit_HW[~found.outside_HW].max()


@given(
    left=st.integers(0, 60),
    top=st.integers(0, 40),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    scale=st.floats(0.05, 1),
)
def test_a_box_of_another_scale_keeps_its_place(left, top, width, height, scale):
    size = max(1, round(80 * scale)), max(1, round(100 * scale))
    rows, columns = np.nonzero(box_mask(Box(left, top, width, height), size, scale))
    assert rows.size
    assert abs(columns.min() - left * scale) <= 1.5
    assert abs(columns.max() + 1 - (left + width) * scale) <= 1.5
    assert abs(rows.min() - top * scale) <= 1.5
    assert abs(rows.max() + 1 - (top + height) * scale) <= 1.5


def test_around_a_point_what_looks_the_same_is_likelier():
    found = prior(deepest_point(MASK))
    assert found.logit_HW[MASK].mean() > found.logit_HW[~MASK].mean() + 1
    assert found.inside_HW.sum() == 9
    assert found.box_HW is None


def test_other_points_are_of_other_objects():
    point, other = deepest_point(MASK), Point(100, 20)
    found = prior(point, [other])
    assert found.outside_HW[20, 100]
    assert found.outside_HW.sum() == 9
    alone = prior(point)
    assert found.logit_HW[25, 90] < alone.logit_HW[25, 90]


def test_a_mask_and_the_lack_of_an_object_leave_nothing_open():
    whole = prior(Outlined.of(MASK))
    np.testing.assert_array_equal(whole.inside_HW, MASK)
    np.testing.assert_array_equal(whole.outside_HW, ~MASK)
    assert prior(None).outside_HW.all()


def test_motion_parts_what_colours_do_not():
    """One colour everywhere: only the motion tells the disc from the rest."""
    grey_HW3 = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    moving_HW2 = np.where(MASK[..., None], (3.0, 0.0), (0.0, 0.0)).astype(np.float32)
    found = prior_of(deepest_point(MASK), [], grey_HW3, moving_HW2, 1.0)
    assert found.logit_HW[MASK].min() > found.logit_HW[~MASK].max()
