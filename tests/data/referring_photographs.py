"""Photographs with sentences in the layout of RefCOCO's conversions to COCO's JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco

HEIGHT, WIDTH = 60, 80
LEFT_HW = np.zeros((HEIGHT, WIDTH), bool)
LEFT_HW[20:40, 8:30] = True
RIGHT_HW = np.zeros((HEIGHT, WIDTH), bool)
RIGHT_HW[10:50, 44:70] = True


def plain_rle(mask_HW: np.ndarray) -> dict[str, Any]:
    flat = np.concatenate([[0], mask_HW.T.ravel().astype(int), [0]])
    changes = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.concatenate([[0], changes, [mask_HW.size]])).tolist()
    return {"size": list(mask_HW.shape), "counts": counts}


def compressed_rle(mask_HW: np.ndarray) -> dict[str, Any]:
    rle = coco.encode(np.asfortranarray(mask_HW, np.uint8))
    return {"size": list(mask_HW.shape), "counts": rle["counts"].decode()}


def polygon(mask_HW: np.ndarray) -> list[list[float]]:
    """Outline a rectangle."""
    rows, columns = np.flatnonzero(mask_HW.any(1)), np.flatnonzero(mask_HW.any(0))
    left, right = float(columns[0]), float(columns[-1] + 1)
    top, bottom = float(rows[0]), float(rows[-1] + 1)
    return [[left, top, right, top, right, bottom, left, bottom]]


SENTENCES = [  # photograph, sentence, object, its number, its segmentation
    ("a.jpg", "the left thing", LEFT_HW, 501, polygon(LEFT_HW)),
    ("a.jpg", "lft one ", LEFT_HW, 501, polygon(LEFT_HW)),
    ("a.jpg", "thing on the right", RIGHT_HW, 502, compressed_rle(RIGHT_HW)),
    ("b.jpg", "right thing", RIGHT_HW, 503, plain_rle(RIGHT_HW)),
]


def content() -> dict[str, Any]:
    """Return what a file of annotations holds."""
    numbered = list(enumerate(SENTENCES, start=1))
    return {
        "images": [
            {
                "id": number,
                "file_name": name,
                "height": HEIGHT,
                "width": WIDTH,
                "caption": sentence,
                "original_id": ord(name[0]),
                "dataset_name": "refcoco",
            }
            for number, (name, sentence, *_) in numbered
        ],
        "annotations": [
            {
                "id": number,
                "image_id": number,
                "original_id": original,
                "iscrowd": 0,
                "category_id": 1,
                "segmentation": segmentation,
            }
            for number, (*_, original, segmentation) in numbered
        ],
        "categories": [{"id": 1, "name": "thing"}],
    }


def write_photographs(folder: Path) -> tuple[Path, Path]:
    """Write annotations and photographs, and return where they are."""
    images = folder / "train2014"
    images.mkdir()
    for name in ("a.jpg", "b.jpg"):
        picture = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        picture[LEFT_HW], picture[RIGHT_HW] = (220, 30, 30), (30, 30, 220)
        Image.fromarray(picture).save(images / name, quality=95)
    annotations = folder / "instances_refcoco_train.json"
    annotations.write_text(json.dumps(content()))
    return annotations, images
