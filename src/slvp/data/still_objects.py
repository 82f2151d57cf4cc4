"""Photographs with captioned object masks: what is in them, and what may be in them besides."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from slvp.data import colour_naming, vocabulary
from slvp.data.colour_naming import Look
from slvp.data.phrases import Sighting, unplaced
from slvp.data.pictures import read_picture
from slvp.errors import UserError
from slvp.types import UInt8Array

PLACE = re.compile(
    r"\b(left|right|leftmost|rightmost|middle|center|centre|top|bottom|front|back|background|"
    r"foreground|largest|biggest|smallest)\b"
)
# What captions say only where there are more of a kind than are labelled.
_OF_MANY = re.compile(r"\b(leftmost|rightmost|largest|biggest|smallest|front|back|top|bottom)\b")
_LEAST_PIXELS = 2500  # to measure a colour that is then said
_NO_COLOUR = Look("", frozenset())
_COLUMNS = {"image", "object_id", "class_name", "caption"}


@dataclass(frozen=True)
class StillObject:
    """An object of a photograph.

    Attributes:
        object_id: its value in the mask.
        class_name: singular.
        caption: what tells it from all others in the photograph.
        all_labelled: so are all others of its kind.
    """

    object_id: int
    class_name: str
    caption: str
    all_labelled: bool = False

    @property
    def placed(self) -> bool:
        """Whether the caption says where it is, or how large, not how it looks."""
        return bool(PLACE.search(self.caption))

    @property
    def looks(self) -> str:
        """The caption, without a place that pastes or a crop may have made wrong."""
        if not self.placed:
            return self.caption
        name = self.class_name
        return name if vocabulary.is_plural(name) else vocabulary.with_a(name)


@dataclass(frozen=True)
class Still:
    """A photograph and what is labelled in it."""

    image: Path
    mask: Path
    objects: tuple[StillObject, ...]

    @cached_property
    def pixels(self) -> tuple[UInt8Array, UInt8Array]:
        """RGB (HW3) and ids (HW)."""
        bgr = read_picture(self.image, cv2.IMREAD_COLOR)
        picture = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        try:
            mask = Image.open(self.mask)
            ids = np.asarray(mask, np.uint8)
        except OSError as error:
            raise UserError(f"{self.mask}: unreadable ({error}); restore it.") from None
        if mask.mode != "P" or ids.shape != picture.shape[:2]:
            raise UserError(
                f"{self.mask}: is {mask.mode} {ids.shape}, expected a palette picture of the size "
                f"of {self.image.name}, {picture.shape[:2]}."
            )
        return picture, ids

    @cached_property
    def areas(self) -> dict[int, int]:
        """Pixels of each object."""
        counts = np.bincount(self.pixels[1].ravel(), minlength=256)
        return {o.object_id: int(counts[o.object_id]) for o in self.objects}

    @cached_property
    def looks(self) -> dict[int, Look]:
        """Measured colours of each object."""
        picture, ids = self.pixels
        return {o.object_id: _look(picture, ids == o.object_id, o) for o in self.objects}

    @cached_property
    def unlabelled(self) -> tuple[Sighting, ...]:
        """What may be in the photograph besides: any phrase that fits it might mean it.

        Captions are taken to be right: one that names a colour tells its object from these, too.
        """
        kinds = {kind_of(o.class_name) for o in self.objects if not o.all_labelled}
        return tuple(unplaced(kind, look=_NO_COLOUR) for kind in sorted(kinds))


def kind_of(class_name: str) -> str:
    """Return what annotators count as the same: all people are persons."""
    return "person" if "person" in vocabulary.broader(class_name) else class_name


def read_stills(folder: Path) -> Iterator[Still]:
    """Read ``stills.csv`` of a folder; see ``slvp.data.stills.Stills``."""
    table = folder / "stills.csv"
    if not table.is_file():
        raise UserError(f"{table}: no such file; expected a table with columns {_COLUMNS}.")
    by_image: dict[str, list[StillObject]] = {}
    with table.open(encoding="utf-8", newline="") as stream:
        for line, row in enumerate(csv.DictReader(stream), start=2):
            if not all(row.get(column) for column in _COLUMNS) or not row["object_id"].isdigit():
                raise UserError(
                    f"{table}: line {line} needs {sorted(_COLUMNS)}, object_id a whole number."
                )
            labelled = StillObject(int(row["object_id"]), row["class_name"], row["caption"])
            by_image.setdefault(row["image"], []).append(labelled)
    if not by_image:
        raise UserError(f"{table}: lists nothing; expected at least one row.")
    for name, objects in by_image.items():
        image = folder / name
        still = Still(image, image.with_suffix(".png"), _with_what_is_missing(objects))
        for file in (still.image, still.mask):
            if not file.is_file():
                raise UserError(f"{table}: lists {file}, which isn't there; restore or remove it.")
        yield still


def _with_what_is_missing(objects: Iterable[StillObject]) -> tuple[StillObject, ...]:
    by_kind: dict[str, list[StillObject]] = {}
    for labelled in objects:
        by_kind.setdefault(kind_of(labelled.class_name), []).append(labelled)
    return tuple(
        StillObject(o.object_id, o.class_name, o.caption, _all_labelled(of_kind))
        for of_kind in by_kind.values()
        for o in of_kind
    )


def _all_labelled(of_kind: list[StillObject]) -> bool:
    """Whether captions show that no other of the kind is there: they'd say it otherwise.

    "A dog" alone is the only dog; dogs on the left and on the right are two, or three with one in
    the middle. Captions that tell an object by its look show nothing.
    """
    captions = [o.caption for o in of_kind]
    if len(of_kind) == 1:
        return captions[0] == vocabulary.with_a(of_kind[0].class_name)
    if any(_OF_MANY.search(caption) for caption in captions):
        return False
    sides = {word for caption in captions for word in PLACE.findall(caption)}
    return bool(sides) and len(of_kind) == (3 if sides & {"middle", "center", "centre"} else 2)


def _look(picture: UInt8Array, mask: np.ndarray, labelled: StillObject) -> Look:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return colour_naming.NOTHING_KNOWN
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    rgba = np.dstack([picture[box], mask[box].astype(np.uint8) * 255])
    person = kind_of(labelled.class_name) == "person"
    measured = colour_naming.look(rgba, labelled.class_name, whole=not person)
    # "The red car" is not for one of many cars, the others of which nobody has seen; and what is
    # small, or dark as in a shadow, may have another colour.
    doubtful = mask.sum() < _LEAST_PIXELS or measured.colour == "black"
    return Look("", measured.possible) if doubtful or not labelled.all_labelled else measured
