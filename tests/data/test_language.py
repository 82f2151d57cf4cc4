"""Each sentence is checked again, from masks, flow and captions, against all objects in view."""

from __future__ import annotations

import re

import numpy as np
import pytest

from slvp.data import vocabulary
from slvp.data.cutouts import Cutout, CutoutLibrary
from slvp.data.flow import camera_flow
from slvp.data.world import World, WorldConfig
from slvp.types import Clip, Expression

SEEDS = range(250)
Said = list[tuple[Expression, Clip, dict[int, Cutout]]]


@pytest.fixture(scope="module")
def said() -> Said:
    world = World(
        CutoutLibrary.drawn_shapes(),
        WorldConfig(randomise=False, height=96, width=96, same_class=0.8, patches=0.0),
    )
    found: Said = []
    for seed in SEEDS:
        clip, cutouts = world.clip(seed), world.objects(seed)
        visible = set(np.unique(clip.ids_THW).tolist())
        cutouts = {key: cutout for key, cutout in cutouts.items() if key in visible}
        found += [(expression, clip, cutouts) for expression in clip.expressions]
    return found


def _meant(text: str, cutouts: dict[int, Cutout]) -> set[int]:
    """Ids that the first noun phrase of a sentence fits: by shape and by colour."""
    head = re.split(
        r" (?:next to|beside|near|above|below|in front of|behind|to the|on the|that is) ", text
    )[0]
    said_words = set(re.findall(r"\w+", head))
    if " that is " in text:
        said_words.add(re.findall(r"\w+", text.split(" that is ")[1])[0])
    colours = said_words & vocabulary.COLOURS
    said_words |= {"shape"} if said_words & {"figure", "figures"} else set()
    shape = next(name for name in _SHAPES if said_words & {name, vocabulary.plural(name)})
    return {
        key
        for key, cutout in cutouts.items()
        if (shape == "shape" or cutout.class_name == shape)
        and (not colours or cutout.caption.split()[1] in colours)
    }


_SHAPES = ("circle", "ring", "square", "triangle", "star", "heart", "cross", "shape")


def _centres(clip: Clip, object_id: int, axis: int) -> np.ndarray:
    """Centre of the visible box in each frame, 0..1; NaN where hidden."""
    centres = []
    for ids in clip.ids_THW:
        places = np.nonzero(ids == object_id)[1 - axis]
        size = ids.shape[1 - axis]
        centres.append((places.min() + places.max() + 1) / 2 / size if len(places) else np.nan)
    return np.array(centres)


def _mostly(margins: np.ndarray) -> bool:
    """Positive in most frames where both are seen, if there are any."""
    known = margins[~np.isnan(margins)]
    return len(known) > 0 and bool((known > 0).mean() > 0.7)


def _drift(clip: Clip, object_id: int) -> np.ndarray:
    """Mean motion against the scene, pixels a step, all frames but the last."""
    residuals = []
    for ids, flow, camera in list(zip(clip.ids_THW, clip.flow_THW2, clip.camera_T33, strict=True))[
        :-1
    ]:
        mask = ids == object_id
        if mask.any():
            residuals.append((flow - camera_flow(camera, *ids.shape))[mask].mean(0))
    return np.mean(residuals, 0) if residuals else np.zeros(2)


def _of_kind(said: Said, kind: str) -> Said:
    chosen = [entry for entry in said if entry[0].kind == kind]
    assert len(chosen) > 20, f"too few sentences of the kind {kind}"
    return chosen


def test_every_kind_occurs(said: Said) -> None:
    kinds = {expression.kind for expression, _, _ in said}
    assert kinds == {"appearance", "place", "size", "relation", "motion", "several", "absent"}


def test_appearance_names_one_object(said: Said) -> None:
    for expression, _, cutouts in _of_kind(said, "appearance"):
        assert _meant(expression.text, cutouts) == set(expression.object_ids), expression


def test_one_object_and_a_mask_of_it(said: Said) -> None:
    for expression, clip, _ in said:
        for object_id in expression.object_ids:
            assert (clip.ids_THW == object_id).any()
        assert len(expression.object_ids) == 1 or expression.kind in ("several", "absent")


def test_several_names_all_of_them(said: Said) -> None:
    for expression, _, cutouts in _of_kind(said, "several"):
        assert _meant(expression.text, cutouts) == set(expression.object_ids), expression
        assert len(expression.object_ids) >= 2


def test_absent_fits_nothing(said: Said) -> None:
    for expression, _, cutouts in _of_kind(said, "absent"):
        assert expression.object_ids == ()
        assert not _meant(expression.text, cutouts), expression


def test_share_of_absent_expressions(said: Said) -> None:
    share = np.mean([expression.kind == "absent" for expression, _, _ in said])
    assert 0.05 < share < 0.16


def test_left_and_right_are_true(said: Said) -> None:
    checked = 0
    for expression, clip, cutouts in _of_kind(said, "place"):
        place = re.search(
            r"\b(left|right)most\b|\b(?:at|on the(?: far)?|to the) (left|right)( side)?$",
            expression.text.replace(" hand side", ""),
        )
        if not place:
            continue
        own = _centres(clip, expression.object_ids[0], 0)
        others = _meant(expression.text, cutouts) - set(expression.object_ids)
        sign = 1 if "left" in (place[1], place[2]) else -1
        for other in others:
            gap = (_centres(clip, other, 0) - own) * sign
            assert _mostly(gap), expression
        if not others:
            assert _mostly((0.5 - own) * sign), expression
        checked += 1
    assert checked > 25


