"""A tiny data set in the layout of MeViS; the parser of that name shows the layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slvp.data.examples.files import write_frames, write_json
from slvp.data.examples.scene import scene, sentences_of
from slvp.data.rle import encode_rle
from slvp.types import BoolArray

VIDEOS = {
    "train": ("1b0f8ae2c5d3", "2c91d5b4e07f"),
    "valid_u": ("0ab4afe7fb46", "3d27c0f69a18"),
    "valid": ("0fea0cb75a25", "4e86b1a7d2c9"),
}
"""Names of each split's videos."""

FRAMES = tuple(f"{number:05d}" for number in range(6))


def write_mevis(out: Path, seed: int = 0) -> None:
    """Write two videos of six frames for each split; same seed, same files.

    Each video is asked for each of its two shapes, for both together, and for something that is
    not there. Its last frame is black, so that no object is in it.

    Args:
        out: a folder that exists and is empty.
        seed: of all that is random.
    """
    number = 0
    for split, videos in VIDEOS.items():
        described: dict[str, Any] = {}
        masks: dict[str, Any] = {}
        for video in videos:
            clip = scene(100 * seed + number)
            number += 1
            assert clip.ids_THW is not None
            clip.frames_THWC[-1] = 0
            clip.ids_THW[-1] = 0
            write_frames(clip.frames_THWC, out / split / "JPEGImages" / video, FRAMES)

            # Annotations are numbered through the split, objects through the video.
            annotations = {object_id: len(masks) + object_id - 1 for object_id in (1, 2)}
            sentences: list[tuple[str, tuple[int, ...]]] = [
                (text, (one,)) for one in (1, 2) for text in sentences_of(clip, one)[:2]
            ]
            sentences += [("both shapes", (1, 2)), ("the giraffe that walks away", ())]
            described[video] = {
                "expressions": {
                    str(index): {"exp": text} | _answer(object_ids, annotations, split)
                    for index, (text, object_ids) in enumerate(sentences)
                },
                "frames": FRAMES,
            }
            for object_id, annotation in annotations.items():
                masks[str(annotation)] = [_rle(ids_HW == object_id) for ids_HW in clip.ids_THW]
        write_json({"videos": described}, out / split / "meta_expressions.json")
        if split != "valid":
            write_json(masks, out / split / "mask_dict.json")


def _answer(
    object_ids: tuple[int, ...], annotations: dict[int, int], split: str
) -> dict[str, list[int]]:
    """Say which objects are meant; valid keeps it to itself."""
    if split == "valid":
        return {}
    return {"obj_id": list(object_ids), "anno_id": [annotations[one] for one in object_ids]}


def _rle(mask_HW: BoolArray) -> dict[str, Any] | None:
    """Return a mask in COCO's compressed run lengths; None if it is empty."""
    return encode_rle(mask_HW) if mask_HW.any() else None
