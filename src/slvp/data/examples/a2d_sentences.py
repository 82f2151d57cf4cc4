"""A tiny A2D-Sentences."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np

from slvp.data.examples.scene import scene, sentences_of
from slvp.types import Clip, UInt8Array
from slvp.video import VideoWriter

_ANNOTATED = (2, 4, 6)  # frames, counted from 1
_TRAIN, _TEST = 0, 1

# x264 looks at frames of half the size in blocks of 64 columns, and beyond narrower ones at what
# happens to be in memory: with other widths, the same frames don't always make the same file.
_WIDTH = 128


def write_a2d_sentences(out: Path, seed: int = 0) -> None:
    """Write a training video, two for testing and one without annotation into ``out``.

    There are the oddities of the real files: names that start with a dash, a row whose instance is
    "1 (copy)", frames with a single instance, an instance that is missing from one annotated frame,
    spaces and capitals.
    """
    for folder in ("Release/clips320H", "text_annotations/a2d_annotation_with_instances"):
        (out / folder).mkdir(parents=True)
    videos = {"--example-A": _TRAIN, "exampleB_01": _TEST, "-0exampleC1": _TEST}
    lines = []
    rows = ["video_id,instance_id,query"]
    clips = _clips(seed)
    for name, subset in videos.items():
        clip = next(clips)
        lines.append(_write_clip(out, name, clip, subset, annotated=len(_ANNOTATED)))
        _write_masks(out, name, clip, without={4: {1}} if name == "exampleB_01" else {})
        rows += [f"{name},{one},{sentences_of(clip, one + 1)[0]}" for one in (0, 1)]
    rows[1] = rows[1].upper().replace(" ", "  ").replace("--EXAMPLE-A", "--example-A") + " "
    rows.append("exampleB_01,1 (copy),a slip of the annotators")

    missed = "exampleD-02"
    lines.append(_write_clip(out, missed, next(clips), _TEST, annotated=3))
    texts = out / "text_annotations"
    (texts / "a2d_missed_videos.txt").write_text(f"{missed}\n")
    (texts / "a2d_annotation.txt").write_text("\n".join(rows) + "\n")
    (out / "Release" / "videoset.csv").write_text("\n".join(lines) + "\n")


def _clips(seed: int) -> Iterator[Clip]:
    """Yield scenes whose objects are both seen in all annotated frames."""
    for number in itertools.count(100 * seed):
        clip = scene(number, width=_WIDTH)
        assert clip.ids_THW is not None
        annotated = [clip.ids_THW[one - 1] for one in _ANNOTATED]
        if all({1, 2} <= set(np.unique(ids_HW)) for ids_HW in annotated):
            yield clip


def _write_clip(out: Path, name: str, clip: Clip, subset: int, annotated: int) -> str:
    """Write a video; return its line of ``videoset.csv``."""
    path = out / "Release" / "clips320H" / f"{name}.mp4"
    with VideoWriter(path, frame_rate=Fraction(24)) as writer:
        for frame_HWC in clip.frames_THWC:
            writer.write(frame_HWC)
    count, height, width, _ = clip.frames_THWC.shape
    return f"{name},11,00:00:01,00:00:02,{height},{width},{count},{annotated},{subset}"


def _write_masks(out: Path, name: str, clip: Clip, *, without: dict[int, Collection[int]]) -> None:
    """Write the masks of both instances in the annotated frames, leaving out some."""
    assert clip.ids_THW is not None
    folder = out / "text_annotations" / "a2d_annotation_with_instances" / name
    folder.mkdir()
    for number in _ANNOTATED:
        ids_HW = clip.ids_THW[number - 1]
        instances = [one for one in (0, 1) if one not in without.get(number, ())]
        masks_NWH = np.stack([(ids_HW == one + 1).T for one in instances]).astype(np.uint8)
        boxes_N4 = [_box(mask_WH) for mask_WH in masks_NWH]
        with h5py.File(folder / f"{number:05d}.h5", "w") as file:
            file["instance"] = np.array(instances, np.int64)
            file["reMask"] = masks_NWH[0] if len(instances) == 1 else masks_NWH
            file["reBBox"] = np.array(boxes_N4, np.float64).T


def _box(mask_WH: UInt8Array) -> list[int]:
    """Return left, top, right and bottom of a mask that isn't empty."""
    x, y = np.nonzero(mask_WH)
    return [int(x.min()), int(y.min()), int(x.max()), int(y.max())]
