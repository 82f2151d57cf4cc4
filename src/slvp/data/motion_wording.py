"""Words for motion in the scene, camera motion aside: for expressions and for captions."""

from __future__ import annotations

import re

import numpy as np

from slvp.data import actions
from slvp.data.phrases import Phrase, Sighting, article, without_posture
from slvp.data.scene import Scene, Sentence

STIRS = 0.02  # of the frame's width over the clip: motion that a caption mentions
MOVES = 0.07  # of the frame's width over the clip: motion that anyone sees
RESTS = 0.015  # motion that nobody sees


def direction(sighting: Sighting) -> str:
    """Return "left", "right", "up", "down", "still" or "" (nothing that can be said clearly)."""
    if len(sighting.drift_T2) < 2 or sighting.dances:
        return ""
    dx, dy = sighting.drift_T2[-1]
    steps_T2 = np.diff(sighting.drift_T2, axis=0)
    if np.abs(sighting.drift_T2).max() < RESTS and abs(np.log(sighting.growth)) < 0.03:
        return "still"
    axis = 0 if abs(dx) > abs(dy) else 1
    main, other = (dx, dy) if axis == 0 else (dy, dx)
    steady = bool((steps_T2[:, axis] * np.sign(main) > -0.004).all())
    if abs(main) < MOVES or abs(main) < 1.7 * abs(other) or not steady:
        return ""
    return ("left", "right", "up", "down")[2 * axis + int(main > 0)]


def heading(sighting: Sighting) -> str:
    """Return "left", "up", "up left" and so on, "still" or "" (too little to be told).

    For captions, which needn't tell one object from another: all that visibly moves is named, so
    that little flow is left that no caption explains.
    """
    if len(sighting.drift_T2) < 2:
        return ""
    dx, dy = sighting.drift_T2[-1]
    if np.abs(sighting.drift_T2).max() < RESTS:
        return "still"
    if np.hypot(dx, dy) < STIRS:
        return ""
    upright, sideways = ("down" if dy > 0 else "up"), ("right" if dx > 0 else "left")
    if min(abs(dx), abs(dy)) > 0.5 * max(abs(dx), abs(dy)):
        return f"{upright} {sideways}"
    return sideways if abs(dx) > abs(dy) else upright


def _moves_towards(sighting: Sighting, way: str) -> bool:
    """Whether any part of the motion could be taken for motion towards ``way``."""
    axis, sign = (0 if way in ("left", "right") else 1), (1 if way in ("right", "down") else -1)
    return bool((sighting.drift_T2[:, axis] * sign).max() > RESTS)


# Postures that a caption may name in which one can get along: "a man running".
_GETS_ALONG = re.compile(
    r"\b(walking|running|skateboarding|skating|riding|surfing|flying|skiing|snowboarding|rowing)\b"
)


def _verbs(sighting: Sighting) -> list[str]:
    """What a moving object does; nothing that the posture in its caption would belie."""
    said = _GETS_ALONG.search(sighting.caption)
    if said:
        return [said[1], said[1], "moving"]
    if actions.acts(sighting.caption):
        return ["moving", "going", "moving"]
    return actions.moving(sighting.class_name, sighting.broader)


def motion_clauses(rng: np.random.Generator, sighting: Sighting, way: str) -> list[str]:
    """Ways to say where an object goes, such as "walking to the left"; for a way of heading()."""
    if way in ("left", "right"):
        ends = [f"to the {way}", way, f"towards the {way}", f"to the {way} side", f"{way}wards"]
        ends += [f"from {'right to left' if way == 'left' else 'left to right'}"]
        verbs = [*_verbs(sighting), "moving", "heading"]
    else:
        verbs = ["moving", "going", "moving", "heading"]
        if " " in way:
            upright, sideways = way.split()
            ends = [f"{upright} and to the {sideways}", f"{upright} and {sideways}"]
            ends += [f"{upright}wards and to the {sideways}", f"to the {sideways} and {upright}"]
        else:
            ends = [way, f"{way}wards", "upward" if way == "up" else "downward"]
    verb = actions.choose(rng, verbs)
    return [f"{verb} {end}" for end in ends]


