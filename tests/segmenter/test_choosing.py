import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from slvp.segmenter.choosing import Chooser
from slvp.segmenter.wishes import Wish, wish_of

SIZE = (40, 60)
RED, GREY, GRASS = (200, 30, 30), (150, 150, 155), (60, 120, 60)


def scene(*boxes):
    """Boxes of (left, top, side, colour) on grass, all of them marked."""
    picture = np.full((*SIZE, 3), GRASS, np.uint8)
    logits = np.full(SIZE, -6, np.float32)
    for left, top, side, colour in boxes:
        picture[top : top + side, left : left + side] = colour
        logits[top : top + side, left : left + side] = 3
    return logits, picture


CARS = (4, 10, 10, GREY), (40, 16, 14, RED)


def chosen(sentence, *boxes):
    """Return for each box whether it is still marked; none may be so in part."""
    logits, picture = scene(*boxes)
    got = Chooser(wish_of(sentence)).choose(logits, picture)
    shares = [
        (got[top : top + side, left : left + side] > 0).mean() for left, top, side, _ in boxes
    ]
    assert set(shares) <= {0.0, 1.0}
    assert (got <= logits).all()
    return [share == 1 for share in shares]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("the car on the left", [True, False]),
        ("the car on the right", [False, True]),
        ("the red car", [False, True]),
        ("the silver car", [True, False]),
        ("the larger car", [False, True]),
        ("the smaller car", [True, False]),
        ("the car at the bottom", [False, True]),
        ("a car", [True, True]),
        ("a purple car", [True, True]),  # neither is: nothing is told by it
        ("a car driving to the left", [True, True]),  # motion isn't known
    ],
)
def test_one_of_two(sentence, expected):
    assert chosen(sentence, *CARS) == expected


def test_one_in_the_middle_of_three():
    boxes = [(left, 10, 8, GREY) for left in (2, 26, 50)]
    assert chosen("the man in the middle", *boxes) == [False, True, False]
    assert chosen("the man in the middle", *boxes[:2]) == [True, True]


def test_pieces_of_one_thing_stay_together():
    """A post stands before it."""
    assert chosen("the dog on the left", (10, 10, 10, GREY), (23, 10, 10, GREY)) == [True, True]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("the car driving to the left", [True, False]),
        ("the car driving down", [True, True]),
        ("a moving car", [True, False]),
        ("the parked car", [False, True]),
        ("the car moving up", [True, True]),
    ],
)
def test_one_that_moves_against_the_ground(sentence, expected):
    """The camera pans to the right by two places: all that stands moves to the left."""
    logits, picture = scene(*CARS)
    motion = np.full((*SIZE, 2), (-2, 0), np.float32)
    left, top, side, _ = CARS[0]
    motion[top : top + side, left : left + side] = (-3, 0)
    got = Chooser(wish_of(sentence)).choose(logits, picture, motion)
    assert [(got[y + 3, x + 3] > 0) for x, y, _, _ in CARS] == expected


def test_small_pieces_are_no_rivals():
    assert chosen("the dog on the left", (2, 2, 3, GREY), (30, 10, 12, GREY)) == [True, True]


def test_the_one_chosen_stays_chosen_where_it_moves():
    chooser = Chooser(wish_of("the car on the left"))
    for left in range(4, 44, 4):
        mover, other = (left, 4, 10, GREY), (24, 24, 12, RED)
        got = chooser.choose(*scene(mover, other))
        assert got[8, left + 5] > 0
        assert (got[26:34, 26:34] < 0).all()


def test_a_frame_that_misses_the_one_chosen_changes_nothing_later():
    chooser = Chooser(wish_of("the car on the left"))
    chooser.choose(*scene(*CARS))
    chooser.choose(*scene(CARS[1]))
    got = chooser.choose(*scene(*CARS))
    assert got[12, 6] > 0
    assert got[20, 45] < 0


def test_nothing_is_chosen_where_nothing_was_told_apart():
    """Of two black parts of a dog, seen over a fence, a third comes up later."""
    black = (10, 10, 10)
    chooser = Chooser(wish_of("a black dog"))
    parts = [(2, 10, 8, black), (24, 10, 8, black)]
    for boxes in (parts, [*parts, (46, 10, 8, black)]):
        logits, picture = scene(*boxes)
        np.testing.assert_array_equal(chooser.choose(logits, picture), logits)


def test_all_colours_that_are_said():
    logits, picture = scene((4, 10, 12, (10, 10, 10)), (36, 10, 12, (10, 10, 10)))
    picture[10:16, 36:48] = 240  # the second one is half white
    got = Chooser(wish_of("the black and white cow")).choose(logits, picture)
    assert got[12, 6] < 0
    assert got[12, 40] > 0


def test_what_is_nearer_stands_lower_however_tall_it_is():
    assert chosen("the man in front", (2, 6, 32, GREY), (42, 14, 16, GREY)) == [True, False]
    assert chosen("the man in the background", (4, 2, 36, GREY), (46, 14, 8, GREY)) == [False, True]


def test_the_smallest_may_be_far_smaller():
    assert chosen("the smallest ball", (4, 4, 30, GREY), (48, 10, 7, GREY)) == [False, True]


@pytest.mark.parametrize(("threshold", "stays"), [(0.5, False), (0.7, True)])
def test_what_is_below_the_threshold_is_no_rival(threshold, stays):
    logits, picture = scene(*CARS)
    logits[10:20, 4:14] = 0.3
    got = Chooser(wish_of("the car on the left"), threshold).choose(logits, picture)
    assert (got[20, 45] > 0) == stays


def test_where_the_one_chosen_is_gone_the_rest_stands():
    chooser = Chooser(wish_of("the car on the left"))
    chooser.choose(*scene(*CARS))
    logits, picture = scene(CARS[1])
    np.testing.assert_array_equal(chooser.choose(logits, picture), logits)


def test_what_surrounds_a_dropped_piece_goes_with_it():
    """Or refinement would let it grow again."""
    logits, picture = scene(*CARS)
    logits[8:28, 34:58] = np.maximum(logits[8:28, 34:58], -1)
    got = Chooser(wish_of("the car on the left")).choose(logits, picture)
    assert (got[8:28, 34:58] < -5).all()


@given(
    logits=arrays.arrays(np.float32, (12, 16), elements=st.integers(-2, 2).map(float)),
    sentence=st.sampled_from(["the red one on the left", "the bigger one", "the one in front"]),
)
def test_nothing_is_added_and_something_stays(logits, sentence):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
    got = Chooser(wish_of(sentence)).choose(logits, picture)
    assert (got <= logits).all()
    assert ((got > 0).any()) == ((logits > 0).any())


def test_no_wish_changes_nothing():
    logits, picture = scene(*CARS)
    assert Chooser(Wish()).choose(logits, picture) is logits
