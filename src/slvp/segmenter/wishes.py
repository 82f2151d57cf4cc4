"""What a sentence says, in plain words, to tell its object from others alike."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slvp.data.colour_naming import COLOUR_WORDS

_SIDES = {
    "left": (-1, 0),
    "leftmost": (-1, 0),
    "right": (1, 0),
    "rightmost": (1, 0),
    "top": (0, -1),
    "topmost": (0, -1),
    "upper": (0, -1),
    "uppermost": (0, -1),
    "bottom": (0, 1),
    "lower": (0, 1),
    "lowest": (0, 1),
    # What is nearer to the camera stands lower in the picture.
    "front": (0, 1),
    "foreground": (0, 1),
    "closest": (0, 1),
    "nearest": (0, 1),
    "back": (0, -1),
    "rear": (0, -1),
    "background": (0, -1),
    "farthest": (0, -1),
    "furthest": (0, -1),
}
_MIDDLE = frozenset(("middle", "center", "centre"))
_PLACED = "|".join((*_SIDES, *_MIDDLE))

_PICTURE = r"the (?:picture|image|frame|screen|video|photo|photograph|scene|shot|view)\b"
_IN_PLACE = re.compile(
    rf"(?:(?P<before>\w+) )?\b(?P<how>on|at|in|to) the (?:far |very )?(?P<place>{_PLACED})"
    rf"(?: hand)?(?: side| end| corner)?\b(?: of {_PICTURE}|(?! (?:of|part|hand)\b))"
)
# "The left car", but not "the left hand": that is a part.
_ADJECTIVE = re.compile(
    rf"^(?:the|an?) (?P<place>{_PLACED}) "
    r"(?!hand\b|arm\b|leg\b|foot\b|paw\b|eye\b|ear\b|half\b|part\b|side\b|wing\b|wheel\b|of\b)"
)
_MOST = re.compile(
    r"\b(?P<place>left-?most|right-?most|top-?most|uppermost|closest|nearest|farthest|furthest)\b"
    r"(?! to (?!the camera|us\b|the viewer))"
)
_IN_FRONT = re.compile(r"\b(?P<place>front)$")

_LARGER = re.compile(r"\b(?:bigger|biggest|larger|largest|taller|tallest)\b")
_SMALLER = re.compile(r"\b(?:smaller|smallest|littler|littlest|tiniest|shorter|shortest)\b")

# From here on a sentence tells of another thing, or of what its own does.
_OTHER_THING = re.compile(
    rf"\b(?:(?:left|right) of(?! {_PICTURE})|"
    r"next to|beside|besides|behind|near|in front of|under|below|above|over|between|among|by|"
    r"with|wearing|against|towards?|from|of|that|which|who|"
    r"(?:hold|rid|follow|chas|carry|push|pull|driv|throw|hitt|kick|watch|feed|lead|touch)ing)\b"
)
_GOES = (
    r"(?:(?!standing|sitting|lying|waiting|staying)\w+ing|"
    r"moves|runs|walks|goes|heads|turns|drives|swims|flies)"
)
_TOWARDS = re.compile(
    rf"\b{_GOES} (?:away |slowly |quickly |fast |straight )?(?:from (?:left|right) |"
    r"from the (?:left|right) )?(?:(?:to|towards?) (?:the )?)?"
    r"(?P<way>left|right|up|down|upward|downward|leftward|rightward)s?\b(?! of\b)"
)
_STILL = re.compile(
    r"\b(?:standing|sitting|lying|parked|resting|sleeping|waiting|stationary|motionless|not moving|"
    r"(?:stays|stands|keeping|staying) still)\b"
)
_MOVING = re.compile(
    r"\b(?:moving|running|walking|driving|flying|swimming|jumping|rolling|galloping|trotting|racing|"
    r"marching|crawling|moves|runs|walks|drives|flies|swims)\b"
)
_WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_COLOUR = re.compile(rf"\b(?:{'|'.join(COLOUR_WORDS)})\b")


@dataclass(frozen=True)
class Wish:
    """By what the one meant differs from others of its kind.

    Attributes:
        colours: words for colours that it has.
        size: 1 for the larger, -1 for the smaller one, 0 where nothing is said of it.
        side: direction (x to the right, y down) in which it is farther than others; (0, 0) where
            nothing is said of it.
        middle: it is between others.
        moves: 1 for one that moves, -1 for one that stands still, 0 where nothing is said of it.
        heading: direction in which it moves; (0, 0) where nothing is said of it.
    """

    colours: tuple[str, ...] = ()
    size: int = 0
    side: tuple[int, int] = (0, 0)
    middle: bool = False
    moves: int = 0
    heading: tuple[int, int] = (0, 0)

    @property
    def nothing(self) -> bool:
        """Whether a sentence says nothing of the kind."""
        return self == Wish()


def wish_of(sentence: str) -> Wish:
    """Read an English sentence; what isn't understood is left out.

    Rules for places and sizes also serve ReCLIP (Subramanian et al., ReCLIP: A Strong Zero-Shot
    Baseline for Referring Expression Comprehension, 2022); these are our own.

    >>> wish_of("the silver car on the left") == Wish(colours=("silver",), side=(-1, 0))
    True
    >>> wish_of("a car driving to the left") == Wish(moves=1, heading=(-1, 0))
    True
    """
    words = " ".join(re.sub(r"[.,;!?]", " ", sentence.lower()).split())
    other = _OTHER_THING.search(words)
    own = words[: other.start()] if other else words
    place = _place(words, len(own))
    moves, heading = _motion(words, len(own))
    return Wish(
        colours=tuple(dict.fromkeys(_COLOUR.findall(own))),
        size=bool(_LARGER.search(own)) - bool(_SMALLER.search(own)),
        side=_SIDES.get(place, (0, 0)),
        middle=place in _MIDDLE,
        moves=moves,
        heading=heading,
    )


def _place(words: str, end: int) -> str:
    """Return the word for the place in the picture that is said before ``end``; "" for none."""
    for pattern in (_ADJECTIVE, _MOST, _IN_PLACE, _IN_FRONT):
        for found in pattern.finditer(words):
            if found.start("place") < end and not _tells_motion(found):
                return found["place"].replace("-", "")
    return ""


def _tells_motion(found: re.Match[str]) -> bool:
    """Whether it says where something goes, not where it is."""
    said = found.groupdict()
    return said.get("how") == "to" and bool(re.fullmatch(_GOES, said.get("before") or ""))


def _motion(words: str, end: int) -> tuple[int, tuple[int, int]]:
    """Return ``moves`` and ``heading`` of a wish, by what begins no later than ``end``."""
    towards, still, moving = (
        found if (found := pattern.search(words)) and found.start() <= end else None
        for pattern in (_TOWARDS, _STILL, _MOVING)
    )
    if towards:
        return 1, _WAYS[towards["way"].removesuffix("ward")]
    return (-1 if still else int(moving is not None)), (0, 0)
