"""One subsequence of VISOR as a sequence of the benchmark: its frames, masks and objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from slvp.data.visor.annotations import Annotation, Subsequence
from slvp.data.visor.drawing import draw_ids
from slvp.data.visor.naming import KeptOut, Kind, NamedObject, name_objects
from slvp.types import UInt8Array

LeftOut = Literal["too short", "nothing told apart"]

LEFT_OUT: tuple[LeftOut, ...] = ("too short", "nothing told apart")
"""Why a subsequence makes no sequence: too few frames with a mask, or no object has a sentence."""

MIN_FRAMES = {"train": 3, "val": 2}
"""As in VISOR's benchmark of video object segmentation."""


@dataclass(frozen=True)
class ObjectRecord:
    """An object of a sequence: its value in the masks, VISOR's name, its sentence or why none."""

    object_id: int
    name: str
    text: str
    kind: Kind | None
    kept_out: KeptOut | None


@dataclass(frozen=True)
class SequenceRecord:
    """What is known of a sequence.

    Attributes:
        name: VISOR's name of the subsequence.
        video: for example ``P01_107``.
        frames: stems of the frames' names, in order.
        objects: in the order of their ids.
        left_out: why it is no part of the benchmark; None where it is.
    """

    name: str
    video: str
    frames: tuple[str, ...]
    objects: tuple[ObjectRecord, ...]
    left_out: LeftOut | None = None

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> SequenceRecord:
        """Return what ``dataclasses.asdict`` and a JSON file made of a record."""
        objects = tuple(ObjectRecord(**one) for one in content["objects"])
        return cls(**{**content, "frames": tuple(content["frames"]), "objects": objects})


def make_sequence(
    subsequence: Subsequence, split: str
) -> tuple[SequenceRecord, dict[str, UInt8Array]]:
    """Name the objects of a subsequence and draw its masks.

    In ``val`` the objects are those of the first frame, in ``train`` those of any frame; frames
    that show none of them are dropped.

    Returns:
        The record, and ids_HW for each of its frames, by the image's name.
    """
    frames = [frame.annotations for frame in subsequence.frames]
    images = [frame.image for frame in subsequence.frames]
    if split == "val":
        names = {one.name for one in frames[0]}
        frames = [tuple(one for one in frame if one.name in names) for frame in frames]
    objects = name_objects(frames)
    drawn = [_draw(frame, t, objects) for t, frame in enumerate(frames)]
    ids_by_image = {
        image: ids_HW for image, ids_HW in zip(images, drawn, strict=True) if ids_HW is not None
    }
    in_sight = list(ids_by_image.values())[: 1 if split == "val" else None]
    objects = [_unless_hidden(one, number, in_sight) for number, one in enumerate(objects, start=1)]

    left_out: LeftOut | None = None
    if len(ids_by_image) < MIN_FRAMES[split]:
        left_out = "too short"
    elif not any(one.text for one in objects):
        left_out = "nothing told apart"
    record = SequenceRecord(
        name=subsequence.name,
        video=subsequence.video,
        frames=tuple(Path(image).stem for image in ids_by_image),
        objects=tuple(
            ObjectRecord(number, one.name, one.text, one.kind, one.kept_out)
            for number, one in enumerate(objects, start=1)
        ),
        left_out=left_out,
    )
    return record, ids_by_image


def _draw(frame: Sequence[Annotation], t: int, objects: Sequence[NamedObject]) -> UInt8Array | None:
    id_of = {
        index: number for number, one in enumerate(objects, start=1) for index in one.members[t]
    }
    return draw_ids((one, id_of[index]) for index, one in enumerate(frame))


def _unless_hidden(one: NamedObject, object_id: int, in_sight: Sequence[UInt8Array]) -> NamedObject:
    if one.kept_out or any(np.any(ids_HW == object_id) for ids_HW in in_sight):
        return one
    return replace(one, text="", kind=None, kept_out="hidden")
