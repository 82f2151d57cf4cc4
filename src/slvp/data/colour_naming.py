"""Which colour an object has, measured from its pixels, in the words that people use.

Captions name colours of some cut-outs only. Two things are measured: the colour that anyone would
say the object has (often none: most objects have several), and all colour words that anyone might
use for it, so that "the red car" can be told from a car whose caption names no colour.

Bounds were set by looking at cut-outs: where a single colour is named, at least 95% agree with
what a person would say.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from slvp.types import BoolArray, UInt8Array

_SIDE = 48  # pixels: enough to measure shares
_LEAST_PART = 0.025  # share of an object that a colour word can be meant for, such as a garment
_LEAST_WHOLE = 0.1  # the same where the word is for the whole thing

# Animals whose coats people call by one of few colours.
_COAT_CLASSES = (
    "horse, dog, cat, cow, bear, deer, monkey, otter, goat, llama, sheep, kangaroo, beaver, "
    "buffalo, bison, donkey, wildcat, cougar, rabbit, pig, fox, wolf, squirrel"
)
_PAINTED_CLASSES = (
    "car, bus, motorcycle, scooter, tractor, cup, jug, vase, bowl, couch, armchair, "
    "suitcase, backpack, handbag, bench, frisbee, kite, strawberry, apple, pepper, tomato, lemon, "
    "banana"
)
_COATS = frozenset(_COAT_CLASSES.split(", "))
PAINTED = frozenset(_PAINTED_CLASSES.split(", "))

# Colour words and the kinds of pixels that may be meant; shades of a word share its pixels.
_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red",),
    "crimson": ("red",),
    "burgundy": ("red", "brown"),
    "maroon": ("red", "brown"),
    "reddish": ("red", "brown", "orange"),
    "pink": ("pink",),
    "peach": ("pink", "orange", "cream"),
    "orange": ("orange",),
    "golden": ("yellow", "orange", "brown", "cream"),
    "gold": ("yellow", "orange", "brown"),
    "yellow": ("yellow",),
    "green": ("green",),
    "olive": ("green", "brown", "yellow"),
    "khaki": ("green", "brown", "cream", "yellow"),
    "teal": ("green", "blue"),
    "turquoise": ("green", "blue"),
    "blue": ("blue",),
    "navy": ("blue", "black"),
    "purple": ("purple",),
    "violet": ("purple",),
    "lavender": ("purple", "white"),
    "brown": ("brown",),
    "chestnut": ("brown", "red"),
    "bronze": ("brown", "yellow"),
    "tan": ("brown", "cream"),
    "beige": ("cream", "brown", "white"),
    "cream": ("cream", "white"),
    "ivory": ("cream", "white"),
    "blond": ("cream", "yellow", "brown"),
    "blonde": ("cream", "yellow", "brown"),
    "gray": ("gray",),
    "grey": ("gray",),
    "silver": ("gray", "white"),
    "white": ("white",),
    "black": ("black",),
    "dark": ("black", "brown", "gray"),
}

COLOUR_WORDS = tuple(word for word in _WORDS if word != "dark")  # that is said of colours, too


@dataclass(frozen=True)
class Look:
    """The colours of an object.

    Attributes:
        colour: the colour that anyone would name, such as "brown" or "black and white"; "" where
            there is no such one.
        possible: all colour words that someone might use of it or of a part of it.
    """

    colour: str
    possible: frozenset[str]


NOTHING_KNOWN = Look("", frozenset(_WORDS))
"""Of what can't be seen: any colour is possible."""


@dataclass(frozen=True)
class _Pixels:
    """Lightness 0..100, chroma and hue (degrees) of pixels in CIE Lab."""

    light: np.ndarray
    chroma: np.ndarray
    hue: np.ndarray

    def hued(self, low: float, high: float) -> BoolArray:
        """Hue in a range that may lead over 360."""
        if low < high:
            return np.asarray((self.hue >= low) & (self.hue < high))
        return np.asarray((self.hue >= low) | (self.hue < high))


def look(rgba: UInt8Array, class_name: str, *, whole: bool) -> Look:
    """Measure an object's colours.

    Args:
        rgba: HW4; pixels with little alpha don't count.
        class_name: which colours are ordinary depends on what it is.
        whole: colours are said of the whole thing ("a red car"), not of parts ("a woman in red").
    """
    pixels = _pixels(rgba)
    if not len(pixels.light):
        return NOTHING_KNOWN
    shares = {kind: float(mask.mean()) for kind, mask in _kinds(pixels).items()}
    least = _LEAST_WHOLE if whole else _LEAST_PART
    possible = frozenset(
        word for word, kinds in _WORDS.items() if any(shares[kind] >= least for kind in kinds)
    )
    colour = ""
    if class_name in _COATS:
        colour = _coat(pixels)
        if class_name == "cat" and colour == "brown":
            colour = ""  # most of these are called orange or ginger
    elif class_name in PAINTED:
        colour = _paint(pixels)
    return Look(colour, possible)


