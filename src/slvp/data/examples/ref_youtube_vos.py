"""A tiny data set in the layout of Ref-YouTube-VOS; the parser of that name shows the layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slvp.data.examples.files import write_frames, write_json, write_masks
from slvp.data.examples.scene import scene, sentences_of
from slvp.types import Clip

VIDEOS: dict[str, tuple[str, ...]] = {
    "train": ("003234408d", "0043f083b5"),
    "valid": ("0062f687f1", "00f88c4f0a"),
    "test": ("01baa5a4e1", "02deca50ed"),
}
"""Names of the videos whose frames lie in each split's folder."""

FRAMES = ("00000", "00005", "00010", "00015", "00020", "00025")
"""Every fifth frame of the video is there, as in the real data set."""


def write_ref_youtube_vos(out: Path, seed: int = 0) -> None:
    """Write two videos of six frames for each split; same seed, same files.

    As in the published files, the expressions of ``valid`` are those of the test videos, too, and
    no masks or objects are given for either.

    Args:
        out: a folder that exists and is empty.
        seed: of all that is random.
    """
    clips = {
        video: scene(100 * seed + number)
        for number, video in enumerate(name for names in VIDEOS.values() for name in names)
    }
    for split, videos in VIDEOS.items():
        for video in videos:
            write_frames(clips[video].frames_THWC, out / split / "JPEGImages" / video, FRAMES)
    for video in VIDEOS["train"]:
        ids_THW = clips[video].ids_THW
        assert ids_THW is not None
        write_masks(ids_THW, out / "train" / "Annotations" / video, FRAMES)
    objects = {video: {"objects": _objects(clips[video])} for video in VIDEOS["train"]}
    write_json({"videos": objects}, out / "train" / "meta.json")

    told = {**VIDEOS, "valid": VIDEOS["valid"] + VIDEOS["test"]}
    for split, videos in told.items():
        described = {
            video: {
                "expressions": _expressions(clips[video], answered=split == "train"),
                "frames": FRAMES,
            }
            for video in sorted(videos)
        }
        meta = out / "meta_expressions" / split / "meta_expressions.json"
        write_json({"videos": described}, meta)


def _expressions(clip: Clip, *, answered: bool) -> dict[str, dict[str, str]]:
    """Describe each object up to twice, object by object, as the real data set does."""
    described = [(text, number) for number in (1, 2) for text in sentences_of(clip, number)[:2]]
    return {
        str(index): {"exp": text} | ({"obj_id": str(number)} if answered else {})
        for index, (text, number) in enumerate(described)
    }


def _objects(clip: Clip) -> dict[str, Any]:
    """Say of each object what it is and which frames show it."""
    assert clip.ids_THW is not None
    return {
        str(number): {
            "category": "others",
            "frames": [
                name
                for name, ids_HW in zip(FRAMES, clip.ids_THW, strict=True)
                if (ids_HW == number).any()
            ],
        }
        for number in (1, 2)
    }
