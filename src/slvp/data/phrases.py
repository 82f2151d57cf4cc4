"""Noun phrases for the objects of a clip, and whether a phrase could also mean another object."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slvp.data import vocabulary
from slvp.types import UInt8Array

Array = npt.NDArray[np.float64]

_POSTURE = re.compile(
    r"( (standing|sitting|walking|running|lying|lying down|crouching|jumping|grazing|"
    r"kneeling|squatting|rearing|lunging|falling|leaning|seen from behind|seen from the side))+$"
)


@dataclass(frozen=True)
class Sighting:
    """What is known of an object in a clip. Lengths are shares of the frame's width or height.

    Attributes:
        object_id: its value in the masks.
        class_name: singular.
        caption: noun phrase with article.
        broader: broader classes, nearest first.
        boxes_T4: left, top, right, bottom of the visible part, 0..1; NaN where not visible.
        areas_T: visible part, as a share of the frame.
        visible_T: visible part, as a share of the whole object.
        whole_centres_T2: centre of the whole object, hidden or not, 0..1 inside the frame.
        drift_T2: how far its centre has moved in the scene since the first frame, as a camera
            standing still would see it, in frame widths.
        growth: how many times larger it is in the last frame than in the first, camera zoom aside.
        clutter: never to be referred to.
    """

    object_id: int
    class_name: str
    caption: str
    broader: tuple[str, ...]
    boxes_T4: Array
    areas_T: Array
    visible_T: Array
    whole_centres_T2: Array
    drift_T2: Array
    growth: float
    clutter: bool = False

    @property
    def singular(self) -> bool:
        """Whether the caption names one thing ("a dog"), not several ("two dogs")."""
        return self.caption.startswith(("a ", "an "))

    @property
    def referable(self) -> bool:
        """Whether enough of it is seen to ask for it."""
        clear_T = (self.areas_T > 0.0012) & (self.visible_T > 0.35)
        return not self.clutter and bool(clear_T.mean() >= 0.5)


@dataclass(frozen=True)
class Phrase:
    """A noun phrase without its article.

    ``noun`` decides what it could mean together with ``colours``; ``plain`` phrases take articles.
    """

    body: str
    noun: str
    colours: frozenset[str]
    plain: bool = True

    def could_mean(self, other: Sighting) -> bool:
        """Whether someone could understand it as ``other``."""
        if not vocabulary.could_be(self.noun, other.class_name, other.broader):
            return False
        return not vocabulary.colours_differ(self.colours, vocabulary.colours(other.caption))


def boxes(visible_THW: npt.NDArray[np.bool_] | UInt8Array) -> Array:
    """Return left, top, right, bottom (0..1) of a mask in each frame; NaN where it is empty."""
    steps, height, width = visible_THW.shape
    result = np.full((steps, 4), np.nan)
    for step, mask in enumerate(visible_THW):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(rows):
            box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
            result[step] = np.array(box) / (width, height, width, height)
    return result


def without_posture(body: str) -> str:
    """Drop a final posture: "cow walking" -> "cow", so that a motion can follow."""
    return _POSTURE.sub("", body)


def phrases(rng: np.random.Generator, sighting: Sighting) -> list[Phrase]:
    """Return phrases for the object: its caption, a paraphrase, class, broader classes."""
    class_name = sighting.class_name
    caption = sighting.caption
    if not sighting.singular:
        return [Phrase(caption, class_name, vocabulary.colours(caption), plain=False)]
    body = caption.split(" ", 1)[1]
    found = [_phrase(body, class_name), _phrase(_paraphrase(rng, body), class_name)]
    noun = class_name
    if class_name in vocabulary.SYNONYMS and rng.random() < 0.3:
        noun = str(rng.choice(vocabulary.SYNONYMS[class_name]))
    found.append(Phrase(noun, class_name, frozenset(), not vocabulary.is_plural(noun)))
    found += [
        Phrase(category, category, frozenset())
        for category in sighting.broader
        if category in vocabulary.SPOKEN_CATEGORIES and not vocabulary.is_plural(category)
    ]
    return found


def _phrase(body: str, noun: str) -> Phrase:
    return Phrase(body, noun, vocabulary.colours(body))


def _paraphrase(rng: np.random.Generator, body: str) -> str:
    """Say a caption as another person might: clothes left out, "wearing" for "in"."""
    dressed = re.match(r"^(\w+) in (an? )?(.+?)( and (.+))?$", body)
    if not dressed:
        colour = re.match(r"^(\w+) (\w+)$", body)
        if colour and colour[1] in vocabulary.COLOURS and rng.random() < 0.3:
            return f"{colour[2]} that is {colour[1]}"
        return body
    who, article, first, second = dressed[1], dressed[2] or "", dressed[3], dressed[5]
    garment = article + first
    if second:
        way = rng.random()
        if way < 0.35:
            garment = second
        elif way < 0.55:
            garment = f"{garment} and {second}"
    link = str(rng.choice(["in", "wearing", "with", "in", "who wears", "dressed in"]))
    return f"{who} {link} {garment}"


def article(rng: np.random.Generator, phrase: Phrase, body: str | None = None) -> str:
    """Write a phrase with "the", "a" or, as in notes, without article."""
    text = phrase.body if body is None else body
    if not phrase.plain:
        return text
    choice = rng.random()
    if choice < 0.45:
        return vocabulary.with_a(text)
    return f"the {text}" if choice < 0.8 else text


def unique_phrase(
    rng: np.random.Generator, target: Sighting, others: Sequence[Sighting]
) -> Phrase | None:
    """A random phrase that describes only ``target``; None if there is none."""
    unique = [p for p in phrases(rng, target) if not any(p.could_mean(o) for o in others)]
    return unique[int(rng.integers(len(unique)))] if unique else None
