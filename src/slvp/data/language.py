"""Referring expressions and captions for a clip of the world.

Every expression is checked against all pasted objects: it is only said where it describes exactly
the objects that it names. Words for motion speak of motion in the scene, camera motion aside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slvp.data import vocabulary
from slvp.data.motion_wording import heading, motion_clauses
from slvp.data.phrases import Phrase, Sighting, article, phrases, unique_phrase, without_posture
from slvp.data.pictures import Cutout
from slvp.data.wording import MAKERS
from slvp.types import Expression


def _rivals(phrase: Phrase, target: Sighting, everyone: Sequence[Sighting]) -> list[Sighting]:
    return [o for o in everyone if o is not target and phrase.could_mean(o)]


def _about(
    rng: np.random.Generator, target: Sighting, everyone: list[Sighting]
) -> list[Expression]:
    """Up to one expression of every kind that fits ``target``, in random order of preference."""
    found = []
    for kind in MAKERS:
        weight, make = MAKERS[kind]
        texts: list[str] = []
        for phrase in phrases(rng, target):
            made = make(rng, target, phrase, _rivals(phrase, target, everyone), everyone)
            # One of each phrase, so that a kind with many wordings drowns no phrase.
            texts += [made[int(rng.integers(len(made)))]] if made else []
        if texts:
            text = texts[int(rng.integers(len(texts)))]
            found.append((rng.exponential(1 / weight), text, kind))
    return [Expression(text, (target.object_id,), kind) for _, text, kind in sorted(found)]


def _several(rng: np.random.Generator, everyone: list[Sighting]) -> Expression | None:
    """An expression for all objects of a class: "the two dogs", "all people"."""
    options = []
    names = {name for s in everyone for name in (s.class_name, *s.broader)}
    for name in sorted(names - (vocabulary.CATEGORIES - vocabulary.SPOKEN_CATEGORIES)):
        sure = [s for s in everyone if vocabulary.surely_is(name, s.class_name, s.broader)]
        unsure = [s for s in everyone if vocabulary.could_be(name, s.class_name, s.broader)]
        single = all(s.singular for s in sure)
        enough = sum(s.referable for s in sure) >= 2
        if len(sure) == len(unsure) and len(sure) >= 2 and enough and single:
            many = vocabulary.plural(name)
            number = {2: "two", 3: "three", 4: "four"}.get(len(sure), "all")
            texts = [f"the {many}", many, f"all {many}", f"all the {many}", f"{number} {many}"]
            texts += [f"both {many}", f"a pair of {many}"] if len(sure) == 2 else []
            text = texts[int(rng.integers(len(texts)))]
            options.append(Expression(text, tuple(s.object_id for s in sure), "several"))
    return options[int(rng.integers(len(options)))] if options else None


def _absent(
    rng: np.random.Generator, everyone: list[Sighting], candidates: Sequence[Cutout]
) -> Expression | None:
    """An expression that describes nothing in the clip: another class, or another colour."""
    for cutout in candidates:
        stranger = Sighting(
            object_id=0,
            class_name=cutout.class_name,
            caption=cutout.caption,
            broader=cutout.broader,
            boxes_T4=np.zeros((1, 4)),
            areas_T=np.zeros(1),
            visible_T=np.zeros(1),
            whole_centres_T2=np.zeros((1, 2)),
            drift_T2=np.zeros((1, 2)),
            growth=1.0,
        )
        phrase = unique_phrase(rng, stranger, everyone)
        if phrase is not None:
            text = article(rng, phrase)
            if rng.random() < 0.4:
                tails = ("on the left", "on the right", "moving left", "going right", "in front")
                text += f" {rng.choice(tails)}"
            return Expression(text, (), "absent")
    return None


def expressions(
    rng: np.random.Generator,
    everyone: list[Sighting],
    strangers: Sequence[Cutout],
    at_most: int,
    absent: float,
) -> tuple[Expression, ...]:
    """Write unambiguous expressions: at least one per referable object where one can be found.

    Args:
        rng: source of chance.
        everyone: all objects seen in the clip, clutter included.
        strangers: cut-outs to name where an absent object is asked for.
        at_most: number of expressions.
        absent: share of expressions that describe nothing in the clip.
    """
    per_object = [_about(rng, s, everyone) for s in everyone if s.referable]
    rng.shuffle(per_object)
    chosen: list[Expression] = []
    several = _several(rng, everyone) if rng.random() < 0.35 else None
    chosen += [several] if several else []
    # One expression of each object first, then the second ones, and so on.
    rounds = max((len(own) for own in per_object), default=0)
    chosen += [own[turn] for turn in range(rounds) for own in per_object if turn < len(own)]
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
            name = unique_phrase(rng, sighting, others) or phrases(rng, sighting)[0]
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
