from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slvp.data.benchmarks.masks import IdMap
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.labels.records import Box, Outlined, Point
from slvp.data.labels.weaken import box_of, deepest_point, weaken, weaken_videos

MASKS = hnp.arrays(
    bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24), fill=st.just(False)
).filter(np.any)


@dataclass(frozen=True)
class Drawn:
    """Masks of a video that is at hand, and what was asked for."""

    ids_THW: np.ndarray
    asked: list[int]

    def read(self, t: int) -> IdMap:
        self.asked.append(t)
        return IdMap(self.ids_THW[t])


@dataclass(frozen=True)
class Names:
    names: tuple[str, ...]


def drawn(*frames: Sequence[Sequence[int]]) -> Drawn:
    return Drawn(np.array(frames, np.uint8), [])


def a_mask(*rows: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in row] for row in rows])


# Object 1 is there, goes and comes back; object 2 comes in frame 1; object 3 never.
VIDEO = (
    [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]],
    [[0, 0, 0, 0], [0, 0, 2, 2], [0, 0, 2, 2]],
    [[1, 0, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]],
)


def test_boxes_of_objects_that_come_and_go() -> None:
    labels = weaken(drawn(*VIDEO), (0, 1, 2), (2, 1, 3), "box")
    assert (labels.kind, labels.size, labels.labelled) == ("box", (3, 4), (0, 1, 2))
    assert labels.frames == {
        1: {0: Box(0, 0, 2, 2), 2: Box(0, 0, 1, 1)},
        2: {1: Box(2, 1, 2, 2), 2: Box(2, 1, 1, 1)},
        3: {},
    }


def test_points_lie_where_the_object_is() -> None:
    labels = weaken(drawn(*VIDEO), (1, 2), (1, 2), "point")
    assert labels.labelled == (1, 2)
    assert labels.frames == {1: {2: Point(0, 0)}, 2: {1: Point(2, 1), 2: Point(2, 1)}}


def test_of_the_first_frames_masks_only_the_first_frame_tells_who_is_not_seen() -> None:
    labels = weaken(drawn(*VIDEO), (0, 1, 2), (1, 2, 3), "first-frame")
    assert labels.labelled == (0,)
    assert {one: list(found) for one, found in labels.frames.items()} == {1: [0], 2: [1], 3: []}
    first, second = labels.frames[1][0], labels.frames[2][1]
    assert isinstance(first, Outlined) and isinstance(second, Outlined)
    np.testing.assert_array_equal(first.mask_HW, np.array(VIDEO[0]) == 1)
    np.testing.assert_array_equal(second.mask_HW, np.array(VIDEO[1]) == 2)


def test_no_frame_is_read_after_the_last_first_mask() -> None:
    masks = drawn(*VIDEO)
    weaken(masks, (0, 1, 2), (1, 2), "first-frame")
    assert masks.asked == [0, 1]


def test_only_every_other_annotated_frame_is_looked_at() -> None:
    masks = drawn(*VIDEO, *VIDEO)
    labels = weaken(masks, (1, 2, 3, 5), (1,), "box", every=2)
    assert masks.asked == [1, 3]
    assert labels.labelled == (1, 3)
    assert labels.frames == {1: {3: Box(0, 0, 2, 2)}}
    # The first frame that shows it may not be among them.
    assert weaken(masks, (1, 2, 3, 5), (2,), "first-frame", every=2).labelled == (1,)


def test_void_pixels_belong_to_no_object() -> None:
    class PartlyVoid(IdMap):
        def void(self) -> np.ndarray:
            return np.array([[True, False, False, False]] * 3)

    class Masks:
        def read(self, t: int) -> IdMap:
            return PartlyVoid(np.array(VIDEO[t], np.uint8))

    assert weaken(Masks(), (0, 1, 2), (1,), "box").frames == {1: {0: Box(1, 0, 1, 2)}}


def test_a_video_of_which_sentences_describe_nothing_is_labelled_all_the_same() -> None:
    for kind in ("box", "first-frame"):
        labels = weaken(drawn(*VIDEO), (0, 2), (), kind)
        assert (labels.size, labels.frames, labels.labelled[0]) == ((3, 4), {}, 0)


@given(mask_HW=MASKS)
def test_a_box_holds_the_mask_and_touches_it_on_all_sides(mask_HW: np.ndarray) -> None:
    box = box_of(mask_HW)
    inside_HW = mask_HW[box.top : box.top + box.height, box.left : box.left + box.width]
    assert inside_HW.sum() == mask_HW.sum()
    for side in (inside_HW[0], inside_HW[-1], inside_HW[:, 0], inside_HW[:, -1]):
        assert side.any()


@given(mask_HW=MASKS)
def test_no_pixel_is_deeper_than_the_point_and_none_as_deep_comes_before(
    mask_HW: np.ndarray,
) -> None:
    height, width = mask_HW.shape
    outside = [
        (y, x)
        for y in range(-1, height + 1)
        for x in range(-1, width + 1)
        if not (0 <= y < height and 0 <= x < width and mask_HW[y, x])
    ]
    pixels = np.argwhere(mask_HW)
    depths = ((pixels[:, None] - np.array(outside)[None]) ** 2).sum(2).min(1)
    y, x = pixels[np.argmax(depths)]
    assert deepest_point(mask_HW) == Point(x, y)


@pytest.mark.parametrize(
    ("mask_HW", "point"),
    [
        (a_mask("###", "###", "###"), Point(1, 1)),
        (a_mask("####", "####", "...."), Point(0, 0)),
        (a_mask("#.....", "..####", "..####", "..####"), Point(3, 2)),
        (a_mask("#####", "#...#", "#####"), Point(0, 0)),
    ],
)
def test_points_of_drawn_masks(mask_HW: np.ndarray, point: Point) -> None:
    assert deepest_point(mask_HW) == point


@given(mask_HW=MASKS)
def test_a_kept_mask_is_the_same(mask_HW: np.ndarray) -> None:
    np.testing.assert_array_equal(Outlined.of(mask_HW).mask_HW, mask_HW)


def expression(
    sequence: str, object_ids: tuple[int, ...], scored: tuple[int, ...], masks: Drawn
) -> BenchmarkExpression:
    frames = Names(("00000", "00001", "00002"))
    return BenchmarkExpression(sequence, "0", "it", object_ids, "", frames, masks, scored)


@pytest.mark.parametrize("processes", [1, 2])
def test_videos_are_labelled_in_order_by_all_that_their_sentences_say(processes: int) -> None:
    masks = drawn(*VIDEO)
    expressions = [
        expression("b", (1,), (0, 2), masks),
        expression("b", (), (), masks),
        expression("b", (2, 1), (1, 2), masks),
        expression("a", (2,), (0, 1, 2), masks),
    ]
    labels = weaken_videos(expressions, "box", processes=processes)
    assert list(labels) == ["b", "a"]
    assert labels["b"] == weaken(masks, (0, 1, 2), (1, 2), "box")
    assert labels["a"] == weaken(masks, (0, 1, 2), (2,), "box")
