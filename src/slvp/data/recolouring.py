"""Cut-outs in another colour: the same car in red and in blue, told apart by the word alone."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from slvp.data import colour_naming, vocabulary
from slvp.data.pictures import Cutout
from slvp.types import BoolArray, UInt8Array

_Lab = npt.NDArray[np.float32]

# Lightness 0..100, chroma and hue (degrees) of CIE Lab: in the middle of what the word is said of.
_COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (43, 58, 30),
    "orange": (60, 66, 58),
    "yellow": (78, 68, 92),
    "green": (48, 46, 145),
    "blue": (42, 46, 272),
    "purple": (40, 46, 312),
    "pink": (70, 38, 352),
    "white": (88, 2, 0),
    "black": (16, 2, 0),
}
_PAINTED_SOURCES = ("red", "orange", "yellow", "green", "blue", "white")
_WORN_SOURCES = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")
# Of the others there is no rule that tells it of a painted thing.
_PAINTED_TARGETS = ("red", "orange", "yellow", "green", "blue", "white", "black")

_HUE_REACH = 38.0  # degrees from the paint's own hue that are still the paint
_LEAST_CHROMA = {"painted": 18.0, "worn": 28.0}  # of a coloured surface; skin has less
_LEAST_SHARE = 0.08  # of the object
_MIXED = re.compile(r"\b(black and white|white and black|striped|plaid|checkered|patterned)\b")
_TRIES = 4
_SOFT = 1.2  # pixels over which a new colour begins


def recoloured(rng: np.random.Generator, cutout: Cutout) -> Cutout | None:
    """Return the cut-out in another colour, with a caption that says so.

    Painted things change their paint, people the one garment whose colour the caption names.

    Returns:
        None where it isn't known what to change, or where nobody would see the new colour.
    """
    worn = "person" in (cutout.class_name, *cutout.broader)
    if not worn and cutout.class_name not in colour_naming.PAINTED:
        return None
    # Where several things have colours, or one is a mixture, no word stands for a whole surface.
    said = vocabulary.colours(cutout.caption)
    named = said or {cutout.look.colour}
    sources = [
        name
        for name in (_WORN_SOURCES if worn else _PAINTED_SOURCES)
        if name in named and len(re.findall(_said_of_a_surface(name), cutout.caption)) < 2
    ]
    if not sources or _MIXED.search(cutout.caption):
        return None
    source = sources[int(rng.integers(len(sources)))]
    targets = [
        name
        for name in (_COLOURS if worn else _PAINTED_TARGETS)
        if all(_differ(name, other) for other in {*said, source})
    ]
    rgba = cutout.load()
    surface = _surface(rgba, source, "worn" if worn else "painted")
    if surface is None:
        return None
    for _ in range(_TRIES):
        target = targets[int(rng.integers(len(targets)))]
        changed = replace(
            cutout,
            name=f"{cutout.name} in {target}",
            read=partial(_painted, rgba, surface, target),
            caption=_reworded(cutout.caption, source, target),
        )
        seen = changed.look
        if target in seen.possible if worn else seen.colour == target:
            return changed
    return None


def _differ(one: str, other: str) -> bool:
    return vocabulary.colours_differ(frozenset({one}), frozenset({other}))


def _said_of_a_surface(colour: str) -> str:
    """A pattern for a colour with what belongs to it: its article, and how dark it is."""
    return rf"\b(?:(an?) )?(?:dark |light |bright |pale )?{colour}\b"


def _reworded(caption: str, source: str, target: str) -> str:
    """Put one colour for another, with the right article."""

    def said(match: re.Match[str]) -> str:
        return vocabulary.with_a(target) if match.group(1) else target

    return re.sub(_said_of_a_surface(source), said, caption, count=1)


def _to_lab(rgba: UInt8Array) -> _Lab:
    return np.asarray(cv2.cvtColor(np.float32(rgba[..., :3]) / 255, cv2.COLOR_RGB2LAB))


def _surface(rgba: UInt8Array, source: str, kind: str) -> BoolArray | None:
    """Which pixels have the colour that is to be changed; None where they are too few."""
    light, a, b = np.moveaxis(_to_lab(rgba), -1, 0)
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
    opaque = rgba[..., 3] > 127
    if source == "white":
        found = opaque & (chroma < 14) & (light > 58)
    else:
        away = np.abs((hue - _COLOURS[source][2] + 180) % 360 - 180)
        found = opaque & (away < _HUE_REACH) & (chroma > _LEAST_CHROMA[kind])
    return found if found.sum() > _LEAST_SHARE * opaque.sum() else None


def _painted(rgba: UInt8Array, surface: BoolArray, target: str) -> UInt8Array:
    """Give a surface another colour; its shading stays."""
    lab = _to_lab(rgba)
    light, chroma, hue = _COLOURS[target]
    shading = lab[..., 0] - np.median(lab[..., 0][surface])
    if chroma < 10:
        shading = 0.5 * shading  # black and white things have no strong lights and shadows
    new_light = np.clip(light + 0.8 * shading, 4, 98)
    # Highlights and deep shadows have hardly a colour.
    colourful = chroma * np.clip(np.minimum(new_light, 104 - new_light) / 30, 0.15, 1)
    angle = np.radians(hue)
    new = np.stack([new_light, colourful * np.cos(angle), colourful * np.sin(angle)], axis=-1)
    weight = cv2.GaussianBlur(np.float32(surface), (0, 0), _SOFT)[..., None]
    mixed = np.float32(lab * (1 - weight) + new * weight)
    rgb = cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB)
    result = rgba.copy()
    result[..., :3] = np.clip(255 * rgb + 0.5, 0, 255).astype(np.uint8)
    return result
