"""What the world knows of words: classes, broader classes, plurals, colours.

Small tables written for this project. They serve one purpose: to know whether a noun phrase
could also mean another object in view, so that every sentence names what it should and no more.
"""

from __future__ import annotations

import re
from functools import lru_cache

_GROUPS: dict[tuple[str, ...], str] = {
    ("person",): (
        "man, woman, child, boy, girl, person, people, skateboarder, tennis player, skier, surfer, "
        "baseball player, snowboarder, cyclist, rider, motorcyclist, football player, fireman"
    ),
    ("bird", "animal"): (
        "flamingo, rooster, pigeon, emu, duck, penguin, chicken, hen, owl, crow, peacock, ostrich, "
        "seagull, turkey, vulture, pelican, toucan, magpie, goose, swan, parrot, eagle"
    ),
    ("fish", "animal"): "clownfish, lionfish, butterflyfish, dolphinfish, shark",
    ("insect", "animal"): "butterfly, dragonfly, ant, bee, fly, hornet, mantis, grasshopper",
    ("animal",): (
        "bird, fish, insect, horse, elephant, turtle, sea turtle, bear, deer, monkey, otter, "
        "tiger, dog, cat, cow, scorpion, starfish, tick, crayfish, octopus, platypus, crab, "
        "hedgehog, rhino, zebra, beaver, lobster, okapi, panda, wildcat, giraffe, cougar, "
        "seahorse, goat, dolphin, kangaroo, llama, buffalo, sheep, camel, lion, fox, pig, "
        "rabbit, squirrel, koala, whale, donkey, gorilla, chimpanzee, hippopotamus, frog, bison, "
        "rat, wolf"
    ),
    ("vehicle",): (
        "car, truck, bus, motorcycle, bicycle, train, scooter, airplane, helicopter, ship, boat, "
        "sailboat, sailing ship, tractor, tricycle"
    ),
    ("musical instrument",): "piano, guitar, saxophone, tuba, mandolin, violin, trumpet, drum",
    ("furniture",): (
        "chair, armchair, bench, couch, dining table, bed, lamp, chandelier, potted plant, toilet"
    ),
    ("fruit", "food"): (
        "apple, orange, strawberry, melon, pear, banana, avocado, kiwi, lemon, lime, mango, "
        "watermelon, nectarine, papaya, passion fruit, peach, pineapple, plum, pomegranate, "
        "grapefruit, tomato"
    ),
    ("vegetable", "food"): (
        "pepper, potato, asparagus, eggplant, cabbage, carrot, cucumber, ginger, leek, mushroom, "
        "onion, sweet potato, beet, zucchini, broccoli"
    ),
    ("food",): (
        "fruit, vegetable, pizza, sandwich, hot dog, donut, cake, juice carton, milk carton, "
        "yogurt carton"
    ),
    ("plant",): "bonsai tree, potted plant, sunflower, water lily, tree, flower",
    ("object",): (
        "watch, gun, jug, laptop, umbrella, menorah, camera, headphones, roller skate, ball, "
        "soccer ball, cup, seashell, buddha statue, stapler, scissors, metronome, wrench, "
        "suitcase, ceiling fan, bowl, gramophone, wheelchair, keyboard, barrel, tv, teddy bear, "
        "fork, stop sign, anchor, statue, backpack, glass, fire hydrant, wine glass, microwave, "
        "oven, traffic light, clock, skateboard, book, bottle, jar, parking meter, sink, "
        "refrigerator, handbag, spoon, knife, vase, tie, tennis racket, toothbrush, cell phone, "
        "baseball glove, baseball bat, toaster, frisbee, remote, kite, skis, snowboard, "
        "surfboard, sports ball, hair drier, cannon"
    ),
    ("shape",): "circle, square, triangle, star, cross, ring, heart, diamond",
}

BROADER: dict[str, tuple[str, ...]] = {}
for _broader, _members in _GROUPS.items():
    for _member in _members.split(", "):
        BROADER[_member] = (*BROADER.get(_member, ()), *(b for b in _broader if b != _member))

CATEGORIES: frozenset[str] = frozenset(word for group in _GROUPS for word in group)
"""Broader classes, such as ``animal``, that a sentence may use in place of a class."""

# Sets of classes that people do not tell apart reliably, or of which one picture shows both.
_CONFUSABLE = [
    set(group.split(", "))
    for group in (
        "horse, donkey",
        "ship, boat, sailboat, sailing ship",
        "turtle, sea turtle",
        "cat, wildcat, cougar, tiger, lion",
        "motorcycle, scooter, bicycle, tricycle",
        "skier, snowboarder",
        "cup, jug, bowl, glass, wine glass, jar, vase, bottle",
        "statue, buddha statue",
        "statue, person",
        "statue, man",
        "statue, woman",
        "teddy bear, bear, panda",
        "juice carton, milk carton, yogurt carton",
        "goat, sheep, llama",
        "cow, buffalo, bison",
        "crab, lobster, crayfish, scorpion",
        "armchair, chair, couch, wheelchair, bench",
        "guitar, mandolin, violin",
        "backpack, suitcase, handbag",
        "lemon, lime",
        "orange, grapefruit, nectarine, peach, apple, papaya, mango, plum, pomegranate",
        "bonsai tree, potted plant, tree, flower, sunflower",
        "otter, beaver, platypus, mouse, rat",
        "tuba, saxophone, trumpet",
        "car, truck",
        "soccer ball, ball, sports ball",
        "keyboard, piano, laptop",
        "laptop, tv",
        "deer, okapi, goat",
        "seashell, turtle",
        "microwave, oven, toaster",
        "child, boy, girl",
        "circle, ring",
        "square, diamond",
        "fork, spoon, knife",
        "tick, ant, scorpion",
        "dog, wolf, fox",
        "skateboard, snowboard, surfboard, skis",
        "lamp, chandelier, traffic light",
    )
]
# Cut-outs of these people show their things, too: "bicycle" could mean part of a cyclist.
_CARRIES = {
    # Either may be called a bike, and all three things a board.
    "cyclist": {"bicycle", "motorcycle"},
    "motorcyclist": {"motorcycle", "scooter", "bicycle"},
    "rider": {"horse"},
    "skateboarder": {"skateboard", "surfboard", "snowboard"},
    "surfer": {"skateboard", "surfboard", "snowboard"},
    "skier": {"skis"},
    "snowboarder": {"skateboard", "surfboard", "snowboard"},
    "tennis player": {"tennis racket"},
    "baseball player": {"baseball bat", "baseball glove"},
}
_SEXES = {"man", "woman", "child"}
_ACTORS = {
    "skateboarder", "tennis player", "skier", "surfer", "baseball player", "snowboarder",
    "cyclist", "rider", "motorcyclist", "football player", "fireman",
}  # fmt: skip

