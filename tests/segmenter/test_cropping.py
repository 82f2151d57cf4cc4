import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.segmenter.cropping import MARGIN, SMALLEST, WHOLE, Framing, Region, crop, near, put_back

SIZE = (60, 80)


def test_a_region_stays_while_its_box_is_within() -> None:
    framing, box = Framing(), np.array([20, 20, 40, 40], np.float32)
    first = framing.next(box, SIZE)
    assert first.side == pytest.approx(max(SMALLEST, (1 + 2 * MARGIN) * 20 / 60))
    assert framing.next(box + 1, SIZE) == first
    assert framing.next(None, SIZE) == first
    assert framing.next(box + 25, SIZE) != first


def test_a_region_is_left_when_it_is_much_too_large() -> None:
    framing = Framing()
    large = framing.next(np.array([5, 5, 75, 55], np.float32), SIZE)
    small = framing.next(np.array([30, 25, 40, 35], np.float32), SIZE)
    assert large.side == 1 and small.side == pytest.approx(SMALLEST)


_frame_boxes = st.tuples(
    st.floats(-10, 80), st.floats(-10, 60), st.floats(1, 90), st.floats(1, 70)
).map(lambda box: np.array([box[0], box[1], box[0] + box[2], box[1] + box[3]], np.float32))


@given(st.lists(_frame_boxes, min_size=1, max_size=5))
def test_regions_are_in_the_frame_and_hold_their_boxes(boxes) -> None:
    framing = Framing()
    for box in boxes:
        region = framing.next(box, SIZE)
        assert 0 <= region.left <= region.left + region.side <= 1 + 1e-6
        assert 0 <= region.top <= region.top + region.side <= 1 + 1e-6
        share = np.clip(box / (80, 60, 80, 60), 0, 1)
        corners = (region.left, region.top), (region.left + region.side, region.top + region.side)
        assert (share[:2] >= np.array(corners[0]) - 1e-5).all()
        assert (share[2:] <= np.array(corners[1]) + 1e-5).all()


def test_a_crop_shows_the_region_as_large_as_the_frame() -> None:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    image = np.stack([columns, rows, 0 * rows], -1).astype(np.uint8)
    assert (crop(image, WHOLE) == image).all()
    shown = crop(image, Region(0.25, 0.5, 0.5))
    assert shown.shape == image.shape and shown.dtype == np.uint8
    assert shown[30, 40, :2] == pytest.approx([40, 45], abs=1)  # the region's middle
    assert shown[0, 0, :2] == pytest.approx([20, 30], abs=1)


@given(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0.4, 0.5))
def test_what_is_said_of_a_region_is_put_where_it_was(left, top, side) -> None:
    region = Region(left, top, side)
    logits = np.zeros(SIZE, np.float32)
    columns = np.linspace(left, left + side, 161)[:-1] + side / 320
    rows = np.linspace(top, top + side, 121)[:-1] + side / 240
    closer = np.add.outer(2 * rows, columns).astype(np.float32)  # tells its own place
    found = put_back(logits, region, closer)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    x, y = (x + 0.5) / SIZE[1], (y + 0.5) / SIZE[0]
    pixel = 1.5 / 60
    inside = (x > left + pixel) & (x < left + side - pixel) & (y > top + pixel)
    inside &= y < top + side - pixel
    assert found[inside] == pytest.approx((2 * y + x)[inside] / 2, abs=0.01)
    outside = (x < left - pixel) | (x > left + side + pixel) | (y < top - pixel)
    assert not found[outside].any()


def test_what_is_near_a_box_is_it_and_its_margin() -> None:
    box = np.array([20, 30, 40, 45], np.float32)  # a quarter of the frame's sides
    found = near(box, SIZE, SIZE)
    assert found.sum() == pytest.approx(0.25**2 * 1.5**2 * 60 * 80, rel=0.1)
    assert found[30:45, 20:40].all() and not found[:25].any()
    assert near(box, SIZE, (120, 160))[52:98, 30:90].all()
    assert not near(None, SIZE, SIZE).any()


@given(st.floats(0, 0.6), st.floats(0, 0.6), st.floats(0.1, 0.4), st.integers(1, 9))
def test_a_frame_of_one_colour_has_crops_of_that_colour(left, top, side, height) -> None:
    image = np.full((height, 7, 3), 200, np.uint8)
    assert (crop(image, Region(left, top, side)) == 200).all()


@given(st.integers(1, 60), st.integers(1, 40))
def test_a_box_at_the_edge_keeps_its_region(wide, high) -> None:
    framing, box = Framing(), np.array([80 - wide, 60 - high, 80, 60], np.float32)
    assert framing.next(box, SIZE) is framing.next(box, SIZE)
