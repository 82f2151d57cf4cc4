"""Ways to tell one object from its rivals: appearance, place, size, relation, motion.

Each maker is given a phrase and its rivals (the other objects that the phrase could mean) and
returns sentences that are true of the target and of none of the rivals; often none at all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from slvp.data import actions, vocabulary
from slvp.data.motion_wording import by_motion
from slvp.data.phrases import Array, Phrase, Sighting, article
from slvp.data.scene import Scene, Sentence

APART = 0.12  # between centres: clearly to one side of

_Maker = Callable[[np.random.Generator, Sighting, Phrase, list[Sighting], Scene], list[Sentence]]


def _mostly(truth_T: Array) -> bool:
    """Whether something holds in nearly every frame where it can be told (NaN: can't be told)."""
    known = truth_T[~np.isnan(truth_T)]
    return len(known) > 0 and bool(known.mean() > 0.85)


def _holds(condition_T: object, *measured_T: Array) -> Array:
    truth_T = np.asarray(condition_T, float).copy()
    for measure_T in measured_T:
        truth_T[np.isnan(measure_T)] = np.nan
    return truth_T


def _before(a: Sighting, b: Sighting, axis: int, margin: float = APART) -> bool:
    """Whether ``a`` is clearly left of (axis 0) or above (axis 1) ``b``."""
    a_T, b_T = a.centres_T2[:, axis], b.centres_T2[:, axis]
    return _mostly(_holds(a_T + margin < b_T, a_T, b_T))


def side_of_frame(a: Sighting, axis: int, low: float, high: float) -> bool:
    """Whether its centre is between two shares of the frame's width (axis 0) or height."""
    a_T = a.centres_T2[:, axis]
    return _mostly(_holds((a_T >= low) & (a_T <= high), a_T))


def _appearance(
    rng: np.random.Generator,
    target: Sighting,
    phrase: Phrase,
    rivals: list[Sighting],
    scene: Scene,
) -> list[Sentence]:
    return [] if rivals else [Sentence(article(rng, phrase))]


def _place(
    rng: np.random.Generator,
    target: Sighting,
    phrase: Phrase,
    rivals: list[Sighting],
    scene: Scene,
) -> list[Sentence]:
    texts: list[Sentence] = []
    the = article(rng, phrase)
    body = phrase.body
    sure = [vocabulary.surely_is(phrase.noun, r.class_name, r.broader) for r in rivals]
    for axis, names in ((0, ("left", "right")), (1, ("top", "bottom"))):
        for name, first in zip(names, (True, False), strict=True):
            ahead = all(
                _before(target, r, axis) if first else _before(r, target, axis) for r in rivals
            )
            low, high = (0.0, 0.38) if first else (0.62, 1.0)
            half = (0.0, 0.5) if first else (0.5, 1.0)
            if rivals and ahead:
                if axis == 0 and phrase.plain and any(sure):
                    texts.append(Sentence(f"the {name}most {body}"))
                if side_of_frame(target, axis, *half):
                    texts += [Sentence(the, place) for place in _sides(name, body)]
                    texts += [Sentence(the, f"on the far {name}")] if axis == 0 else []
            elif not rivals and side_of_frame(target, axis, low, high):
                texts += [Sentence(the, place) for place in _sides(name, body)]
    between = len(rivals) == 2 and any(
        _before(a, target, 0, 0.08) and _before(target, b, 0, 0.08)
        for a, b in (rivals, rivals[::-1])
    )
    if between or (not rivals and side_of_frame(target, 0, 0.4, 0.6)):
        texts += [Sentence(the, "in the middle"), Sentence(the, "in the center")]
        texts += [Sentence(f"the middle {body}")] if between and phrase.plain else []
    return texts + _depth(target, the, rivals)


SIDES = {
    "left": ("on the left", "on the left side", "to the left", "at left", "on the left hand side"),
    "right": ("on the right", "on the right side", "to the right", "at right"),
    "top": ("at the top", "at the top of the picture", "in the upper part"),
    "bottom": ("at the bottom", "at the bottom of the picture", "in the lower part"),
}


def _sides(name: str, body: str) -> list[str]:
    # "The man running to the left" must not be said of a man to the left.
    return [s for s in SIDES[name] if not (s.startswith("to the ") and actions.acts(body))]


def _depth(target: Sighting, the: str, rivals: list[Sighting]) -> list[Sentence]:
    """In front: lower in the picture and larger than all its rivals; behind: the reverse."""

    def nearer(a: Sighting, b: Sighting) -> bool:
        a_T, b_T = a.boxes_T4[:, 3], b.boxes_T4[:, 3]
        return _mostly(_holds((a_T > b_T + 0.06) & (a.areas_T > 1.5 * b.areas_T), a_T, b_T))

    if rivals and all(nearer(target, r) for r in rivals):
        ends = ("in front", "in the front", "in the foreground", "closest to the camera")
    elif rivals and all(nearer(r, target) for r in rivals):
        ends = ("in the background", "in the back", "at the back", "farthest from the camera")
    else:
        return []
    return [Sentence(the, end) for end in ends]


def _size(
    rng: np.random.Generator,
    target: Sighting,
    phrase: Phrase,
    rivals: list[Sighting],
    scene: Scene,
) -> list[Sentence]:
    # "The bigger woman in a coat and a hat" is nobody's way to put it.
    if not rivals or not phrase.plain or len(phrase.body.split()) > 2:
        return []

    def larger(a: Sighting, b: Sighting) -> bool:
        seen_T = ~np.isnan(a.boxes_T4[:, 0]) & ~np.isnan(b.boxes_T4[:, 0])
        whole = (a.visible_T[seen_T] > 0.6).all() and (b.visible_T[seen_T] > 0.6).all()
        return bool(seen_T.any() and whole and (a.areas_T > 1.6 * b.areas_T)[seen_T].all())

    if not any(vocabulary.surely_is(phrase.noun, r.class_name, r.broader) for r in rivals):
        return []
    if all(larger(target, r) for r in rivals):
        superlatives, comparatives = ["biggest", "largest"], ["bigger", "larger", "big", "large"]
    elif all(larger(r, target) for r in rivals):
        superlatives, comparatives = ["smallest"], ["smaller", "small", "little"]
    else:
        return []
    pair = len(rivals) == 1
    words = superlatives + (comparatives if pair else [])
    texts = [f"the {word} {phrase.body}" for word in words]
    if pair and phrase.body == phrase.noun:
        many = vocabulary.plural(phrase.noun)
        word = comparatives[0]
        texts += [f"the {word} of the two {many}", f"the {word} one of the {many}"]
    return [Sentence(text) for text in texts]


def _relation(
    rng: np.random.Generator,
    target: Sighting,
    phrase: Phrase,
    rivals: list[Sighting],
    scene: Scene,
) -> list[Sentence]:
    ends: list[str] = []
    for landmark in scene.everyone:
        if landmark is target or not landmark.referable:
            continue
        # The landmark itself can't be meant: nothing is beside itself.
        rest = [r for r in rivals if r is not landmark]
        places = _besides(target, landmark, rest)
        if places:
            name = scene.unique_name(landmark)
            if name is not None:
                the = f"the {name.body}" if name.plain else name.body
                ends += [f"{place} {the}" for place in places]
    start = article(rng, phrase)
    return [Sentence(start, end) for end in ends]


def _besides(target: Sighting, landmark: Sighting, rivals: list[Sighting]) -> list[str]:
    """What the target is to a landmark, and no rival is."""
    places = []
    for axis, pair in ((0, ("to the left of", "to the right of")), (1, ("above", "below"))):
        for words, first in zip(pair, (True, False), strict=True):
            ahead = _before(target, landmark, axis) if first else _before(landmark, target, axis)
            if ahead and not any(_beyond(r, landmark, axis, first) for r in rivals):
                places.append(words)
                if axis == 0:
                    places.append(f"on the {'left' if first else 'right'} of")
    gap = _gap(target, landmark)
    if gap < 0.08 and all(_gap(r, landmark) > gap + 0.15 for r in rivals):
        places += ["next to", "beside", "near"]
        if _covers(target, landmark):
            places += ["in front of", "in front of"]
        elif _covers(landmark, target):
            places += ["behind", "behind"]
    return places


def _covers(a: Sighting, b: Sighting) -> bool:
    """Whether ``a`` stands before ``b``: overlapping it, drawn later and lower in the picture."""
    low = np.maximum(a.boxes_T4[:, :2], b.boxes_T4[:, :2])
    high = np.minimum(a.boxes_T4[:, 2:], b.boxes_T4[:, 2:])
    overlap_T = np.maximum(high - low, 0).prod(1) > 0.2 * _area(b)
    lower_T = a.boxes_T4[:, 3] > b.boxes_T4[:, 3] + 0.02
    return a.layer > b.layer and _mostly(_holds(overlap_T & lower_T, low[:, 0]))


def _area(a: Sighting) -> Array:
    return np.asarray((a.boxes_T4[:, 2:] - a.boxes_T4[:, :2]).prod(1))


def _beyond(a: Sighting, landmark: Sighting, axis: int, first: bool) -> bool:
    """Whether ``a`` is left of or above the landmark (else right of or below) in any frame."""
    ahead_T = (landmark.centres_T2 - a.centres_T2)[:, axis] * (1 if first else -1)
    return bool((ahead_T > 0).any())


def _gap(a: Sighting, b: Sighting) -> float:
    """Largest distance between two boxes over the frames; infinite where one is never seen."""
    low = np.maximum(a.boxes_T4[:, :2], b.boxes_T4[:, :2])
    high = np.minimum(a.boxes_T4[:, 2:], b.boxes_T4[:, 2:])
    gaps_T = np.linalg.norm(np.maximum(low - high, 0), axis=1)
    return float(np.nanmax(gaps_T)) if not np.isnan(gaps_T).all() else np.inf


MAKERS: dict[str, tuple[float, _Maker]] = {
    "appearance": (1.4, _appearance),
    "place": (0.5, _place),
    "size": (0.8, _size),
    "relation": (0.5, _relation),
    "motion": (0.9, by_motion),
}
"""How often each kind is preferred, and its maker."""