_NEAR_COLOURS = [
    {"gray", "grey", "silver"},
    {"white", "cream", "ivory"},
    {"beige", "cream", "tan", "khaki", "golden", "blond", "blonde", "brown"},
    {"brown", "reddish", "chestnut", "maroon", "bronze"},
    {"red", "maroon", "reddish", "crimson", "burgundy"},
    {"orange", "golden", "peach"},
    {"yellow", "golden", "gold"},
    {"blue", "navy", "turquoise", "teal"},
    {"green", "teal", "turquoise", "olive", "khaki"},
    {"purple", "violet", "pink", "lavender"},
    {"black", "dark"},
]
COLOURS: frozenset[str] = frozenset().union(*_NEAR_COLOURS)
_COLOUR_PATTERN = re.compile(r"\b(" + "|".join(sorted(COLOURS, key=len, reverse=True)) + r")\b")

_IRREGULAR = {
    "man": "men", "woman": "women", "child": "children", "person": "people", "people": "people",
    "sheep": "sheep", "fish": "fish", "deer": "deer", "mouse": "mice", "bison": "bison",
    "goose": "geese", "wolf": "wolves", "scissors": "scissors", "headphones": "headphones",
    "knife": "knives", "furniture": "furniture", "food": "food", "fruit": "fruit", "skis": "skis",
    "buffalo": "buffalo", "potato": "potatoes", "tomato": "tomatoes", "mango": "mangoes",
    "sweet potato": "sweet potatoes", "octopus": "octopuses", "starfish": "starfish",
    "crayfish": "crayfish", "clownfish": "clownfish", "lionfish": "lionfish",
}  # fmt: skip


def plural(noun: str) -> str:
    """Return the plural of a class name."""
    first, _, last = noun.rpartition(" ")
    if noun in _IRREGULAR:
        word = _IRREGULAR[noun]
    elif last in _IRREGULAR:
        word = f"{first} {_IRREGULAR[last]}"
    elif re.search(r"(s|x|z|ch|sh)$", noun):
        word = noun + "es"
    elif re.search(r"[^aeiou]y$", noun):
        word = noun[:-1] + "ies"
    else:
        word = noun + "s"
    return word


def is_plural(noun: str) -> bool:
    """Whether a class name is a plural by itself ("people", "scissors"), so takes no "a"."""
    return noun in {"people", "scissors", "headphones", "skis", "furniture", "food", "ginger"}


def with_a(body: str) -> str:
    """Put "a" or "an" before a noun phrase."""
    vowel = body[:1].lower() in "aeiou" and not re.match(r"(?i)(uni|use|eu|one\b)", body)
    return f"{'an' if vowel else 'a'} {body}"


@lru_cache(maxsize=20_000)
def colours(text: str) -> frozenset[str]:
    """Return the colour words of a sentence."""
    return frozenset(_COLOUR_PATTERN.findall(text.lower()))


@lru_cache(maxsize=20_000)
def colours_differ(said: frozenset[str], other: frozenset[str]) -> bool:
    """Whether something described by ``said`` can't be the thing whose caption says ``other``.

    True only where both name colours, and one of ``said`` is like none of ``other``; an object
    whose caption names no colour may have any.
    """
    if not said or not other:
        return False
    return any(not any(_alike(a, b) for b in other) for a in said)


def _alike(a: str, b: str) -> bool:
    return a == b or any(a in group and b in group for group in _NEAR_COLOURS)


def broader(class_name: str) -> tuple[str, ...]:
    """Return the broader classes of a class, nearest first: ``flamingo`` -> bird, animal."""
    return BROADER.get(class_name, ())


@lru_cache(maxsize=100_000)
def could_be(noun: str, class_name: str, class_broader: tuple[str, ...]) -> bool:
    """Whether an object labelled ``class_name`` might be called ``noun``.

    Errs on the side of yes: "person" could be a skier, "skier" could be a person labelled so,
    "bicycle" could be part of a cyclist, and an object of unknown category could be anything
    broad.
    """
    if noun == class_name or noun in class_broader or class_name in broader(noun):
        return True
    if noun in CATEGORIES and not class_broader and class_name not in CATEGORIES:
        return True
    if any(noun in group and class_name in group for group in _CONFUSABLE):
        return True
    if noun in _CARRIES.get(class_name, ()):
        return True
    people = {noun, class_name}
    if all(name == "person" or "person" in broader(name) for name in people):
        return not (people <= _SEXES or people <= _ACTORS)
    return False


def surely_is(noun: str, class_name: str, class_broader: tuple[str, ...]) -> bool:
    """Whether an object labelled ``class_name`` may safely be called ``noun``."""
    return noun == class_name or noun in class_broader
