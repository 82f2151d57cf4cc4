"""What a sentence says, in plain words, to tell its object from others alike."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slvp.data.colour_naming import COLOUR_WORDS

_SIDES = {
    "left": (-1, 0),
    "right": (1, 0),
    "top": (0, -1),
    "upper": (0, -1),
    "bottom": (0, 1),
    "lower": (0, 1),
}
_DEPTHS = {"front": 1, "foreground": 1, "back": -1, "rear": -1, "background": -1, "distance": -1}
_MIDDLE = ("middle", "center", "centre")
_SIDE = rf"(?P<place>{'|'.join((*_SIDES, *_MIDDLE))})(?: (?P<second>left|right))?"

_PICTURE = r"the (?:picture|image|frame|screen|video|photo|photograph|scene|shot|view)\b"
_VIEWER = r"(?:the camera|the viewer|us)"

# Known turns of phrase alone are understood: a wish that nobody has is worse than none. What
# follows "on the left" must be another clause, or it is said of a road's side, or of a leg.
_CLAUSE = rf"(?= of {_PICTURE}|$| (?:\w+ing|in|with|who|that|which)\b)"
_IN_PLACE = re.compile(
    rf"\b(?P<how>on|at|in|to) the (?:far |very )?{_SIDE}(?: hand side| side| end| corner)?{_CLAUSE}"
)
_AT_DEPTH = re.compile(rf"\bin (?:the )?(?P<depth>{'|'.join(_DEPTHS)}){_CLAUSE}")
_FROM_CAMERA = re.compile(
    rf"\b(?P<most>closest|nearest|farthest|furthest)(?: (?:to|from) {_VIEWER})?$"
)
# "The left car", but not "the left hand" or "the left door of a car": these are parts.
_ADJECTIVE = re.compile(
    rf"^(?:(?:the|an?) )?(?:far )?{_SIDE}(?: ?most)? "
    r"(?!(?:\w+ed|hand|arm|leg|foot|paw|eye|ear|wing|side|half|part|left|right)\b)\w+"
)
_MOST = re.compile(r"\b(?P<place>left|right|top|bottom|upper) ?most\b")
_COUNTED = re.compile(r"\b(?:second|third|fourth|fifth|2nd|3rd|4th|5th|other)\b")

_LARGER = re.compile(r"\b(?:bigger|biggest|larger|largest|taller|tallest)\b")
_SMALLER = re.compile(r"\b(?:smaller|smallest|littlest|tiniest|shorter|shortest)\b")

# The first words name the thing, up to one of these.
_AFTER_NAME = re.compile(
    r"\b(?:\w+ing|on|at|in|to|of|by|with|without|near|next|beside|besides|behind|under|below|above|"
    r"over|between|among|against|towards?|from|into|onto|inside|through|across|along|around|that|"
    r"which|who|is|has|moves|runs|walks|goes|heads|drives|swims|flies|stands|sits|lies|turns)\b"
)
# From here on, another thing is told of.
_OTHER_THING = re.compile(
    rf"\b(?:next to|beside|besides|behind|near|in front of|under|below|above|over|between|among|by|"
    rf"against|with|wearing|that|which|who|of(?! {_PICTURE})|"
    r"\w+ing (?:an?|the|its|his|her|their|another))\b"
)
_COLOURS = rf"(?:{'|'.join(COLOUR_WORDS)})"
_PEOPLE = r"(?:m[ae]n|wom[ae]n|boy|girl|guy|lady|person|kid)"
# Skin isn't what pixels tell.
_COLOUR = re.compile(rf"\b(?!(?:white|black|brown) {_PEOPLE}\b){_COLOURS}\b")
_DRESSED = re.compile(
    rf"^(?:in|wearing) (?:an? |the )?(?P<dress>(?:dark |light )?{_COLOURS}(?: and {_COLOURS})?)"
    r"(?:$| (?:t )?(?:shirt|top|dress|jacket|coat|vest|sweater|hoodie|suit|uniform|outfit|clothes|"
    r"skirt|shorts|pants|trousers|jeans|robe|kimono)\b)"
)

_STANDING = r"(?:standing|sitting|lying|parked|waiting|resting)"
_GOING = (
    r"(?:(?:mov|runn|walk|go|head|com|driv|rid|swimm|fly|jump|roll|gallop|trott|rac|march|crawl|"
    r"sail|drift|cycl|skat|travel|climb|ris|fall|descend|ascend)ing|"
    r"moves|runs|walks|goes|heads|drives|swims|flies)"
)
_TOWARDS = re.compile(
    rf"\b{_GOING} (?:away |off |slowly |quickly |fast |straight )?"
    r"(?:(?:from )?(?:the )?(?:left|right)(?: side)? (?=to(?:wards?)? ))?"
    r"(?:(?:to|towards?) (?:the )?)?"
    r"(?P<way>left|right|up|down)(?:wards?)?(?: side)?"
    rf"{_CLAUSE}"
)
_STILL = re.compile(
    r"\b(?:parked|motionless|stationary|not moving|(?:stays|stands|keeping|staying|standing) still|"
    rf"{_STANDING}(?=$| (?:on|at|in|to) the (?:far )?(?:{'|'.join(_SIDES)}|ground|grass|floor)\b))"
)
_MOVING = re.compile(rf"(?<!not )(?<!n't )(?<!without )\b{_GOING}\b")
_WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


@dataclass(frozen=True)
class Wish:
    """By what the one meant differs from others of its kind.

    Attributes:
        colours: words for colours, all of which it has.
        size: 1 for the larger, -1 for the smaller one, 0 where nothing is said of it.
        side: direction (x to the right, y down) in which it is farther than others; (0, 0) where
            nothing is said of it.
        middle: it is between others.
        nearer: 1 for the one nearer to the camera, -1 for one farther away, 0 where nothing is
            said of it.
        moves: 1 for one that moves, -1 for one that stands still, 0 where nothing is said of it.
        heading: direction in which it moves; (0, 0) where nothing is said of it.
    """

    colours: tuple[str, ...] = ()
    size: int = 0
    side: tuple[int, int] = (0, 0)
    middle: bool = False
    nearer: int = 0
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
    words = " ".join(re.sub(r"[-.,;!?]", " ", sentence.lower()).split())
    after, other = _AFTER_NAME.search(words), _OTHER_THING.search(words)
    name = words[: after.start()] if after else words
    own = words[: other.start()].rstrip() if other else words
    dressed = _DRESSED.match(words[len(name) :])
    looks = f"{name} {dressed['dress']}" if dressed else name
    side, middle = _place(words, name, own)
    moves, heading = _motion(words, own)
    return Wish(
        colours=tuple(dict.fromkeys(_COLOUR.findall(looks))),
        size=bool(_LARGER.search(name)) - bool(_SMALLER.search(name)),
        side=side,
        middle=middle,
        # Of things that move, the one in front is the first of them.
        nearer=0 if moves > 0 else _nearer(words, own),
        moves=moves,
        heading=heading,
    )


def _place(words: str, name: str, own: str) -> tuple[tuple[int, int], bool]:
    """Return ``side`` and ``middle`` of a wish."""
    found = _ADJECTIVE.match(name) or _MOST.search(own)
    if found and own != words and words[len(own) :].lstrip().startswith("of "):
        found = None  # a part
    for place in _IN_PLACE.finditer(words):
        before = words[: place.start()].rstrip()
        told = place["how"] != "to" or before == name.rstrip()
        told = told or re.search(rf"\b{_STANDING}$", before) is not None
        if found is None and told and place.start() < len(own):
            found = place
    if found is None or _COUNTED.search(own):
        return (0, 0), False
    said = found.groupdict()
    if said["place"] in _MIDDLE:
        return (0, 0), True
    (x, y), (further, _) = _SIDES[said["place"]], _SIDES.get(said.get("second") or "", (0, 0))
    return (x + further, y), False


def _nearer(words: str, own: str) -> int:
    depth, most = _AT_DEPTH.search(words), _FROM_CAMERA.search(words)
    if depth and depth.start() < len(own):
        return _DEPTHS[depth["depth"]]
    if most and most.start() < len(own):
        return 1 if most["most"] in ("closest", "nearest") else -1
    return 0


def _motion(words: str, own: str) -> tuple[int, tuple[int, int]]:
    """Return ``moves`` and ``heading`` of a wish."""
    towards, still, moving = (
        found if (found := pattern.search(words)) and found.start() <= len(own) else None
        for pattern in (_TOWARDS, _STILL, _MOVING)
    )
    if still and (moving or towards):
        return 0, (0, 0)
    if towards:
        return 1, _WAYS[towards["way"]]
    return (-1 if still else int(moving is not None)), (0, 0)
