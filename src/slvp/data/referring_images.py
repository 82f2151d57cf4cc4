"""RefCOCO, RefCOCO+ and RefCOCOg: photographs with sentences, as videos of one frame.

Sources: Kazemzadeh et al., "ReferItGame", EMNLP 2014; Yu et al., "Modeling Context in Referring
Expressions", ECCV 2016; Mao et al., "Generation and Comprehension of Unambiguous Object
Descriptions", CVPR 2016. The layout is the one in which MDETR, MTTR and ReferFormer pre-train on
them, COCO's own with an "image" for each sentence::

    ANNOTATIONS, such as instances_refcoco_train.json:
        {"images": [{"id": 1, "file_name": "COCO_train2014_000000581857.jpg", "height": 640,
                     "width": 427, "caption": "the lady with the blue shirt",
                     "original_id": 581857, "dataset_name": "refcoco"}, ...],
         "annotations": [{"id": 1, "image_id": 1, "original_id": 1719310,
                          "segmentation": [[X, Y, X, Y, ...], ...]}, ...]}
    IMAGES/COCO_train2014_000000581857.jpg ...              COCO's train2014

A segmentation is a list of polygons, or run lengths ``{"size": [HEIGHT, WIDTH], "counts": ...}`` as
numbers or letters. Several annotations of an "image" are meant together.

The pair that the authors publish, ``refs(unc).p`` and ``instances.json``, is not read: the former
is a pickle, which may run any program. ReferFormer's ``convert_refexp_to_coco.py`` makes the above
of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco

from slvp.data.benchmarks.files import read_json, require_folder
from slvp.data.benchmarks.frames import PictureFrames
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.rle import decode_rle, expand
from slvp.errors import UserError
from slvp.types import BoolArray

TITLE = "RefCOCO"

_PICKLES = (".p", ".pkl", ".pickle")
_LARGEST_SIDE = 1 << 15  # pixels of any photograph


@dataclass(frozen=True)
class Outlines:
    """The objects of a photograph as they stand in the file, drawn when they are asked for.

    Attributes:
        path: the file.
        size: height and width in pixels.
        segmentations: by the object's number.
    """

    path: Path
    size: tuple[int, int]
    segmentations: dict[int, Any]

    def read(self, t: int) -> Outlines:
        """Return itself: the photograph is the only frame."""
        return self

    def void(self) -> None:
        """Return None: all pixels count."""

    def mask(self, object_ids: Sequence[int]) -> BoolArray:
        """Return mask_HW of one or several objects together.

        Raises:
            UserError: a segmentation is none of a photograph of that size.
        """
        mask_HW = np.zeros(self.size, np.bool_)
        for one in object_ids:
            try:
                mask_HW |= _draw(self.segmentations[one], *self.size)
            except (ValueError, TypeError, KeyError, OverflowError) as error:
                raise UserError(
                    f'{self.path}, annotation {one}, has a "segmentation" that can\'t be drawn '
                    f"({error}): make or download the file again."
                ) from error
        return mask_HW


def load_referring_images(annotations: Path, images: Path) -> list[BenchmarkExpression]:
    """Read the sentences of a file, photograph by photograph; no picture is opened.

    Args:
        annotations: the JSON file.
        images: the folder of the photographs.

    Raises:
        UserError: the file or the folder is missing, the file doesn't read as said above, or the
            folder hasn't the first photograph that it names.
    """
    if annotations.suffix in _PICKLES:
        raise UserError(
            f"{annotations} is a pickle, which may run any program and is not read: convert it to "
            "COCO's JSON with a sentence for each image (ReferFormer's convert_refexp_to_coco.py "
            "does) and give that file."
        )
    content = read_json(annotations, TITLE)
    require_folder(images, TITLE)
    try:
        by_photograph, objects = _parse(content)
    except (KeyError, TypeError, ValueError) as error:
        missing = "nothing is called " if isinstance(error, KeyError) else ""
        raise UserError(
            f"{annotations} doesn't read as COCO's JSON with a \"caption\" for each of its "
            f"images ({missing}{error}): give a file like instances_refcoco_train.json."
        ) from error
    first = images / next(iter(by_photograph))
    if not first.is_file():
        raise UserError(
            f"{first} is missing, yet {annotations} names it: give the folder of COCO's train2014 "
            "photographs."
        )
    expressions = []
    for name, entries in by_photograph.items():
        frames = PictureFrames((images / name,))
        shown = {key: found for entry in entries for key, found in objects[entry["id"]].items()}
        masks = Outlines(annotations, (entries[0]["height"], entries[0]["width"]), shown)
        expressions += [
            BenchmarkExpression(
                sequence=name,
                expression_id=str(entry["id"]),
                text=entry["caption"].strip(),
                object_ids=tuple(objects[entry["id"]]),
                annotation_set=str(entry.get("dataset_name", "")),
                frames=frames,
                masks=masks,
                scored=(0,),
            )
            for entry in entries
        ]
    return expressions


def _parse(content: Any) -> tuple[dict[str, list[Any]], dict[int, dict[int, Any]]]:
    """Return the entries of each photograph, and the objects that each entry means.

    Raises:
        KeyError, TypeError, ValueError: something is missing or no such thing.
    """
    objects: dict[int, dict[int, Any]] = {}
    known: dict[int, Any] = {}
    for annotation in content["annotations"]:
        # One object stands there once for each of its sentences, under another id each time.
        number = annotation["original_id" if "original_id" in annotation else "id"]
        outline = known.setdefault(number, annotation["segmentation"])
        objects.setdefault(annotation["image_id"], {})[number] = outline
    by_photograph: dict[str, list[Any]] = {}
    for entry in content["images"]:
        match entry:
            case {
                "id": int(number),
                "file_name": str(name),
                "height": int(height),
                "width": int(width),
                "caption": str(),
            } if 0 < min(height, width) <= max(height, width) <= _LARGEST_SIDE:
                if number not in objects:
                    raise ValueError(f"image {number} has no annotation")
                entries = by_photograph.setdefault(name, [])
                entries.append(entry)
            case _:
                raise ValueError(f"an image reads {str(entry)[:200]}")
    if not by_photograph:
        raise ValueError("it has no image")
    return by_photograph, objects


def _draw(segmentation: Any, height: int, width: int) -> BoolArray:
    match segmentation:
        case {"size": [int(rows), int(columns)], "counts": counts}:
            if (rows, columns) != (height, width):
                raise ValueError(f"it is of {columns} x {rows} pixels, not {width} x {height}")
            if isinstance(counts, str):
                return decode_rle(counts, height, width)
            return expand(np.array(counts, np.int64).ravel(), height, width)
        case [[*_], *_]:
            polygons = [_polygon(points, height, width) for points in segmentation]
            drawn = coco.decode(coco.merge(coco.frPyObjects(polygons, height, width)))
            return np.asarray(drawn, np.bool_)
    raise ValueError("it is neither polygons nor run lengths")


def _polygon(points: Any, height: int, width: int) -> list[float]:
    """Return the corners of a polygon, within the picture: COCO's code believes all it is given."""
    corners = np.array(points, np.float64)
    if corners.ndim != 1 or len(corners) < 6 or len(corners) % 2 or not np.isfinite(corners).all():
        raise ValueError("a polygon needs three corners or more, each an x and a y")
    corners_N2 = corners.reshape(-1, 2).clip(0, [width, height])
    return [float(value) for value in corners_N2.ravel()]
