import doctest

import pytest

from slvp.segmenter import wishes
from slvp.segmenter.wishes import Wish, wish_of

LEFT, RIGHT, UP, DOWN = (-1, 0), (1, 0), (0, -1), (0, 1)


def test_examples():
    assert doctest.testmod(wishes).failed == 0


@pytest.mark.parametrize(
    ("sentence", "side"),
    [
        ("the car on the left", LEFT),
        ("Car on the left side.", LEFT),
        ("the man at the far right of the picture", RIGHT),
        ("the right horse", RIGHT),
        ("the left-most player", LEFT),
        ("a person standing to the right", RIGHT),
        ("the bird at the top", UP),
        ("a boat in the background", UP),
        ("the woman in front", DOWN),
        ("the sheep nearest to the camera", DOWN),
        ("the cyclist on the right riding a red bike", RIGHT),
    ],
)
def test_places(sentence, side):
    assert (wish_of(sentence).side, wish_of(sentence).colours) == (side, ())


@pytest.mark.parametrize(
    "sentence",
    [
        "a brown",
        "a woman walking to the right",
        "a car that turns to the left",
        "the left hand of a man",
        "the dog on the left of the cat",
        "the dog next to the car on the left",
        "the man in front of the house",
        "the cow nearest to the fence",
        "a man who is riding a red bike",
        "a man riding a red bike",
        "a bottle with a red cap",
        "a girl left of the black dog",
    ],
)
def test_what_is_said_of_motion_parts_or_other_things_is_no_wish(sentence):
    assert not wish_of(sentence).side[0]
    assert wish_of(sentence).colours in ((), ("brown",))
    assert not wish_of(sentence).side[1]


def test_colours_sizes_and_the_middle():
    assert wish_of("the black and white dog").colours == ("black", "white")
    assert wish_of("a man in a red shirt near a blue car").colours == ("red",)
    assert wish_of("the biggest elephant").size == 1
    assert wish_of("the smaller of the blue balls") == Wish(size=-1)
    assert wish_of("the dancer in the middle").middle
    both = wish_of("the larger red car on the left")
    assert both == Wish(colours=("red",), size=1, side=LEFT)


@pytest.mark.parametrize(
    ("sentence", "moves", "heading"),
    [
        ("a woman walking to the right", 1, RIGHT),
        ("a car that turns left", 0, (0, 0)),  # not known to be about the car
        ("the car driving from left to right", 1, RIGHT),
        ("the bird flying up", 1, UP),
        ("a dog running towards the left side", 1, LEFT),
        ("the bus heading leftwards", 1, LEFT),
        ("a dog running through the grass", 1, (0, 0)),
        ("the man standing on the left", -1, (0, 0)),
        ("the parked car", -1, (0, 0)),
        ("the sheep that is not moving", 0, (0, 0)),
        ("a man behind a dog running to the left", 0, (0, 0)),
        ("a girl sitting to the right", -1, (0, 0)),
    ],
)
def test_motion(sentence, moves, heading):
    assert (wish_of(sentence).moves, wish_of(sentence).heading) == (moves, heading)


def test_a_sentence_that_says_nothing_of_the_kind():
    assert wish_of("a dog with a ball").nothing
    assert wish_of("").nothing