def action(rng: np.random.Generator, sighting: Sighting, *, directed: bool) -> str:
    """What an object does, to be said beside what tells it apart; "" where nothing can be said.

    ``directed`` may say where it goes, too.
    """
    if sighting.moves is None or actions.acts(sighting.caption):
        return ""
    if sighting.dances:
        return actions.choose(rng, list(actions.DANCING))
    way = direction(sighting)
    if sighting.moves and way != "still":
        if directed and way in ("left", "right") and rng.random() < 0.4:
            clauses = motion_clauses(rng, sighting, way)
            return clauses[int(rng.integers(len(clauses)))]
        return actions.choose(rng, [verb for verb in _verbs(sighting) if verb != "going"])
    verbs = actions.resting(sighting.class_name, sighting.broader)
    return "" if sighting.growth != 1 else actions.choose(rng, verbs)


_STILL = ("not moving", "that does not move", "that stays still", "keeping still")
_CLOSER = ("coming closer", "getting closer", "approaching the camera", "moving towards the camera")
_AWAY = ("moving away", "moving away from the camera", "getting farther away")


def _stirs(sighting: Sighting) -> bool:
    """Whether anyone sees it move at all."""
    return bool(np.abs(sighting.drift_T2).max() > RESTS or abs(np.log(sighting.growth)) > 0.05)


def by_motion(
    rng: np.random.Generator,
    target: Sighting,
    phrase: Phrase,
    rivals: list[Sighting],
    scene: Scene,
) -> list[Sentence]:
    """Ways to tell a target from its rivals by its motion; a maker of slvp.data.wording."""
    if " that is " in phrase.body:  # "dog that is white running"
        return []
    way = direction(target)
    clauses: list[str] = []
    if way == "still":
        if all(direction(r) in ("left", "right", "up", "down") or r.dances for r in rivals):
            clauses += _STILL
            if target.moves is not None and not actions.acts(target.caption):
                clauses += actions.resting(target.class_name, target.broader)
    elif way and not any(_moves_towards(r, way) for r in rivals):
        clauses += motion_clauses(rng, target, way)
    if len(target.drift_T2) > 1 and rivals and not any(map(_stirs, rivals)):
        if target.dances and np.abs(target.drift_T2).max() > STIRS:
            clauses += [*actions.DANCING, "moving", "that is moving"] * 2
        elif np.abs(target.drift_T2).max() > MOVES:
            verb = actions.choose(rng, [verb for verb in _verbs(target) if verb != "going"])
            clauses += [verb, verb, verb, f"that is {verb}", "that is moving", "that moves"]
    if target.growth > 1.22 and all(r.growth < 1.05 for r in rivals):
        clauses += _CLOSER
    elif target.growth < 0.82 and all(r.growth > 0.95 for r in rivals):
        clauses += _AWAY
    clauses += _entering(target, rivals)
    start = article(rng, phrase, without_posture(phrase.body))
    return [Sentence(start, clause) for clause in clauses]


def _entering(target: Sighting, rivals: list[Sighting]) -> list[str]:
    """Coming into view or leaving it, over the left or the right border."""
    clauses = []
    for index, away, words in (
        (0, -1, ("entering from the {}", "coming in from the {}", "coming into view from the {}")),
        (-1, 0, ("leaving to the {}", "leaving the picture on the {}", "going out of view")),
    ):
        outside, inside = target.visible_T[index], target.visible_T[away]
        x = target.whole_centres_T2[index, 0]
        others_too = any(abs(r.visible_T[0] - r.visible_T[-1]) > 0.15 for r in rivals)
        if outside < 0.15 and inside > 0.5 and not others_too and not 0 < x < 1:
            clauses += [word.format("left" if x <= 0 else "right") for word in words]
    return clauses