def test_top_and_bottom_are_true(said: Said) -> None:
    checked = 0
    for expression, clip, cutouts in _of_kind(said, "place"):
        words = re.findall(r"\b(top|upper|bottom|lower)\b", expression.text)
        if not words:
            continue
        own = _centres(clip, expression.object_ids[0], 1)
        others = _meant(expression.text, cutouts) - set(expression.object_ids)
        sign = 1 if words[0] in ("top", "upper") else -1
        for other in others:
            assert _mostly((_centres(clip, other, 1) - own) * sign), expression
        if not others:
            assert _mostly((0.5 - own) * sign), expression
        checked += 1
    assert checked > 10


def test_size_is_true(said: Said) -> None:
    for expression, clip, cutouts in _of_kind(said, "size"):
        large = bool(re.search(r"\b(big|large|bigger|larger|biggest|largest)\b", expression.text))
        noun = expression.text.replace(" one of", "").replace(" of the two", "")
        area = (clip.ids_THW == expression.object_ids[0]).sum()
        others = _meant(noun, cutouts) - set(expression.object_ids)
        assert others, expression
        for other in others:
            other_area = (clip.ids_THW == other).sum()
            assert (area > other_area) if large else (area < other_area), expression


def test_motion_is_true_of_one_only(said: Said) -> None:
    checked = 0
    ways = {"left": (0, -1), "right": (0, 1), "up": (1, -1), "down": (1, 1)}
    for expression, clip, cutouts in _of_kind(said, "motion"):
        others = _meant(expression.text, cutouts) - set(expression.object_ids)
        target = expression.object_ids[0]
        found = re.search(
            r"(?<!not )(moving|going|heading) .*?"
            r"\b(left|right|up|down)(?:wards?)?( to right| to left)?$",
            # Where it is may be said, too.
            re.sub(r" on the (left|right)( side)?$", "", expression.text).removesuffix(" side"),
        )
        if found:
            way = found[3].split()[-1] if found[3] else found[2]
            axis, sign = ways[way]
            assert _drift(clip, target)[axis] * sign > 0.5, expression
            for other in others:
                assert _drift(clip, other)[axis] * sign < 0.8, expression
            checked += 1
        elif re.search(r"still|not mov|staying", expression.text):
            assert np.abs(_drift(clip, target)).max() < 0.6, expression
            for other in others:
                assert np.abs(_drift(clip, other)).max() > 0.5, expression
            checked += 1
    assert checked > 40


def test_sentences_vary(said: Said) -> None:
    texts = [expression.text for expression, _, _ in said]
    assert len(set(texts)) > 0.6 * len(texts)
    assert all(text == text.strip() and "  " not in text for text in texts)


def test_articles_fit() -> None:
    assert vocabulary.with_a("orange star") == "an orange star"
    assert vocabulary.with_a("uniform") == "a uniform"
    for text in ("a owl", "an dog"):
        assert not re.search(rf"\b{text}\b", vocabulary.with_a(text.split()[1]))


@pytest.mark.parametrize(
    ("noun", "class_name", "expected"),
    [
        ("dog", "dog", True),
        ("animal", "dog", True),
        ("vehicle", "dog", False),
        ("woman", "man", False),
        ("person", "skier", True),
        ("skier", "person", True),
        ("man", "skier", True),
        ("skier", "surfer", False),
        ("bicycle", "cyclist", True),
        ("tennis player", "tennis racket", False),
        ("boat", "sailboat", True),
        ("cat", "dog", False),
    ],
)
def test_could_be(noun: str, class_name: str, expected: bool) -> None:
    assert vocabulary.could_be(noun, class_name, vocabulary.broader(class_name)) is expected


@pytest.mark.parametrize(
    ("said_colours", "other", "differ"),
    [
        ({"black"}, {"white"}, True),
        ({"gray"}, {"silver"}, False),
        ({"black"}, set(), False),
        ({"brown"}, {"brown", "white"}, False),
        ({"brown", "white"}, {"brown"}, True),
    ],
)
def test_colours_differ(said_colours: set[str], other: set[str], differ: bool) -> None:
    assert vocabulary.colours_differ(frozenset(said_colours), frozenset(other)) is differ


def test_plurals() -> None:
    singular = ["dog", "woman", "sheep", "potato", "strawberry", "bus", "tennis player", "cross"]
    assert [vocabulary.plural(noun) for noun in singular] == [
        "dogs", "women", "sheep", "potatoes", "strawberries", "buses", "tennis players", "crosses",
    ]  # fmt: skip


def test_captions_tell_who_moves() -> None:
    world = World(CutoutLibrary.drawn_shapes(), WorldConfig(randomise=False, still_object=0.0))
    clips = [world.clip(seed) for seed in range(40)]
    moving = [c for c in clips for c in c.captions if re.search("moving|going|heading", c)]
    assert len(moving) > 30
    assert all(1 <= len(clip.captions) <= 3 for clip in clips if clip.expressions)
