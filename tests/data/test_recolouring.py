"""Repainted cut-outs are called by their new colour, and keep what isn't painted."""

from __future__ import annotations

import numpy as np
import pytest

from slvp.data import vocabulary
from slvp.data.pictures import Cutout
from slvp.data.recolouring import recoloured
from slvp.types import UInt8Array

RED, WHITE, TYRES, SKIN = (200, 30, 25), (235, 235, 232), (25, 25, 25), (205, 160, 135)


def _picture(surface: tuple[int, int, int], rest: tuple[int, int, int]) -> UInt8Array:
    """Two thirds of the one colour, shaded, over a third of the other; a transparent border."""
    rgba = np.zeros((90, 60, 4), np.uint8)
    rgba[5:85, 5:55, 3] = 255
    shading = np.linspace(0.75, 1.05, 60)[None, :, None]
    rgba[:60, :, :3] = np.clip(np.array(surface) * shading, 0, 255).astype(np.uint8)
    rgba[60:, :, :3] = rest
    return rgba


def _cutout(caption: str, class_name: str, rgba: UInt8Array) -> Cutout:
    return Cutout(
        name="one",
        read=lambda: rgba,
        class_name=class_name,
        caption=caption,
        broader=vocabulary.broader(class_name),
    )


def _several(cutout: Cutout) -> list[Cutout]:
    found = [recoloured(np.random.default_rng(seed), cutout) for seed in range(30)]
    return [one for one in found if one is not None]


@pytest.mark.parametrize("surface", [RED, WHITE])
def test_a_car_is_called_by_its_new_paint(surface) -> None:
    rgba = _picture(surface, TYRES)
    old = _cutout("a car", "car", rgba)
    assert old.look.colour == {RED: "red", WHITE: "white"}[surface]
    found = _several(old)
    assert len({one.look.colour for one in found}) >= 4
    for one in found:
        assert vocabulary.colours_differ(frozenset({one.look.colour}), frozenset({old.look.colour}))
        assert one.caption == "a car"
        pixels = one.load()
        assert (pixels[..., 3] == rgba[..., 3]).all()
        unchanged = pixels[66:, :, :3].astype(int) - rgba[66:, :, :3]
        assert np.abs(unchanged).max() <= 2, "tyres stay as they are"
        assert np.abs(pixels[20:50, 10:50, :3].astype(int) - rgba[20:50, 10:50, :3]).mean() > 20


def test_a_garment_changes_with_its_word_and_the_article() -> None:
    found = _several(_cutout("a woman in a white shirt", "person", _picture(WHITE, SKIN)))
    captions = {one.caption for one in found}
    assert "a woman in an orange shirt" in captions
    assert "a woman in a blue shirt" in captions
    for one in found:
        assert vocabulary.colours(one.caption) <= one.look.possible


def test_shading_stays() -> None:
    for one in _several(_cutout("a car", "car", _picture(RED, TYRES))):
        light = one.load()[20:50, 8:52, :3].sum(-1).mean(0)
        assert light[-5:].mean() > light[:5].mean() + 5


@pytest.mark.parametrize(
    ("caption", "class_name", "rgba"),
    [
        ("a brown dog", "dog", _picture(RED, TYRES)),  # nobody paints dogs
        ("a car", "car", _picture((120, 90, 60), TYRES)),  # no colour that anyone would name
        ("a woman in a blue shirt", "person", _picture(RED, SKIN)),  # where is it?
        ("a woman in black and white stripes", "person", _picture(WHITE, TYRES)),
        ("a man in a white shirt and white pants", "person", _picture(WHITE, SKIN)),
    ],
)
def test_what_is_not_known_to_be_a_surface_stays(caption, class_name, rgba) -> None:
    assert _several(_cutout(caption, class_name, rgba)) == []


def test_the_same_chance_paints_the_same() -> None:
    old = _cutout("a white car", "car", _picture(WHITE, TYRES))
    one, two = (recoloured(np.random.default_rng(5), old) for _ in range(2))
    assert one is not None and two is not None
    assert one.caption == two.caption != old.caption
    assert (one.load() == two.load()).all()
