"""Noun phrases: other words for the same thing stay true of it, and know what else they mean."""

from __future__ import annotations

import re

import numpy as np
import pytest

from slvp.data import actions, synonyms, vocabulary
from slvp.data.colour_naming import Look
from slvp.data.phrases import Phrase, phrases, unplaced, without_posture

CAPTIONS = {
    "woman": "a woman in a black dress and a white hat",
    "dog": "a brown dog lying down",
    "tennis player": "a man in a blue shirt and white shorts serving in tennis",
    "cow": "a brown calf standing",
    "motorcycle": "a red motorcycle",
}


def _said(class_name: str, times: int = 80) -> list[Phrase]:
    rng = np.random.default_rng(0)
    sighting = unplaced(class_name, CAPTIONS[class_name])
    return [phrase for _ in range(times) for phrase in phrases(rng, sighting)]


@pytest.mark.parametrize("class_name", CAPTIONS)
def test_every_phrase_could_mean_its_object(class_name: str) -> None:
    sighting = unplaced(class_name, CAPTIONS[class_name])
    assert all(phrase.could_mean(sighting) for phrase in _said(class_name))


@pytest.mark.parametrize("class_name", CAPTIONS)
def test_no_phrase_names_a_colour_that_the_caption_does_not(class_name: str) -> None:
    colours = vocabulary.colours(CAPTIONS[class_name])
    assert all(phrase.colours <= colours for phrase in _said(class_name))
    assert all(phrase.colours == vocabulary.colours(phrase.body) for phrase in _said(class_name))


def test_many_ways_to_say_one_thing() -> None:
    bodies = {phrase.body for phrase in _said("woman")}
    assert len(bodies) > 25
    assert {"person", "woman"} <= bodies
    assert any(body.startswith(("lady ", "female ")) for body in bodies)
    assert any("wearing" in body for body in bodies)


def test_broader_words_could_mean_whatever_is_of_that_kind() -> None:
    cow = unplaced("cow")
    animals = [phrase for phrase in _said("dog") if re.search("animal|creature", phrase.body)]
    assert len(animals) > 20
    # "the brown animal" could be a cow of unknown colour; "the dog" could not.
    assert all(phrase.could_mean(cow) for phrase in animals)
    assert not Phrase("dog", "dog", frozenset()).could_mean(cow)


def test_a_measured_colour_is_said_and_others_are_not_possible() -> None:
    red = Look("red", frozenset({"red", "maroon", "black"}))
    car = unplaced("car", look=red)
    bodies = {p.body for _ in range(9) for p in phrases(np.random.default_rng(1), car)}
    assert any(body.startswith("red ") for body in bodies)
    assert not Phrase("blue car", "car", frozenset({"blue"})).could_mean(car)
    assert Phrase("black car", "car", frozenset({"black"})).could_mean(car)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("cow walking", "cow"),
        ("man in a blue shirt sitting, seen from behind", "man in a blue shirt"),
        ("baby in white clothes sitting and eating", "baby in white clothes"),
        ("person in a white snow suit in mid-air", "person in a white snow suit"),
        ("rider on a rearing black horse", "rider on a rearing black horse"),
        ("dining table", "dining table"),
        ("sailing ship", "sailing ship"),
        ("ceiling fan", "ceiling fan"),
        ("zebra with its head down", "zebra"),
    ],
)
def test_postures_are_dropped(body: str, expected: str) -> None:
    assert without_posture(body) == expected


def test_what_acts() -> None:
    assert actions.acts("man sitting") and actions.acts("dog with its head down")
    assert not actions.acts("dining table") and not actions.acts("woman with a ring")


def test_verbs_fit_the_class() -> None:
    def moving(name: str) -> set[str]:
        return set(actions.moving(name, vocabulary.broader(name)))

    assert "flying" in moving("pigeon") and "flying" not in moving("flamingo")
    assert "walking" in moving("dog") and "walking" not in moving("car")
    assert "driving" in moving("bus") and "driving" not in moving("boat")
    assert "parked" in actions.resting("car", vocabulary.broader("car"))
    assert "parked" not in actions.resting("boat", vocabulary.broader("boat"))
    assert not {"standing"} & set(actions.resting("crab", vocabulary.broader("crab")))


def test_articles_fit_other_clothes() -> None:
    rng = np.random.default_rng(0)
    texts = {synonyms.other_clothes(rng, "a coat and a uniform") for _ in range(60)}
    assert texts == {"a coat and a uniform", "an overcoat and a uniform"}


def test_other_names_know_what_they_could_mean() -> None:
    known = vocabulary.BROADER.keys() | vocabulary.CATEGORIES | synonyms.NAMES.keys()
    assert all(noun in known for others in synonyms.NAMES.values() for _, noun in others)
    assert set(synonyms.SPOKEN) <= vocabulary.CATEGORIES
