from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.visor.annotations import Annotation, Hand
from slvp.data.visor.naming import KINDS, name_objects

Frame = list[Annotation]


def mask(
    name: str,
    x: float = 500,
    y: float = 500,
    *,
    key: str = "",
    others: bool = False,
    touches: str = "",
    worn_on: tuple[Hand, ...] = (),
) -> Annotation:
    square_N2 = np.array([[x - 50, y - 50], [x + 50, y - 50], [x + 50, y + 50], [x - 50, y + 50]])
    return Annotation(
        key or f"{name} {x} {y}", name, (square_N2,), others, touches, frozenset(worn_on)
    )


def said(*frames: Frame) -> dict[str, str | None]:
    """Return sentences and their kinds; objects without a sentence as "name: reason"."""
    return {one.text or f"{one.name}: {one.kept_out}": one.kind for one in name_objects(frames)}


def test_a_name_that_stands_once_in_each_frame_is_enough() -> None:
    assert said([mask("knife"), mask("left hand")], [mask("left hand")]) == {
        "the knife": "name",
        "the left hand": "name",
    }


def test_objects_are_sorted_and_know_their_masks() -> None:
    objects = name_objects([[mask("plate"), mask("bowl")], [], [mask("bowl")]])
    assert [one.name for one in objects] == ["bowl", "plate"]
    assert objects[0].members == ({1}, set(), {0})
    assert objects[1].members == ({0}, set(), set())


KNIVES = [mask("knife", 500, key="a"), mask("knife", 1200, key="b")]
LEFT, RIGHT = mask("left hand", touches="a"), mask("right hand", touches="b")


def test_the_hand_that_touches_tells_two_apart() -> None:
    frames = [[*KNIVES, LEFT, RIGHT], [*KNIVES[::-1], LEFT, RIGHT]]
    assert said(*frames) == {
        "the knife touched by the left hand": "hand",
        "the knife touched by the right hand": "hand",
        "the left hand": "name",
        "the right hand": "name",
    }
    left_knife = name_objects(frames)[0]
    assert left_knife.members == ({0}, {1})


def test_the_other_one_is_told_apart_by_its_side_if_it_keeps_it() -> None:
    assert said([*KNIVES, LEFT], [*KNIVES, LEFT]) == {
        "the knife touched by the left hand": "hand",
        "the knife on the right": "side",
        "the left hand": "name",
    }


def test_a_relation_must_hold_wherever_the_name_is() -> None:
    lets_go = mask("left hand", touches="hand-not-in-contact")
    found = said([*KNIVES, LEFT], [*KNIVES, lets_go])
    assert "the knife touched by the left hand" not in found
    assert "the knife on the left" in found
    found = said([*KNIVES, LEFT, RIGHT], [KNIVES[0], LEFT])
    assert "the knife touched by the left hand" in found
    assert "knife: repeated" in found
    assert said([*KNIVES, LEFT], [LEFT])["the knife touched by the left hand"] == "hand"


def test_both_hands_and_gloves_touch() -> None:
    pans = [mask("pan", 500, key="a"), mask("pan", 600, key="b")]
    glove = mask("glove", touches="a", worn_on=("left",), key="glove")
    in_glove = mask("left hand", touches="glove")
    found = said([*pans, glove, in_glove, mask("right hand", touches="a")])
    assert found["the pan touched by both hands"] == "hand"
    assert found["pan: repeated"] is None
    assert found["the glove"] == "name"


def test_worn_gloves_are_told_apart_by_the_hand_that_wears_them() -> None:
    gloves = [mask("glove", 500, worn_on=("left",)), mask("glove", 510, worn_on=("right",))]
    assert said(gloves) == {
        "the glove on the left hand": "hand",
        "the glove on the right hand": "hand",
    }


def test_hands_are_told_apart_by_what_they_touch() -> None:
    mine, theirs = mask("right hand", 500, touches="lid"), mask("right hand", 510, touches="jar")
    found = said([mine, theirs, mask("lid", key="lid"), mask("jar", key="jar")])
    assert found["the right hand touching the jar"] == "contact"
    assert found["the right hand touching the lid"] == "contact"


