"""Colours that are measured are those that people would say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slvp.data import vocabulary
from slvp.data.colour_naming import look
from slvp.data.cutouts import CutoutLibrary

SHARED = Path(__file__).parents[3] / "shared" / "cutouts"


def _plain(*colours: tuple[int, int, int]) -> np.ndarray:
    """An object of stripes on a transparent ground that has another colour."""
    rgba = np.zeros((60, 60, 4), np.uint8)
    rgba[..., :3] = (0, 255, 0)
    for index, part in enumerate(np.array_split(np.arange(10, 50), len(colours))):
        rgba[part[:, None], 10:50] = (*colours[index], 255)
    return rgba


@pytest.mark.parametrize(
    ("class_name", "colours", "expected"),
    [
        ("horse", [(110, 70, 40)], "brown"),
        ("horse", [(20, 18, 18)], "black"),
        ("horse", [(20, 18, 18), (235, 235, 230)], "black and white"),
        ("dog", [(240, 238, 235)], "white"),
        ("dog", [(120, 120, 120)], ""),
        ("dog", [(40, 60, 160)], ""),
        ("car", [(200, 20, 20)], "red"),
        ("car", [(30, 60, 190)], "blue"),
        ("car", [(200, 20, 20), (30, 60, 190)], ""),
        ("woman", [(200, 20, 20)], ""),
    ],
)
def test_colour(class_name: str, colours: list[tuple[int, int, int]], expected: str) -> None:
    assert look(_plain(*colours), class_name, whole=True).colour == expected


def test_possible_colours_are_those_of_the_object_only() -> None:
    possible = look(_plain((200, 20, 20), (235, 235, 235)), "car", whole=True).possible
    assert {"red", "white"} <= possible
    assert not {"blue", "green", "yellow"} & possible


def test_small_parts_count_only_where_colours_are_of_parts() -> None:
    stripes = [(20, 20, 20)] * 19 + [(30, 60, 190)]
    assert "blue" in look(_plain(*stripes), "woman", whole=False).possible
    assert "yellow" not in look(_plain(*stripes), "woman", whole=False).possible
    assert "blue" not in look(_plain(*stripes), "car", whole=True).possible


def test_of_what_is_not_seen_any_colour_is_possible() -> None:
    nothing = look(np.zeros((9, 9, 4), np.uint8), "car", whole=True)
    assert nothing.colour == "" and nothing.possible == vocabulary.COLOURS


@pytest.mark.skipif(not SHARED.is_dir(), reason="the development cut-outs are not here")
def test_real_cutouts_agree_with_their_captions() -> None:
    named, agree, impossible, all_said = 0, 0, 0, 0
    for cutout in CutoutLibrary.from_folder(SHARED).cutouts[::8]:
        said = vocabulary.colours(cutout.caption)
        impossible += len(said - cutout.look.possible)
        all_said += len(said)
        if said and cutout.look.colour:
            named += 1
            measured = vocabulary.colours(cutout.look.colour)
            agree += not vocabulary.colours_differ(measured, said)
    assert named > 15 and agree > 0.9 * named
    assert impossible < 0.04 * all_said
