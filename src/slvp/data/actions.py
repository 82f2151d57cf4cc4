"""Verbs by class: what a thing is said to do when it moves, and when it stands still."""

from __future__ import annotations

import re

import numpy as np

_MOVING: dict[str, str] = {
    "person": "walking, walking, walking, moving, running, going",
    "skateboarder": "skateboarding, skating, riding, moving, rolling",
    "skier": "skiing, sliding, moving, gliding",
    "snowboarder": "snowboarding, sliding, moving, gliding",
    "surfer": "surfing, moving, gliding",
    "cyclist": "riding, cycling, riding a bike, moving",
    "motorcyclist": "riding, driving, riding a motorbike, moving",
    "rider": "riding, moving, riding a horse",
    "tennis player": "running, walking, moving",
    "baseball player": "running, walking, moving",
    "football player": "running, walking, moving",
    "animal": "walking, walking, moving, running, going",
    "horse": "walking, trotting, running, moving, galloping",
    "dog": "walking, running, moving, trotting",
    "kangaroo": "hopping, jumping, moving",
    "rabbit": "hopping, running, moving",
    "frog": "hopping, jumping, moving",
    "fish": "swimming, swimming, moving",
    "swimmer": "swimming, swimming, moving",
    "turtle": "moving, crawling, swimming, walking",
    "crawler": "crawling, crawling, moving, walking",
    "flyer": "flying, flying, moving",
    "aircraft": "flying, flying, moving",
    "vehicle": "driving, driving, moving, going, rolling",
    "bicycle": "rolling, moving, going",
    "train": "moving, going, driving, rolling",
    "vessel": "sailing, sailing, moving, floating, cruising",
    "ball": "rolling, moving, bouncing",
    "thing": "moving, moving, sliding, gliding, drifting",
}

_RESTING: dict[str, str] = {
    "person": "standing, standing still, standing, not moving, staying in place",
    "animal": "standing, standing still, not moving, staying in place, resting",
    "vehicle": "parked, standing, not moving, standing still, stopped, parked",
    "thing": "not moving, staying in place, standing still",
    "low": "not moving, staying in place, keeping still",
}

# Which verbs a class takes that its broader classes would get wrong.
_KINDS: dict[str, str] = {
    "swimmer": (
        "sea turtle, dolphin, whale, octopus, seahorse, shark, clownfish, lionfish, "
        "butterflyfish, dolphinfish"
    ),
    "crawler": (
        "crab, lobster, crayfish, scorpion, ant, tick, bee, hornet, mantis, grasshopper, hedgehog, "
        "starfish"
    ),
    "flyer": "pigeon, seagull, crow, eagle, parrot, magpie, vulture, butterfly, dragonfly, fly",
    "aircraft": "airplane, helicopter, kite, frisbee",
    "vessel": "boat, ship, sailboat, sailing ship",
    "ball": "ball, soccer ball, sports ball",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split(", ")}
_LOW = frozenset({"swimmer", "crawler", "fish", "vessel", "flyer", "turtle", "insect"})

ACTS = re.compile(
    r"\b(?!(?:ceiling|dining|parking|sailing|clothing|king|ring|wing|string|evening|building)\b)"
    r"\w{2,}ing\b|\bmid-air\b|\bupside down\b|\bhead down\b"
)
"""Says what someone does, so that no verb should follow."""

DANCING = ("dancing", "dancing", "moving from side to side", "swaying", "dancing on the spot")


def _verbs(table: dict[str, str], class_name: str, broader: tuple[str, ...]) -> list[str]:
    names = (class_name, _KIND_OF.get(class_name, ""), *broader, "thing")
    return table[next(name for name in names if name in table)].split(", ")


def moving(class_name: str, broader: tuple[str, ...]) -> list[str]:
    """Return what a moving thing of a class does, frequent verbs more than once."""
    return _verbs(_MOVING, class_name, broader)


def resting(class_name: str, broader: tuple[str, ...]) -> list[str]:
    """Return what a thing of a class does that doesn't move."""
    low = _LOW & {_KIND_OF.get(class_name, class_name), *broader}
    return _verbs(_RESTING, "low" if low else class_name, () if low else broader)


def acts(body: str) -> bool:
    """Whether a noun phrase already says what its object does: "man sitting"."""
    return bool(ACTS.search(body))


def choose(rng: np.random.Generator, verbs: list[str]) -> str:
    """Choose one."""
    return verbs[int(rng.integers(len(verbs)))]
