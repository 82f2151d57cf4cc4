"""Photographs with objects of their own, and videos, behind the objects of the world."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from slvp.data.background_videos import open_background_videos
from slvp.data.cutouts import CutoutLibrary
from slvp.data.phrases import Phrase
from slvp.data.stills import Stills
from slvp.data.world import World, WorldConfig
from slvp.errors import UserError
from slvp.video import VideoWriter

# Shapes under the names of things that photographs show, too.
SHAPES = CutoutLibrary.drawn_shapes()
NAMES = {"circle": "dog", "star": "car", "heart": "cup"}
LIBRARY = CutoutLibrary(
    tuple(
        replace(c, class_name=NAMES[c.class_name], caption=f"a {NAMES[c.class_name]}", broader=b)
        for c in SHAPES.cutouts
        if c.class_name in NAMES
        for b in [{"circle": ("animal",), "star": ("vehicle",), "heart": ("object",)}[c.class_name]]
    ),
    SHAPES.backgrounds,
)
PLAIN = WorldConfig(height=96, width=128, randomise=False, patches=0.0, crowd=0.0, max_objects=2)
GREEN = (20, 180, 40)


@pytest.fixture(scope="module")
def stills(tmp_path_factory: pytest.TempPathFactory) -> Stills:
    """A photograph of a green dog and of the largest of many cars."""
    folder = tmp_path_factory.mktemp("stills")
    picture = np.random.default_rng(0).integers(100, 140, (120, 160, 3), np.uint8)
    ids = np.zeros((120, 160), np.uint8)
    for object_id, left in ((1, 10), (2, 100)):
        ids[30:90, left : left + 50] = object_id
    picture[ids == 1], picture[ids == 2] = GREEN, (120, 20, 120)
    Image.fromarray(picture).save(folder / "a.jpg", quality=98)
    mask = Image.fromarray(ids).convert("P")
    mask.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0])
    mask.save(folder / "a.png")
    rows = [
        "image,object_id,class_name,caption",
        "a.jpg,1,dog,a dog",
        "a.jpg,2,car,the largest car",
    ]
    (folder / "stills.csv").write_text("\n".join(rows) + "\n")
    return Stills(folder)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video that gets brighter, and one without a caption."""
    folder = tmp_path_factory.mktemp("videos")
    for name in ("a", "b"):
        with VideoWriter(folder / f"{name}.mp4", frame_rate=Fraction(12)) as writer:
            for step in range(12):
                writer.write(np.full((96, 128, 3), 40 + 12 * step, np.uint8))
    captions = [{"file": "a.mp4", "captions": ["Two women in yellow coats walk with their dogs."]}]
    (folder / "captions.json").write_text(json.dumps(captions))
    return folder


def test_objects_of_the_photograph_are_asked_for(stills: Stills) -> None:
    world = World(LIBRARY, replace(PLAIN, still_backgrounds=1.0), stills)
    own = 0
    for seed in range(40):
        clip, pasted = world.clip(seed), world.objects(seed)
        dog = len(pasted) + 1
        for frame, ids in zip(clip.frames_THWC, clip.ids_THW, strict=True):
            inside = cv2.erode((ids == dog).astype(np.uint8), np.ones((7, 7))) > 0
            if inside.any():
                assert np.abs(np.median(frame[inside], axis=0) - GREEN).max() < 12
        for expression in clip.expressions:
            if expression.object_ids == (dog,):
                own += 1
                assert not re.match(r"(a |the )?(\w+ )?(car|cup)\b", expression.text)
            dogs = [number for number, cutout in pasted.items() if cutout.class_name == "dog"]
            if expression.text in ("a dog", "the dog", "dog"):
                assert not dogs, "a pasted dog is a dog, too"
    assert own > 15


def test_nobody_says_what_unlabelled_cars_could_be(stills: Stills) -> None:
    world = World(LIBRARY, replace(PLAIN, still_backgrounds=1.0), stills)
    said = [e.text for seed in range(40) for e in world.clip(seed).expressions]
    assert said
    assert not [text for text in said if text in ("a car", "the car", "a vehicle", "the vehicle")]


def test_flow_holds_for_objects_of_the_photograph(stills: Stills) -> None:
    world = World(LIBRARY, replace(PLAIN, still_backgrounds=1.0), stills)
    clip = next(c for c in map(world.clip, range(9)) if np.abs(c.camera_T33[0]).sum() > 3.5)
    y, x = np.mgrid[:96, :128].astype(np.float32)
    there = cv2.remap(
        clip.ids_THW[1], x + clip.flow_THW2[0, ..., 0], y + clip.flow_THW2[0, ..., 1], 0
    )
    own = cv2.erode((clip.ids_THW[0] == clip.ids_THW[0].max()).astype(np.uint8), np.ones((9, 9)))
    assert own.any() and (there[own > 0] == clip.ids_THW[0].max()).mean() > 0.9


def test_pasted_objects_are_often_like_those_shown(stills: Stills) -> None:
    many = replace(PLAIN, min_objects=2, same_class=1.0)

    def share(world: World) -> float:
        pasted = [c for seed in range(60) for c in world.objects(seed).values()]
        return float(np.mean([cutout.class_name in ("dog", "car") for cutout in pasted]))

    assert share(World(LIBRARY, replace(many, still_backgrounds=1.0), stills)) == 1.0
    assert share(World(LIBRARY, many)) < 0.9


def test_videos_go_on_behind_the_objects(videos: Path) -> None:
    found = open_background_videos([videos])
    world = World(LIBRARY, replace(PLAIN, video_backgrounds=1.0), videos=found)
    for seed in range(8):
        clip = world.clip(seed)
        shown = zip(clip.frames_THWC, clip.ids_THW, strict=True)
        behind = [frame[ids == 0].mean() for frame, ids in shown]
        steps = np.diff(behind)
        assert (steps > 5).all() or (steps < -5).all(), "brighter, or backwards darker"
        assert clip.flow_THW2 is None and clip.camera_T33 is None


def test_captions_tell_what_videos_show(videos: Path) -> None:
    shown = {video.name: video.shows for video in open_background_videos([videos])}
    assert {s.class_name for s in shown["a.mp4"]} == {"woman", "dog"}
    assert shown["b.mp4"] == ()
    red, yellow, any_woman = (
        Phrase("woman", "woman", frozenset(colours)) for colours in ({"red"}, {"yellow"}, ())
    )
    woman = next(s for s in shown["a.mp4"] if s.class_name == "woman")
    assert yellow.could_mean(woman) and any_woman.could_mean(woman) and not red.could_mean(woman)


def test_a_video_by_itself(videos: Path) -> None:
    (video,) = open_background_videos([videos / "b.mp4"])
    frames = video.window(np.random.default_rng(0), 30)
    assert len(frames) == 30 and frames[0].shape == (96, 128, 3)


@pytest.mark.parametrize(("place", "said"), [("nothing", "not found"), ("", "has no video")])
def test_mistakes(tmp_path: Path, place: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        open_background_videos([tmp_path / place])


def test_same_seed_same_clip(stills: Stills, videos: Path) -> None:
    def draw() -> World:
        return World(LIBRARY, WorldConfig(), stills, open_background_videos([videos]))

    first, second = draw(), draw()
    second.clip(3)
    for seed in range(6):
        a, b = first.clip(seed), second.clip(seed)
        assert (a.frames_THWC == b.frames_THWC).all() and a.expressions == b.expressions
