"""Noun phrases for the objects of a clip, and whether a phrase could also mean another object."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from slvp.data import actions, synonyms, vocabulary
from slvp.data.colour_naming import NOTHING_KNOWN, Look
from slvp.types import UInt8Array

Array = npt.NDArray[np.float64]

_POSTURE = re.compile(
    r",? (?:seen from\b|in mid-air\b|with (?:its|his|her|their) (?:head|arms?|legs?)\b|"
    rf"{actions.ACTS.pattern})"
)
_UNFINISHED = re.compile(r" (?:a|an|the|on|in|with|and|his|her|its|of)$")
_DRESSED = re.compile(r"^([\w -]+?) in (an? )?(?!mid-air|black and white|sepia)(.+?)( and (.+))?$")
# Before a name that may be changed: another animal may be brown, but not polar.
_MODIFIERS = rf"(?:{'|'.join(sorted(vocabulary.COLOURS))}|and|light|old|young|little|big|small)"
_COLOURED = re.compile(r"^(\w+) (\w+)$")


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
        look: its colours.
        moves: on its way, whether or not the frames show it (one frame doesn't); None where that
            isn't known.
        dances: moves to and fro.
        placed: False for what is in the picture but nobody knows where: it may be meant by any
            phrase that fits it, and nothing more can be said of it.
        layer: drawn over all that have a lower one; 0 where that isn't known.
        sayable: broader classes that it may be called by.
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
    look: Look = NOTHING_KNOWN
    moves: bool | None = False
    dances: bool = False
    placed: bool = True
    layer: int = 0
    sayable: frozenset[str] = frozenset(synonyms.SPOKEN)

    @property
    def singular(self) -> bool:
        """Whether the caption names one thing ("a dog"), not several ("two dogs")."""
        return self.caption.startswith(("a ", "an "))

    @cached_property
    def referable(self) -> bool:
        """Whether enough of it is seen to ask for it."""
        clear_T = (self.areas_T > 0.0012) & (self.visible_T > 0.35)
        return self.placed and not self.clutter and bool(clear_T.mean() >= 0.5)

    @cached_property
    def centres_T2(self) -> Array:  # noqa: N802 (the shape)
        """Centre of the visible part's box; NaN where not visible."""
        return np.asarray((self.boxes_T4[:, :2] + self.boxes_T4[:, 2:]) / 2)


def unplaced(
    class_name: str, caption: str = "", look: Look = NOTHING_KNOWN, object_id: int = 0
) -> Sighting:
    """Return something that is in the picture, or is asked for, but nobody knows where it is."""
    return Sighting(
        object_id=object_id,
        class_name=class_name,
        caption=caption or vocabulary.with_a(class_name),
        broader=vocabulary.broader(class_name),
        boxes_T4=np.full((1, 4), np.nan),
        areas_T=np.zeros(1),
        visible_T=np.zeros(1),
        whole_centres_T2=np.zeros((1, 2)),
        drift_T2=np.zeros((1, 2)),
        growth=1.0,
        look=look,
        placed=False,
    )


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
        if vocabulary.colours_differ(self.colours, vocabulary.colours(other.caption)):
            return False
        return self.colours <= other.look.possible


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
    """Drop what someone does: "cow walking" -> "cow", so that a motion can follow."""
    for match in _POSTURE.finditer(body):
        rest = body[: match.start()]
        if rest and not _UNFINISHED.search(rest):
            return rest
    return body


def phrases(rng: np.random.Generator, sighting: Sighting) -> list[Phrase]:
    """Return phrases for the object, the likelier ones first.

    Its caption, paraphrases of it, its class and broader classes, by several names.
    """
    caption, class_name = sighting.caption, sighting.class_name
    if not sighting.singular:
        return [Phrase(caption, class_name, vocabulary.colours(caption), plain=False)]
    body = caption.split(" ", 1)[1]
    if sighting.look.colour and not vocabulary.colours(body):
        body = f"{sighting.look.colour} {body}"
    says_more = body != class_name
    weighted = [(1.0, _plain(rng, class_name, sighting))]
    if says_more:
        weighted += [
            (1.3, _phrase(body, class_name)),
            (2.2, _renamed(rng, _paraphrase(rng, body), sighting)),
        ]
    spoken = [broad for broad in sighting.broader if broad in sighting.sayable]
    if spoken:
        broad = spoken[int(rng.integers(len(spoken)))]
        name = str(rng.choice(synonyms.SPOKEN[broad]))
        weighted.append((0.3, Phrase(name, broad, frozenset(), not vocabulary.is_plural(name))))
        head = _head(body, class_name)
        if says_more and head:
            changed = _with_head(_paraphrase(rng, body), head, name)
            weighted.append((0.55, Phrase(changed, broad, vocabulary.colours(changed))))
    keyed = [(rng.exponential(1 / weight), phrase) for weight, phrase in weighted]
    return [phrase for _, phrase in sorted(keyed, key=lambda entry: entry[0])]


