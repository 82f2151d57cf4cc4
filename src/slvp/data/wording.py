"""Ways to tell one object from its rivals: appearance, place, size, relation, motion.

Each maker is given a phrase and its rivals (the other objects that the phrase could mean) and
returns sentences that are true of the target and of none of the rivals; often none at all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from slvp.data import vocabulary
from slvp.data.motion_wording import by_motion
from slvp.data.phrases import Array, Phrase, Sighting, article, unique_phrase

APART = 0.12  # between centres: clearly to one side of

_Everyone = list[Sighting]
_Maker = Callable[[np.random.Generator, Sighting, Phrase, _Everyone, _Everyone], list[str]]


def _centres(sighting: Sighting) -> Array:
    return (sighting.boxes_T4[:, :2] + sighting.boxes_T4[:, 2:]) / 2


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
    a_T, b_T = _centres(a)[:, axis], _centres(b)[:, axis]
    return _mostly(_holds(a_T + margin < b_T, a_T, b_T))


def _side_of_frame(a: Sighting, axis: int, low: float, high: float) -> bool:
    a_T = _centres(a)[:, axis]
    return _mostly(_holds((a_T >= low) & (a_T <= high), a_T))


def _appearance(
    rng: np.random.Generator,
    target: Sighting,
    phrase: Phrase,
    rivals: list[Sighting],
    everyone: list[Sighting],
) -> list[str]:
    return [] if rivals else [article(rng, phrase)]


def _place(
    rng: np.random.Generator,
    target: Sighting,
    phrase: Phrase,
    rivals: list[Sighting],
    everyone: list[Sighting],
) -> list[str]:
    texts: list[str] = []
    the = "the " if phrase.plain and rng.random() < 0.75 else ""
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
                if axis == 0:
                    texts += [f"the {name}most {body}"] if phrase.plain and any(sure) else []
                    if _side_of_frame(target, 0, *half):
                        texts += [f"{the}{body} {p}" for p in _SIDES[name]]
                        texts.append(f"{the}{body} on the far {name}")
                elif _side_of_frame(target, 1, *half):
                    texts += [f"{the}{body} {p}" for p in _SIDES[name]]
            elif not rivals and _side_of_frame(target, axis, low, high):
                texts += [f"{the}{body} {p}" for p in _SIDES[name]]
    between = (
        len(rivals) > 1
        and any(_before(r, target, 0, 0.08) for r in rivals)
        and any(_before(target, r, 0, 0.08) for r in rivals)
        and all(_before(r, target, 0, 0.08) or _before(target, r, 0, 0.08) for r in rivals)
        and len(rivals) == 2
    )
    if between or (not rivals and _side_of_frame(target, 0, 0.4, 0.6)):
        texts += [f"{the}{body} in the middle", f"{the}{body} in the center"]
        texts += [f"{the}middle {body}"] if between and phrase.plain else []
    texts += _depth(target, body, the, rivals)
    return texts


_SIDES = {
    "left": ("on the left", "on the left side", "to the left", "at left", "on the left hand side"),
    "right": ("on the right", "on the right side", "to the right", "at right"),
    "top": ("at the top", "at the top of the picture", "in the upper part"),
    "bottom": ("at the bottom", "at the bottom of the picture", "in the lower part"),
}


def _depth(target: Sighting, body: str, the: str, rivals: list[Sighting]) -> list[str]:
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
    return [f"{the}{body} {end}" for end in ends]


def _size(
    rng: np.random.Generator,
    target: Sighting,
    phrase: Phrase,
    rivals: list[Sighting],
    everyone: list[Sighting],
) -> list[str]:
    # "The bigger woman in a coat and a hat" is nobody's way to put it.
    if not rivals or not phrase.plain or len(phrase.body.split()) > 2:
        return []

    def larger(a: Sighting, b: Sighting) -> bool:
        seen_T = ~np.isnan(a.boxes_T4[:, 0]) & ~np.isnan(b.boxes_T4[:, 0])
        whole = (a.visible_T[seen_T] > 0.6).all() and (b.visible_T[seen_T] > 0.6).all()
        return bool(seen_T.any() and whole and (a.areas_T > 1.6 * b.areas_T)[seen_T].all())

    sure = [vocabulary.surely_is(phrase.noun, r.class_name, r.broader) for r in rivals]
    if all(larger(target, r) for r in rivals):
        superlatives, comparatives = ["biggest", "largest"], ["bigger", "larger", "big", "large"]
    elif all(larger(r, target) for r in rivals):
        superlatives, comparatives = ["smallest"], ["smaller", "small", "little"]
    else:
        return []
    if not any(sure):
        return []
    pair = len(rivals) == 1
    words = superlatives + (comparatives if pair else [])
    texts = [f"the {word} {phrase.body}" for word in words]
    if pair and phrase.body == phrase.noun:
        many = vocabulary.plural(phrase.noun)
        word = comparatives[0]
        texts += [f"the {word} of the two {many}", f"the {word} one of the {many}"]
    return texts


def _relation(
    rng: np.random.Generator,
    target: Sighting,
    phrase: Phrase,
    rivals: list[Sighting],
    everyone: list[Sighting],
) -> list[str]:
    texts = []
    for landmark in everyone:
        if landmark is target or not landmark.referable:
            continue
        others = [o for o in everyone if o is not landmark]
        name = unique_phrase(rng, landmark, others)
        if name is None:
            continue
        the = f"the {name.body}" if name.plain else name.body
        start = article(rng, phrase)
        # The landmark itself can't be meant: nothing is beside itself.
        rest = [r for r in rivals if r is not landmark]
        for axis, pair in ((0, ("to the left of", "to the right of")), (1, ("above", "below"))):
            for words, first in zip(pair, (True, False), strict=True):
                likewise = [_beyond(r, landmark, axis, first) for r in rest]
                ahead = (
                    _before(target, landmark, axis) if first else _before(landmark, target, axis)
                )
                if ahead and not any(likewise):
                    texts.append(f"{start} {words} {the}")
                    if axis == 0:
                        side = "left" if first else "right"
                        texts.append(f"{start} on the {side} of {the}")
        gap = _gap(target, landmark)
        if gap < 0.08 and all(_gap(r, landmark) > gap + 0.15 for r in rest):
            texts += [f"{start} next to {the}", f"{start} beside {the}", f"{start} near {the}"]
    return texts


def _beyond(a: Sighting, landmark: Sighting, axis: int, first: bool) -> bool:
    """Whether ``a`` is left of or above the landmark (else right of or below) in any frame."""
    ahead_T = (_centres(landmark) - _centres(a))[:, axis] * (1 if first else -1)
    return bool((ahead_T > 0).any())


def _gap(a: Sighting, b: Sighting) -> float:
    """Largest distance between two boxes over the frames; infinite where one is never seen."""
    low = np.maximum(a.boxes_T4[:, :2], b.boxes_T4[:, :2])
    high = np.minimum(a.boxes_T4[:, 2:], b.boxes_T4[:, 2:])
    gaps_T = np.linalg.norm(np.maximum(low - high, 0), axis=1)
    return float(np.nanmax(gaps_T)) if not np.isnan(gaps_T).all() else np.inf


MAKERS: dict[str, tuple[float, _Maker]] = {
    "appearance": (1.0, _appearance),
    "place": (0.8, _place),
    "size": (0.6, _size),
    "relation": (0.5, _relation),
    "motion": (0.9, by_motion),
}
"""How often each kind is preferred, and its maker."""
