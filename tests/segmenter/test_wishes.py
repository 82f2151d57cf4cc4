import doctest

import pytest

from slvp.segmenter import wishes
from slvp.segmenter.wishes import Wish, wish_of

LEFT, RIGHT, UP, DOWN, NOWHERE = (-1, 0), (1, 0), (0, -1), (0, 1), (0, 0)


def test_examples():
    assert doctest.testmod(wishes).failed == 0


@pytest.mark.parametrize(
    ("sentence", "side"),
    [
        ("the car on the left", LEFT),
        ("Car on the left side.", LEFT),
        ("the man on the right-hand side of the screen", RIGHT),
        ("the man at the far right of the picture", RIGHT),
        ("the right horse", RIGHT),
        ("the left-most player", LEFT),
        ("the player that is leftmost", NOWHERE),
        ("a person standing to the right", RIGHT),
        ("the car to the left", LEFT),
        ("the bird at the top", UP),
        ("the bird in the bottom left corner", (-1, 1)),
        ("the upper right window", (1, -1)),
        ("the cyclist on the right riding a red bike", RIGHT),
        ("a man walking on the left", LEFT),
        ("the person on the left in a red shirt", LEFT),
    ],
)
def test_places(sentence, side):
    assert wish_of(sentence).side == side


@pytest.mark.parametrize(
    "sentence",
    [
        "a woman walking to the right",
        "a man walking away to the left",
        "a woman walking her dog to the right",
        "a giraffe looking to the left",
        "a car that turns to the left",
        "the left hand of a man",
        "the left door of the car",
        "a right-handed player",
        "a middle-aged man",
        "a car in the left lane",
        "a man standing on the left leg",
        "a cat on the left side of the couch",
        "the dog on the left of the cat",
        "the dog next to the car on the left",
        "the second zebra on the left",
        "the other dog on the left",
        "the furthest left horse",
        "a girl left of the black dog",
        "people on the left and right",
    ],
)
def test_no_place_in_the_picture(sentence):
    assert wish_of(sentence).side == NOWHERE
    assert not wish_of(sentence).middle


@pytest.mark.parametrize(
    ("sentence", "colours"),
    [
        ("a brown dog", ("brown",)),
        ("the black and white cow", ("black", "white")),
        ("a man in a red shirt near a blue car", ("red",)),
        ("the woman in white", ("white",)),
        ("the girl wearing a blue and yellow dress", ("blue", "yellow")),
        ("a man in a red car", ()),
        ("a man on a white horse", ()),
        ("a cat laying on a red couch", ()),
        ("a dog catching a yellow frisbee", ()),
        ("a duck swimming in blue water", ()),
        ("a bottle with a red cap", ()),
        ("a man riding a red bike", ()),
        ("a black woman", ()),
        ("a white horse", ("white",)),
        ("the smaller of the blue balls", ()),
    ],
)
def test_colours(sentence, colours):
    assert wish_of(sentence).colours == colours


@pytest.mark.parametrize(
    ("sentence", "moves", "heading"),
    [
        ("a woman walking to the right", 1, RIGHT),
        ("the car driving from left to right", 1, RIGHT),
        ("a bear moving right to left", 1, LEFT),
        ("the bird flying up", 1, UP),
        ("a dog running towards the left side", 1, LEFT),
        ("the bus heading leftwards", 1, LEFT),
        ("a dog running through the grass", 1, NOWHERE),
        ("a bear walking right behind another bear", 1, NOWHERE),
        ("a car driving down the street", 1, NOWHERE),
        ("a fish swimming up and down", 1, NOWHERE),
        ("a giraffe looking left", 0, NOWHERE),
        ("a man looking down", 0, NOWHERE),
        ("a boy holding up a sign", 0, NOWHERE),
        ("a person not walking", 0, NOWHERE),
        ("a person sitting on a camel", 0, NOWHERE),
        ("a bird standing on a branch and flying away", 1, NOWHERE),
        ("the man standing on the left", -1, NOWHERE),
        ("the parked car", -1, NOWHERE),
        ("a man behind a dog running to the left", 0, NOWHERE),
        ("a girl sitting to the right", -1, NOWHERE),
    ],
)
def test_motion(sentence, moves, heading):
    assert (wish_of(sentence).moves, wish_of(sentence).heading) == (moves, heading)


@pytest.mark.parametrize(
    ("sentence", "nearer"),
    [
        ("the woman in front", 1),
        ("the sheep nearest to the camera", 1),
        ("a boat in the background", -1),
        ("the dog farthest away from the cat", 0),
        ("the man in front of the house", 0),
        ("the cow nearest to the fence", 0),
        ("the horse running in front", 0),
    ],
)
def test_depth(sentence, nearer):
    assert wish_of(sentence).nearer == nearer


def test_sizes_and_the_middle():
    assert wish_of("the biggest elephant") == Wish(size=1)
    assert wish_of("the smaller of the blue balls") == Wish(size=-1)
    assert wish_of("a cat looking at a bigger cat").nothing
    assert wish_of("the dancer in the middle") == Wish(middle=True)
    both = wish_of("the larger red car on the left")
    assert both == Wish(colours=("red",), size=1, side=LEFT)


def test_a_sentence_that_says_nothing_of_the_kind():
    assert wish_of("a dog with a ball").nothing
    assert wish_of("").nothing
