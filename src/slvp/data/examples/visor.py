"""A tiny download of VISOR, unpacked: what ``slvp.data.visor.prepare`` reads.

Three videos, one of them in a kitchen that ``train`` lacks, with what the recipe has to deal with:
names that repeat and are told apart by a hand, by what they touch, by their side or not at all,
things of which not all are segmented, an object that comes later and subsequences that are too
short. Frames are 1920 x 1080, as the real ones are, for the polygons are given in their pixels.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from slvp.data.visor.source import FOLDER

_WIDTH, _HEIGHT = 1920, 1080
_FIRST_FRAME, _FRAME_STEP = 140, 53


@dataclass(frozen=True)
class _Thing:
    """A rectangle that moves sideways: its name, its middle in the first frame, and more of it."""

    name: str
    x: float
    y: float
    step: float = 24
    size: tuple[float, float] = (260, 180)
    frames: tuple[int, ...] | None = None
    exhaustive: str = "y"
    touches: str | None = None
    worn_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Scene:
    """A subsequence: its number of frames and the things in it, by a key to refer to them."""

    frames: int
    things: dict[str, _Thing] = field(default_factory=dict)


_LEFT, _RIGHT = "left hand", "right hand"
_NO_CONTACT = "hand-not-in-contact"

_VIDEOS: dict[tuple[str, str], tuple[_Scene, ...]] = {
    ("train", "P01_01"): (
        _Scene(
            3,
            {
                "a": _Thing("knife", 500, 500, size=(300, 60)),
                "b": _Thing("knife", 1200, 500, size=(300, 60)),
                "left": _Thing(_LEFT, 420, 640, touches="a"),
                "right": _Thing(_RIGHT, 1300, 640, touches="b"),
                "board": _Thing("chopping board", 900, 850, size=(700, 260)),
            },
        ),
        _Scene(2, {"tap": _Thing("tap", 900, 300)}),
    ),
    ("val", "P01_107"): (
        _Scene(
            3,
            {
                "plate": _Thing("plate", 960, 800, size=(420, 240)),
                "a": _Thing("bowl", 400, 350),
                "b": _Thing("bowl", 1400, 380),
                "left": _Thing(_LEFT, 700, 880, touches="plate"),
                "spoon": _Thing("spoon", 1000, 560, size=(260, 50), frames=(1, 2)),
            },
        ),
        _Scene(1, {"tap": _Thing("tap", 900, 300)}),
        _Scene(
            2,
            {
                "a": _Thing("cup", 800, 300, step=300),
                "b": _Thing("cup", 1100, 650, step=-300),
                "right": _Thing(_RIGHT, 1500, 800, touches=_NO_CONTACT),
            },
        ),
    ),
    ("val", "P09_02"): (
        _Scene(
            2,
            {
                "pan": _Thing("pan", 900, 500, size=(500, 260), exhaustive="n"),
                "cupboard": _Thing("cupboard", 1500, 200, exhaustive="n"),
                "left": _Thing(_LEFT, 620, 560, touches="pan"),
                "right": _Thing(_RIGHT, 1180, 560, touches="pan"),
            },
        ),
        _Scene(
            2,
            {
                "a": _Thing("glove", 500, 600, worn_on=(_LEFT,), touches="lid"),
                "b": _Thing("glove", 1500, 700),
                "lid": _Thing("lid", 760, 520, size=(320, 200)),
                "mine": _Thing(_RIGHT, 1000, 850, touches="towel"),
                "towel": _Thing("towel", 1250, 900),
                "theirs": _Thing(_RIGHT, 1300, 250, touches="jar"),
                "jar": _Thing("jar", 1500, 250),
            },
        ),
    ),
}


def write_visor(out: Path, seed: int = 0) -> None:
    """Write the example into the empty folder ``out``; same seed, same files."""
    rng = np.random.default_rng(seed)
    for (split, video), scenes in _VIDEOS.items():
        images = out / FOLDER / "rgb_frames" / split / video.split("_")[0] / video
        images.mkdir(parents=True)
        entries = []
        number = _FIRST_FRAME
        for rank, scene in enumerate(scenes, start=1):
            drift, colours = float(rng.integers(-20, 21)), rng.integers(100, 256, (16, 3))
            for t in range(scene.frames):
                name = f"{video}_frame_{number:010d}.jpg"
                number += _FRAME_STEP
                annotations = _annotations(scene, t, drift, name)
                _draw(annotations, colours, images / name)
                image = {
                    "image_path": f"{video}/{name}",
                    "name": name,
                    "subsequence": f"{video}_seq_{rank:05d}",
                    "video": video,
                }
                entries.append({"image": image, "annotations": annotations})
        path = out / FOLDER / "annotations" / split / f"{video}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"info": {"Dataset Name": "VISOR"}, "video_annotations": entries}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _annotations(scene: _Scene, t: int, drift: float, image: str) -> list[dict[str, Any]]:
    def mask_id(key: str) -> str:
        return hashlib.md5(f"{image} {key}".encode(), usedforsecurity=False).hexdigest()

    found = []
    for key, thing in scene.things.items():
        if thing.frames is not None and t not in thing.frames:
            continue
        x, y = thing.x + drift + t * thing.step, thing.y
        half_width, half_height = thing.size[0] / 2, thing.size[1] / 2
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        entry: dict[str, Any] = {
            "id": mask_id(key),
            "name": thing.name,
            "exhaustive": thing.exhaustive,
            "segments": [[[x + i * half_width, y + j * half_height] for i, j in signs]],
        }
        if thing.name == "glove":
            entry["on_which_hand"] = list(thing.worn_on) or None
        if thing.touches is not None:
            in_scene = thing.touches in scene.things
            entry["in_contact_object"] = mask_id(thing.touches) if in_scene else thing.touches
        found.append(entry)
    return found


def _draw(annotations: list[dict[str, Any]], colours: np.ndarray, path: Path) -> None:
    frame_HWC = np.full((_HEIGHT, _WIDTH, 3), 48, dtype=np.uint8)
    for one, colour in zip(annotations, colours.tolist(), strict=False):
        polygons = [np.array(polygon, dtype=np.int32) for polygon in one["segments"]]
        cv2.fillPoly(frame_HWC, polygons, colour)
    path.write_bytes(bytes(cv2.imencode(".jpg", frame_HWC, [cv2.IMWRITE_JPEG_QUALITY, 70])[1]))