def colour_share(pixels_N3: UInt8Array, word: str) -> float:
    """Return the share of pixels (RGB) that may be meant by one of ``COLOUR_WORDS``."""
    if not len(pixels_N3):
        return 0.0
    kinds = _kinds(_measured(pixels_N3))
    meant = np.any([kinds[kind] for kind in _WORDS[word]], axis=0)
    return float(meant.mean())


def _pixels(rgba: UInt8Array) -> _Pixels:
    height, width = rgba.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
    opaque = (small[..., 3] > 200).astype(np.uint8)
    inner = cv2.erode(opaque, np.ones((3, 3), np.uint8))
    # Outlines carry colours of what was behind; thin things have nothing else.
    inside = (inner if inner.sum() > 60 else opaque).astype(bool)
    return _measured(small[..., :3][inside])


def _measured(pixels_N3: UInt8Array) -> _Pixels:
    if not len(pixels_N3):  # OpenCV converts no empty picture
        return _Pixels(*np.zeros((3, 0), np.float32))
    lab_N3 = cv2.cvtColor(np.float32(pixels_N3[None]) / 255, cv2.COLOR_RGB2LAB)[0]
    light, a, b = lab_N3.T
    return _Pixels(light, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360)


def _kinds(pixels: _Pixels) -> dict[str, BoolArray]:
    """Kinds of pixels, generous: a pixel that two people name differently is of both kinds."""
    light, chroma = pixels.light, pixels.chroma
    dull = chroma < 16
    return {
        "red": (chroma > 16) & pixels.hued(335, 55) & (light < 72),
        "pink": (chroma > 10) & pixels.hued(310, 45) & (light > 40),
        "orange": pixels.hued(34, 82) & (chroma > 28) & (light > 32),
        "yellow": pixels.hued(62, 118) & (chroma > 18) & (light > 42),
        "green": (chroma > 6) & pixels.hued(95, 210),
        "blue": (chroma > 5) & pixels.hued(195, 315),
        "purple": (chroma > 10) & pixels.hued(280, 358),
        "brown": (chroma > 5) & pixels.hued(345, 98) & (light < 74),
        "cream": (chroma > 4) & pixels.hued(30, 115) & (light > 50),
        "gray": dull & (light > 18) & (light < 88),
        "white": (chroma < 24) & (light > 58),
        "black": (dull & (light < 38)) | (light < 22),
    }


def _coat(pixels: _Pixels) -> str:
    light, chroma = pixels.light, pixels.chroma
    brown = float(((chroma > 11) & pixels.hued(25, 88) & (light > 14) & (light < 74)).mean())
    white = float(((light > 72) & (chroma < 14)).mean())
    dark = float((((light < 32) & (chroma < 13)) | (light < 14)).mean())
    # Tinted photographs: nobody's coat is green or blue.
    tinted = float(((chroma > 14) & ~pixels.hued(20, 110) & (light > 15)).mean())
    if tinted > 0.12:
        return ""
    if dark > 0.75 and brown < 0.08 and white < 0.05 and np.percentile(light, 75) < 30:
        return "black"
    if brown > 0.45 and brown + dark > 0.8 and white < 0.06 and dark < 0.4:
        return "brown"
    if white > 0.62 and brown + dark < 0.15:
        return "white"
    if min(dark, white) > 0.25 and dark + white > 0.75 and brown < 0.08:
        return "black and white"
    return ""


def _paint(pixels: _Pixels) -> str:
    light, chroma = pixels.light, pixels.chroma
    strong = (chroma > 34) & (light > 18)
    hues = {
        "red": pixels.hued(352, 44) & (light < 65),
        "orange": pixels.hued(50, 68) & (chroma > 50) & (light > 45),
        "yellow": pixels.hued(78, 108) & (chroma > 45) & (light > 55),
        "green": pixels.hued(115, 170),
        "blue": pixels.hued(230, 303),
    }
    painted = float(strong.mean())
    if painted > 0.08:
        shares = {name: float((mask & strong).mean()) / painted for name, mask in hues.items()}
        name = max(shares, key=lambda colour: shares[colour])
        return name if shares[name] > 0.85 else ""
    if painted < 0.03 and (chroma > 20).mean() < 0.12:
        if ((light > 70) & (chroma < 12)).mean() > 0.6:
            return "white"
        if (light < 30).mean() > 0.75 and np.percentile(light, 90) < 55:
            return "black"
    return ""