def _phrase(body: str, noun: str) -> Phrase:
    return Phrase(body, noun, vocabulary.colours(body))


def _plain(rng: np.random.Generator, class_name: str, sighting: Sighting) -> Phrase:
    name, noun = class_name, class_name
    if class_name in synonyms.NAMES and rng.random() < 0.4:
        name, noun = _other_name(rng, class_name)
    return Phrase(name, noun, frozenset(), not vocabulary.is_plural(name))


def _other_name(rng: np.random.Generator, name: str) -> tuple[str, str]:
    others = synonyms.NAMES[name]
    return others[int(rng.integers(len(others)))]


def _head(body: str, class_name: str) -> str:
    """What a phrase calls its object: its class, or another name for it; "" if that's unclear."""
    if re.match(rf"(?:{_MODIFIERS} )*{re.escape(class_name)}\b", body):
        return class_name
    start = re.split(r" (?:in|with|on|of|seen)\b", without_posture(body))[0]
    while start and start not in synonyms.NAMES and start not in vocabulary.BROADER:
        word, _, start = start.partition(" ")
        if not re.fullmatch(_MODIFIERS, word):
            return ""
    return start


def _with_head(body: str, head: str, name: str) -> str:
    return re.sub(rf"\b{re.escape(head)}\b", name, body, count=1)


def _renamed(rng: np.random.Generator, body: str, sighting: Sighting) -> Phrase:
    """Call the object of a phrase by another name, sometimes."""
    head, class_name = _head(body, sighting.class_name), sighting.class_name
    if head not in synonyms.NAMES or rng.random() < 0.6:
        return _phrase(body, class_name)
    name, noun = _other_name(rng, head)
    # A name that a caption has for one of another class ("a man" for a tennis player).
    noun = class_name if noun == head else noun
    return _phrase(_with_head(body, head, name), noun)


def _paraphrase(rng: np.random.Generator, body: str) -> str:
    """Say a caption as another person might: clothes left out, "wearing" for "in"."""
    if rng.random() < 0.3:
        body = without_posture(body)
    body = body.replace("black and white", "white and black") if rng.random() < 0.2 else body
    dressed = _DRESSED.match(body)
    if not dressed:
        colour = _COLOURED.match(body)
        if colour and colour[1] in vocabulary.COLOURS and rng.random() < 0.2:
            return f"{colour[2]} that is {colour[1]}"
        return synonyms.other_clothes(rng, body)
    who, article, first, second = dressed[1], dressed[2] or "", dressed[3], dressed[5]
    garment = article + first
    if second:
        way = rng.random()
        if way < 0.3:
            garment = second
        elif way < 0.6:
            garment = f"{garment} and {second}"
        elif way < 0.7 and not actions.acts(second):
            garment = f"{second} and {garment}"
    link = str(rng.choice(["in", "wearing", "with", "wearing", "who wears", "dressed in", "in"]))
    return f"{who} {link} {synonyms.other_clothes(rng, garment)}"


def article(rng: np.random.Generator, phrase: Phrase, body: str | None = None) -> str:
    """Write a phrase with "the", "a" or, as in notes, without article."""
    text = phrase.body if body is None else body
    if not phrase.plain:
        return text
    choice = rng.random()
    if choice < 0.5:
        return vocabulary.with_a(text)
    return f"the {text}" if choice < 0.82 else text


def unique_phrase(
    rng: np.random.Generator, target: Sighting, others: Sequence[Sighting]
) -> Phrase | None:
    """A random phrase that describes only ``target``; None if there is none."""
    for phrase in phrases(rng, target):
        if not any(phrase.could_mean(other) for other in others):
            return phrase
    return None
