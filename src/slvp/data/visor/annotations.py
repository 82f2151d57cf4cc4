"""VISOR's annotations: one JSON file per video, polygons in a few frames of each subsequence.

Source: Darkhalil et al., "EPIC-KITCHENS VISOR Benchmark: VIdeo Segmentations and Object Relations",
NeurIPS 2022 (Datasets and Benchmarks). A file reads::

    {"video_annotations": [
        {"image": {"name": "P01_107_frame_0000000140.jpg", "subsequence": "P01_107_seq_00001",
                   "video": "P01_107", "image_path": ...},
         "annotations": [
            {"id": ..., "name": "left hand", "segments": [[[x, y], ...], ...], "exhaustive": "y",
             "in_contact_object": ID, "on_which_hand": ["left hand"], "class_id": 300}]}]}

Only hands and worn gloves have ``in_contact_object``, and only gloves ``on_which_hand``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from slvp.data.benchmarks.files import read_json
from slvp.errors import UserError

Hand = Literal["left", "right"]
PolygonArray = npt.NDArray[np.float64]

SOURCE = "EPIC-KITCHENS VISOR"


@dataclass(frozen=True, eq=False)
class Annotation:
    """One mask of one frame.

    Attributes:
        mask_id: told apart from the frame's other masks by it.
        name: what it shows, in the annotators' words.
        polygons: arrays of shape (N, 2), x and y in pixels of a frame of 1920 x 1080; never empty.
        others: whether the annotators saw more things of this name than they segmented.
        touches: for a hand or a glove, the ``mask_id`` of what it touches, or one of VISOR's words
            for touching nothing that is segmented; empty for all else.
        worn_on: for a glove, the hands that it is worn on; empty for all else.
    """

    mask_id: str
    name: str
    polygons: tuple[PolygonArray, ...]
    others: bool = False
    touches: str = ""
    worn_on: frozenset[Hand] = frozenset()

    @property
    def hands(self) -> frozenset[Hand]:
        """The hands that this is: one for a hand, those that wear it for a glove."""
        if self.name == "left hand":
            return frozenset({"left"})
        if self.name == "right hand":
            return frozenset({"right"})
        return self.worn_on


@dataclass(frozen=True)
class AnnotatedFrame:
    """A frame and its masks, in the order of the file."""

    image: str
    annotations: tuple[Annotation, ...]


@dataclass(frozen=True)
class Subsequence:
    """Some frames of a video, in order, in which the annotators followed the same things."""

    name: str
    video: str
    frames: tuple[AnnotatedFrame, ...]


def read_subsequences(path: Path) -> list[Subsequence]:
    """Read the annotations of one video, sorted by name.

    Masks without a polygon are left out, frames without a mask are not.

    Raises:
        UserError: the file is missing, is cut off, or doesn't read as VISOR's annotations.
    """
    content = read_json(path, SOURCE)
    subsequences: dict[str, dict[str, AnnotatedFrame]] = {}
    try:
        for entry in content["video_annotations"]:
            image = entry["image"]
            frame = AnnotatedFrame(
                image=_file_name(image["name"]),
                annotations=tuple(
                    _annotation(one) for one in entry["annotations"] if any(one["segments"])
                ),
            )
            frames = subsequences.setdefault(_file_name(image["subsequence"]), {})
            frames[frame.image] = frame
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path} doesn't read as annotations of {SOURCE} ({type(error).__name__}: {error}): "
            "download it again."
        ) from error
    return [
        Subsequence(name, path.stem, tuple(frames[image] for image in sorted(frames)))
        for name, frames in sorted(subsequences.items())
    ]


def _annotation(entry: dict[str, Any]) -> Annotation:
    polygons = tuple(np.asarray(one, dtype=np.float64) for one in entry["segments"] if one)
    for polygon_N2 in polygons:
        if polygon_N2.ndim != 2 or polygon_N2.shape[1] != 2:
            raise ValueError(f"a polygon of {entry['name']!r} is no list of pairs [x, y]")
    return Annotation(
        mask_id=str(entry["id"]),
        name=entry["name"].strip(),
        polygons=polygons,
        others=entry.get("exhaustive") == "n",
        touches=entry.get("in_contact_object") or "",
        worn_on=_hands(entry.get("on_which_hand")),
    )


def _hands(value: Any) -> frozenset[Hand]:
    """Return the hands that a list names; VISOR has "rigth hand" in it, and words for no hand."""
    if not isinstance(value, list):
        return frozenset()
    return frozenset("left" if one.startswith("l") else "right" for one in value)


def _file_name(value: str) -> str:
    if Path(value).name != value:
        raise ValueError(f"{value!r} is no file name")
    return value