@pytest.mark.parametrize(
    ("xs", "sentences"),
    [
        ((200, 1500), ["the cup on the left", "the cup on the right"]),
        ((1500, 200), ["the cup on the left", "the cup on the right"]),
        (
            (200, 800, 1500),
            ["the cup in the middle", "the cup on the left", "the cup on the right"],
        ),
        ((200, 391), ["cup: repeated"]),
        ((200, 392), ["the cup on the left", "the cup on the right"]),
        ((200, 800, 900), ["cup: repeated"]),
        ((200, 600, 1000, 1400), ["cup: repeated"]),
    ],
)
def test_sides(xs: tuple[float, ...], sentences: list[str]) -> None:
    assert list(said([mask("cup", x) for x in xs])) == sentences


def test_left_is_left_in_every_frame() -> None:
    frames = [[mask("cup", 200), mask("cup", 900)], [mask("cup", 1600), mask("cup", 800)]]
    left, right = name_objects(frames)
    assert (left.text, left.members) == ("the cup on the left", ({0}, {1}))
    assert (right.text, right.members) == ("the cup on the right", ({1}, {0}))


@pytest.mark.parametrize(
    "second",
    [
        [mask("cup", 200)],  # which of the two is it?
        [mask("cup", 200), mask("cup", 900), mask("cup", 1500)],
        [mask("cup", 200), mask("cup", 250)],
        [mask("cup", 200, 950), mask("cup", 500, 100)],  # seems to have changed places
    ],
)
def test_sides_that_may_have_changed_are_not_used(second: Frame) -> None:
    first = [mask("cup", 200, 100), mask("cup", 500, 950)]
    assert said(first, second) == {"cup: repeated": None}
    assert said(first, []) == {"the cup on the left": "side", "the cup on the right": "side"}


def test_things_that_are_not_segmented_make_a_name_ambiguous() -> None:
    assert said([mask("cup", others=True)]) == {"cup: others unsegmented": None}
    assert said([mask("cup")], [mask("cup", others=True)]) == {"cup: others unsegmented": None}
    two = [mask("cup", 200, others=True), mask("cup", 1500)]
    assert said(two) == {"cup: repeated": None}, "a third may be further left"
    held = [mask("cup", others=True, key="a"), mask("left hand", touches="a")]
    assert said(held)["the cup touched by the left hand"] == "hand"


@st.composite
def subsequences(draw: st.DrawFn) -> list[Frame]:
    def frame() -> Iterator[Annotation]:
        for index in range(draw(st.integers(0, 6))):
            yield mask(
                draw(st.sampled_from(["cup", "glove", "left hand", "right hand"])),
                draw(st.sampled_from([100, 200, 700, 1500])),
                key=str(index),
                others=draw(st.booleans()) and draw(st.booleans()),
                touches=draw(st.sampled_from(["", "0", "1", "2", "hand-not-in-contact"])),
                worn_on=draw(st.sampled_from([(), (), ("left",), ("left", "right")])),
            )

    return [list(frame()) for _ in range(draw(st.integers(1, 3)))]


@given(subsequences())
def test_every_mask_is_in_one_object_and_sentences_are_unique(frames: list[Frame]) -> None:
    objects = name_objects(frames)
    for t, frame in enumerate(frames):
        assert sorted(index for one in objects for index in one.members[t]) == [*range(len(frame))]
        for one in objects:
            of_name = [index for index, other in enumerate(frame) if other.name == one.name]
            assert all(frame[index].name == one.name for index in one.members[t])
            if one.text:
                assert len(one.members[t]) == bool(of_name)
    sentences = [one.text for one in objects if one.text]
    assert len(set(sentences)) == len(sentences)
    assert all((one.kind in KINDS) == bool(one.text) != bool(one.kept_out) for one in objects)
    assert [(one.name, one.text) for one in objects] == sorted((o.name, o.text) for o in objects)
