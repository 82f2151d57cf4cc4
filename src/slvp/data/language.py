"""Referring expressions and captions for a clip of the world.

Every expression is checked against all pasted objects: it is only said where it describes exactly
the objects that it names. Words for motion speak of motion in the scene, camera motion aside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from slvp.data import actions, synonyms, vocabulary
from slvp.data.motion_wording import action, heading, motion_clauses
from slvp.data.phrases import (
    Phrase,
    Sighting,
    article,
    phrases,
    unique_phrase,
    unplaced,
    without_posture,
)
from slvp.data.pictures import Cutout
from slvp.data.scene import Scene, Sentence
from slvp.data.wording import MAKERS, SIDES, side_of_frame
from slvp.types import Expression

_SIDEWAYS = re.compile(r"left|right")
_PHRASES = 2  # of a target, with which a kind of sentence is tried
_ACTS = 0.4  # chance that a sentence says what its object does, if it may
_SIDE = 0.1  # chance that it says on which side it is, though that isn't needed


def _about(
    rng: np.random.Generator,
    target: Sighting,
    scene: Scene,
    kinds: Sequence[str],
    at_most: int,
) -> list[Expression]:
    """Write expressions of kinds that fit ``target``, drawn by how often each is preferred."""
    known = [(phrase, scene.rivals(phrase, target)) for phrase in phrases(rng, target)]
    # Who may be meant, but nobody knows where it is, can't be told from the target.
    known = [(phrase, rivals) for phrase, rivals in known if all(r.placed for r in rivals)]
    weights = {kind: MAKERS[kind][0] for kind in kinds}
    made: dict[str, list[Sentence]] = {}
    found: dict[str, Expression] = {}
    for _ in range(at_most):
        while weights:
            kind = _draw(rng, weights)
            if kind not in made:
                made[kind] = _sentences(rng, target, kind, known, scene)
            if made[kind]:
                said = made[kind][int(rng.integers(len(made[kind])))]
                text = _with_extras(rng, said, kind, target)
                found[text] = Expression(text, (target.object_id,), kind)
                break
            del weights[kind]
    return list(found.values())


def _draw(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """Draw a key by its weight."""
    return min(weights, key=lambda key: rng.exponential(1 / weights[key]))


def _sentences(
    rng: np.random.Generator,
    target: Sighting,
    kind: str,
    known: list[tuple[Phrase, list[Sighting]]],
    scene: Scene,
) -> list[Sentence]:
    """One sentence of a kind for each of the first phrases that it can be written with."""
    written: list[Sentence] = []
    for phrase, rivals in known:
        made = MAKERS[kind][1](rng, target, phrase, rivals, scene)
        if made:
            written.append(made[int(rng.integers(len(made)))])
        if len(written) == _PHRASES:
            break
    return written


def _with_extras(rng: np.random.Generator, said: Sentence, kind: str, target: Sighting) -> str:
    """Add what is true of the target but isn't needed to tell it apart, as people do."""
    extras = []
    acts = kind == "motion" or actions.acts(said.start) or " that is " in said.start
    # "The dog walking to the left" must not be said of a dog to the left.
    acts |= said.end.startswith("to the ")
    if not acts and target.singular and rng.random() < _ACTS:
        sideless = not _SIDEWAYS.search(f"{said.start} {said.end}")
        extras.append(action(rng, target, directed=sideless))
    text = " ".join(part for part in (said.start, *extras, said.end) if part)
    sideless = kind not in ("place", "relation") and not _SIDEWAYS.search(text)
    if sideless and rng.random() < _SIDE:
        for side, low, high in (("left", 0.0, 0.35), ("right", 0.65, 1.0)):
            if side_of_frame(target, 0, low, high):
                text += f" {SIDES[side][int(rng.integers(2))]}"
    return text


def _several(rng: np.random.Generator, everyone: list[Sighting]) -> Expression | None:
    """An expression for all objects of a class: "the two dogs", "all people"."""
    options = []
    names = {name for s in everyone for name in (s.class_name, *s.broader)}
    for name in sorted(names - (vocabulary.CATEGORIES - synonyms.SPOKEN.keys())):
        sure = [s for s in everyone if vocabulary.surely_is(name, s.class_name, s.broader)]
        unsure = [s for s in everyone if vocabulary.could_be(name, s.class_name, s.broader)]
        single = all(s.singular and s.placed for s in sure)
        enough = sum(s.referable for s in sure) >= 2
        if len(sure) == len(unsure) and len(sure) >= 2 and enough and single:
            many = vocabulary.plural(name)
            number = {2: "two", 3: "three", 4: "four"}.get(len(sure), "all")
            texts = [f"the {many}", many, f"all {many}", f"all the {many}", f"{number} {many}"]
            texts += [f"both {many}", f"a pair of {many}"] if len(sure) == 2 else []
            texts += [f"a group of {many}"] if len(sure) > 2 else []
            text = texts[int(rng.integers(len(texts)))]
            options.append(Expression(text, tuple(s.object_id for s in sure), "several"))
    return options[int(rng.integers(len(options)))] if options else None


