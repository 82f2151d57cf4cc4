"""Foreign collections read as cut-outs: Tux Paint's stamps, COCO's and LVIS's instances."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from slvp.data import vocabulary
from slvp.data.pictures import (
    CUTOUT_SIDE,
    Cutout,
    Picture,
    read_picture,
    read_rgb,
    read_rgba,
    require_files,
    shrink,
)
from slvp.errors import UserError
from slvp.types import UInt8Array

_STAMP_FOLDERS = re.compile(
    r"^(animals|clothes|food/(fruit|nuts|vegetables)|hobbies|household|military|people|"
    r"plants/(flowers|mushrooms|trees)|sports|vehicles)(/|$)"
)
_STAMP_BROADER: dict[str, tuple[str, ...]] = {
    "animals/birds": ("bird", "animal"),
    "animals/fish": ("fish", "animal"),
    "animals/insects": ("insect", "animal"),
    "animals": ("animal",),
    "food/fruit": ("fruit", "food"),
    "food/vegetables": ("vegetable", "food"),
    "food": ("food",),
    "hobbies/music": ("musical instrument",),
    "plants/flowers": ("flower", "plant"),
    "plants/trees": ("tree", "plant"),
    "plants": ("plant",),
    "vehicles/auto": ("car", "vehicle"),
    "vehicles": ("vehicle",),
    "people": ("person",),
}


def tuxpaint_stamps(folder: Path) -> tuple[Cutout, ...]:
    """Read the photographic stamps under a folder; see ``CutoutLibrary.from_tuxpaint``."""
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such folder; install the Debian package tuxpaint-stamps-default "
            "or name the folder with Tux Paint's stamps."
        )
    cutouts = tuple(c for c in map(partial(_stamp, folder), sorted(folder.rglob("*.png"))) if c)
    if not cutouts:
        raise UserError(f"{folder}: no stamps (X.png beside X.txt) found; name another folder.")
    return cutouts


def _stamp(root: Path, path: Path) -> Cutout | None:
    folder = path.parent.relative_to(root).as_posix()
    text = path.with_suffix(".txt")
    if not _STAMP_FOLDERS.match(folder) or not text.is_file() or "_mirror" in path.stem:
        return None
    if re.search(r"cartoon|toys|plastic|body_parts|arttools", folder):
        return None
    caption = text.read_text(encoding="utf-8").split("\n", 1)[0].strip().rstrip(".!").lower()
    # Longer texts tell about the thing instead of naming it.
    if not re.fullmatch(r"an? [a-z' -]{3,28}", caption) or len(caption.split()) > 4:
        return None
    with Image.open(path) as picture:
        size, mode = picture.size, picture.mode
    if min(size) < 40 or mode != "RGBA":
        return None
    known = [k for k in _STAMP_BROADER if folder == k or folder.startswith(k + "/")]
    body = caption.split(" ", 1)[1]
    words = body.split()
    # The longest known ending: "sports car" -> car, "teddy bear" -> teddy bear.
    endings = [" ".join(words[start:]) for start in range(len(words))]
    class_name = next((e for e in endings if e in vocabulary.BROADER), endings[-1])
    options = path.with_suffix(".dat")
    return Cutout(
        name=f"tuxpaint/{path.relative_to(root).as_posix()}",
        read=partial(read_rgba, path),
        source="tuxpaint-stamps-default",
        class_name=class_name,
        caption=caption,
        broader=vocabulary.broader(class_name)
        or (_STAMP_BROADER[max(known, key=len)] if known else ("object",)),
        mirrorable=not (options.is_file() and "nomirror" in options.read_text(encoding="utf-8")),
    )


def coco_instances(path: Path, folder: Path) -> tuple[tuple[Cutout, ...], tuple[Picture, ...]]:
    """Return the cut-outs and the photographs; see ``CutoutLibrary.from_coco``."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        categories = {c["id"]: _category_name(c["name"]) for c in content["categories"]}
        images = {image["id"]: image for image in content["images"]}
        files = {key: folder / _coco_file_name(image) for key, image in images.items()}
        cutouts = tuple(
            _coco_cutout(a, images[a["image_id"]], files[a["image_id"]], categories)
            for a in content["annotations"]
            if not a.get("iscrowd") and _worth_cutting(a, images[a["image_id"]])
        )
        shows = {a["image_id"] for a in content["annotations"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: expected COCO instance annotations (JSON with images, annotations and "
            f"categories), but reading failed ({type(error).__name__}: {error})."
        ) from error
    require_files(files.values(), path)
    if not cutouts:
        raise UserError(f"{path}: no instance in it is large enough to cut out.")
    # A photograph that shows objects is no background: sentences would be true of them, too.
    backgrounds = tuple(
        Picture(f"{path.stem}/{file.name}", partial(read_rgb, file), path.stem)
        for key, file in files.items()
        if key not in shows
    )
    return cutouts, backgrounds


def _category_name(name: str) -> str:
    """``bow_(weapon)`` of LVIS -> bow."""
    return re.sub(r"\s*\(.*\)", "", name.replace("_", " "))


def _coco_file_name(image: dict[str, Any]) -> str:
    # LVIS gives only the address, whose last two parts are the folder and the file of COCO.
    return str(image["file_name"]) if "file_name" in image else Path(image["coco_url"]).name


def _worth_cutting(annotation: dict[str, Any], image: dict[str, Any]) -> bool:
    x, y, width, height = annotation["bbox"]
    cut_sides = [
        x < 2, y < 2, x + width > image["width"] - 2, y + height > image["height"] - 2
    ]  # fmt: skip
    return bool(min(width, height) >= 32 and sum(cut_sides) < 2)


def _coco_cutout(
    annotation: dict[str, Any], image: dict[str, Any], file: Path, categories: dict[int, str]
) -> Cutout:
    class_name = categories[annotation["category_id"]]
    return Cutout(
        name=f"coco/{annotation['id']}",
        read=partial(_cut_coco, file, annotation["segmentation"], image["height"], image["width"]),
        source=file.parent.name,
        class_name=class_name,
        caption=class_name if vocabulary.is_plural(class_name) else vocabulary.with_a(class_name),
        broader=vocabulary.broader(class_name),
    )


def _cut_coco(file: Path, segmentation: Any, height: int, width: int) -> UInt8Array:
    from pycocotools import mask as coco_mask

    if isinstance(segmentation, list):
        run_lengths = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        run_lengths = coco_mask.frPyObjects(segmentation, height, width)
    else:
        run_lengths = segmentation
    alpha = coco_mask.decode(run_lengths) * np.uint8(255)
    rgb = np.asarray(
        cv2.cvtColor(read_picture(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8
    )
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return shrink(np.dstack([rgb[box], alpha[box]]), CUTOUT_SIDE)