def _absent(
    rng: np.random.Generator, everyone: list[Sighting], candidates: Sequence[Cutout]
) -> Expression | None:
    """An expression that describes nothing in the clip: another colour, or another class."""
    near = near_miss(rng, everyone) if rng.random() < 0.4 else None
    if near is not None:
        return Expression(near, (), "absent")
    for cutout in candidates:
        stranger = unplaced(cutout.class_name, cutout.caption, cutout.look)
        phrase = unique_phrase(rng, stranger, everyone)
        if phrase is not None:
            text = article(rng, phrase)
            if rng.random() < 0.4:
                tails = ("on the left", "on the right", "moving left", "going right", "in front")
                text += f" {rng.choice(tails)}"
            return Expression(text, (), "absent")
    return None


def near_miss(rng: np.random.Generator, everyone: list[Sighting]) -> str | None:
    """What is there, in a colour in which it isn't: "a red car" where cars are white."""
    for index in rng.permutation(len(everyone)):
        seen = everyone[int(index)]
        person = "person" in (seen.class_name, *seen.broader)
        plain = Phrase(seen.class_name, seen.class_name, frozenset())
        # What may be there that nobody has seen could have that colour.
        unseen = any(not o.placed and plain.could_mean(o) for o in everyone)
        if not seen.singular or person or unseen:
            continue
        colour = str(rng.choice(_COLOURS_OF.get(seen.class_name, _COLOURS_OF[""])))
        phrase = Phrase(f"{colour} {seen.class_name}", seen.class_name, frozenset({colour}))
        if not any(phrase.could_mean(o) for o in everyone):
            return article(rng, phrase)
    return None


_COATS = ("black", "white", "brown", "gray")
_COLOURS_OF = {
    "": ("red", "blue", "green", "yellow", "white", "black", "orange", "brown"),
    **dict.fromkeys(("horse", "dog", "cat", "cow", "bear", "deer", "monkey", "sheep"), _COATS),
    "elephant": ("white", "brown"),
}


def expressions(
    rng: np.random.Generator,
    everyone: list[Sighting],
    strangers: Sequence[Cutout],
    at_most: int,
    absent: float,
    kinds: Sequence[str] = tuple(MAKERS),
) -> tuple[Expression, ...]:
    """Write unambiguous expressions: at least one per referable object where one can be found.

    Args:
        rng: source of chance.
        everyone: all objects seen in the clip, clutter included.
        strangers: cut-outs to name where an absent object is asked for.
        at_most: number of expressions.
        absent: share of expressions that describe nothing in the clip.
        kinds: of expressions, keys of ``slvp.data.wording.MAKERS``.
    """
    scene = Scene(rng, everyone)
    targets = [s for s in everyone if s.referable]
    rng.shuffle(targets)
    turns = -(-at_most // max(1, len(targets)))
    per_object = [_about(rng, s, scene, kinds, turns) for s in targets[:at_most]]
    chosen: list[Expression] = []
    several = _several(rng, everyone) if rng.random() < 0.35 else None
    chosen += [several] if several else []
    # One expression of each object first, then the second ones, and so on.
    chosen += [own[turn] for turn in range(turns) for own in per_object if turn < len(own)]
    chosen = chosen[:at_most]
    # Drawn so that the share holds over all expressions of many clips.
    count = int(rng.binomial(at_most, absent))
    nothing = _absent(rng, everyone, strangers) if count else None
    if nothing is not None:
        chosen = [*chosen[: at_most - 1], nothing]
    unique = {e.text: e for e in chosen}
    return tuple(unique.values())


def captions(rng: np.random.Generator, everyone: list[Sighting], at_most: int) -> tuple[str, ...]:
    """Write captions of the clip as a whole: who moves where, who stands still."""
    written = []
    for _ in range(int(rng.integers(1, at_most + 1))):
        moving: list[str] = []
        resting: list[str] = []
        for sighting in everyone:
            others = [o for o in everyone if o is not sighting]
            way = heading(sighting)
            name = unique_phrase(rng, sighting, others)
            name = name or max(phrases(rng, sighting), key=lambda phrase: len(phrase.body))
            who = article(rng, name, without_posture(name.body))
            if not sighting.referable or not way:
                continue
            if way == "still":
                resting.append(who)
            else:
                clauses = motion_clauses(rng, sighting, way)
                if any(part.startswith(f"{who} ") for part in moving) and name.plain:
                    who = f"another {without_posture(name.body)}"
                moving.append(f"{who} {clauses[int(rng.integers(len(clauses)))]}")
        rng.shuffle(moving)
        rng.shuffle(resting)
        text = _enumerate(moving[:3])
        if resting and (not moving or rng.random() < 0.4):
            stay = _enumerate(resting[:2])
            verb = str(rng.choice(["standing still", "not moving", "staying in place"]))
            text = f"{text} while {stay} {_be(stay)} {verb}" if text else f"{stay} {verb}"
        if not text:
            text = _enumerate([s.caption for s in everyone if s.referable][:3])
        if text:
            written.append(text)
    return tuple(dict.fromkeys(written))


def _be(subject: str) -> str:
    several = " and " in subject or subject.split(" ", 1)[0] in {"two", "three"}
    return "are" if several else "is"


def _enumerate(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]
