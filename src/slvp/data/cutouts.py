"""Object cut-outs (a picture with transparency, a class and a caption) and libraries of them."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from slvp.data import drawn, vocabulary
from slvp.errors import UserError
from slvp.types import UInt8Array

CUTOUT_SIDE = 288
BACKGROUND_SIDE = 480


@dataclass(frozen=True)
class Picture:
    """A picture that is read when first needed and kept in memory from then on.

    Attributes:
        name: unique in its library; the split is decided by it.
        read: returns HW3 RGB or HW4 RGBA, uint8.
        source: where it comes from, for model cards.
    """

    name: str
    read: Callable[[], UInt8Array]
    source: str = ""

    @cached_property
    def _pixels(self) -> UInt8Array:
        return self.read()

    def load(self) -> UInt8Array:
        """Return the pixels. Do not write into them."""
        return self._pixels


@dataclass(frozen=True)
class Cutout(Picture):
    """An object cut out of its photograph; ``load`` gives HW4 RGBA, at most 288 pixels a side.

    Attributes:
        class_name: singular, lower case, such as ``dog``.
        caption: noun phrase with its article, such as ``a dog lying down``.
        broader: broader classes, nearest first; empty where not known.
        mirrorable: False where the mirror image would be wrong (writing, an asymmetric thing).
    """

    class_name: str = ""
    caption: str = ""
    broader: tuple[str, ...] = ()
    mirrorable: bool = True


@dataclass(frozen=True)
class CutoutLibrary:
    """Cut-outs and background photographs.

    Decoded pictures stay in memory (about 250 kB a cut-out, without limit), in every process
    that uses the library: plan for about 1 GB per worker with 4,000 cut-outs.
    """

    cutouts: tuple[Cutout, ...]
    backgrounds: tuple[Picture, ...]
    by_class: dict[str, tuple[Cutout, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_class: dict[str, list[Cutout]] = {}
        for cutout in self.cutouts:
            by_class.setdefault(cutout.class_name, []).append(cutout)
        frozen = {name: tuple(members) for name, members in sorted(by_class.items())}
        object.__setattr__(self, "by_class", frozen)

    def __add__(self, other: CutoutLibrary) -> CutoutLibrary:
        return CutoutLibrary(self.cutouts + other.cutouts, self.backgrounds + other.backgrounds)

    def split(self, held_out_fraction: float, seed: int = 0) -> tuple[CutoutLibrary, CutoutLibrary]:
        """Split into (train, held out) by a hash of each name: the same on every machine."""

        def held_out(picture: Picture) -> bool:
            digest = hashlib.sha256(f"{seed}/{picture.name}".encode()).digest()
            return int.from_bytes(digest[:8], "big") / 2**64 < held_out_fraction

        return (
            CutoutLibrary(
                tuple(c for c in self.cutouts if not held_out(c)),
                tuple(b for b in self.backgrounds if not held_out(b)),
            ),
            CutoutLibrary(
                tuple(c for c in self.cutouts if held_out(c)),
                tuple(b for b in self.backgrounds if held_out(b)),
            ),
        )

    @classmethod
    def drawn_shapes(cls) -> CutoutLibrary:
        """Coloured shapes on drawn textures; needs no file."""
        cutouts = tuple(
            Cutout(
                name=f"drawn/{colour}-{shape}",
                read=partial(drawn.draw_shape, shape, colour),
                source="drawn",
                class_name=shape,
                caption=vocabulary.with_a(f"{colour} {shape}"),
                broader=vocabulary.broader(shape),
            )
            for shape in drawn.shape_masks()
            for colour in drawn.COLOUR_VALUES
        )
        backgrounds = tuple(
            Picture(f"drawn/texture-{index}", partial(drawn.draw_background, index), "drawn")
            for index in range(12)
        )
        return cls(cutouts, backgrounds)

    @classmethod
    def from_folder(cls, path: str | Path) -> CutoutLibrary:
        """Read a folder of RGBA pictures.

        ``index.csv`` has the columns file, source, licence, class_name, caption;
        ``backgrounds/backgrounds.csv`` has file, source, licence (files relative to the folder).

        Raises:
            UserError: no such folder or index, a column or a picture missing, nothing listed.
        """
        folder = Path(path)
        rows = _read_rows(folder, folder / "index.csv", {"file", "class_name", "caption"})
        grounds = _read_rows(folder, folder / "backgrounds" / "backgrounds.csv", {"file"})
        cutouts = tuple(
            Cutout(
                name=row["file"],
                read=partial(_read_rgba, folder / row["file"]),
                source=row.get("source") or "",
                class_name=row["class_name"],
                caption=row["caption"],
                broader=vocabulary.broader(row["class_name"]),
                mirrorable=not re.search(r"\b(left|right)\b", row["caption"]),
            )
            for row in rows
        )
        backgrounds = tuple(
            Picture(row["file"], partial(_read_rgb, folder / row["file"]), row.get("source") or "")
            for row in grounds
        )
        return cls(cutouts, backgrounds)

    @classmethod
    def from_tuxpaint(cls, path: str | Path = "/usr/share/tuxpaint/stamps") -> CutoutLibrary:
        """Read the photographic stamps of Tux Paint (Debian: tuxpaint-stamps-default).

        They bring no backgrounds. Cartoons, symbols, signs and seasonal drawings are left out.

        Raises:
            UserError: no such folder, or no stamps in it.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise UserError(
                f"{folder}: no such folder; install the Debian package tuxpaint-stamps-default "
                "or name the folder with Tux Paint's stamps."
            )
        cutouts = tuple(c for c in map(partial(_stamp, folder), sorted(folder.rglob("*.png"))) if c)
        if not cutouts:
            raise UserError(f"{folder}: no stamps (X.png beside X.txt) found; name another folder.")
        return cls(cutouts, ())

    @classmethod
    def from_coco(cls, annotations: str | Path, image_folder: str | Path) -> CutoutLibrary:
        """Cut objects out of COCO- or LVIS-format instance annotations.

        The photographs themselves become the backgrounds. Crowds, objects under 32 pixels a
        side and objects cut by the picture's border on two or more sides are left out.

        Raises:
            UserError: the file isn't such JSON, or lists a picture that isn't there.
        """
        path, folder = Path(annotations), Path(image_folder)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            categories = {c["id"]: c["name"].replace("_", " ") for c in content["categories"]}
            images = {image["id"]: image for image in content["images"]}
            instances = list(content["annotations"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path}: expected COCO instance annotations (JSON with images, annotations and "
                f"categories), but reading failed ({type(error).__name__}: {error})."
            ) from error
        files = {key: folder / _coco_file_name(image) for key, image in images.items()}
        _require_files(files.values(), path)
        cutouts = tuple(
            _coco_cutout(a, images[a["image_id"]], files[a["image_id"]], categories)
            for a in instances
            if not a.get("iscrowd") and _worth_cutting(a, images[a["image_id"]])
        )
        if not cutouts:
            raise UserError(f"{path}: no instance in it is large enough to cut out.")
        backgrounds = tuple(
            Picture(f"{path.stem}/{file.name}", partial(_read_rgb, file), path.stem)
            for file in files.values()
        )
        return cls(cutouts, backgrounds)


def _read_rows(folder: Path, index: Path, columns: set[str]) -> list[dict[str, str]]:
    if not index.is_file():
        raise UserError(f"{index}: no such file; expected a table with columns {sorted(columns)}.")
    try:
        with index.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{index}: not a CSV table in UTF-8 ({error}).") from error
    if not rows:
        raise UserError(f"{index}: lists nothing; expected at least one row.")
    for line, row in enumerate(rows, start=2):
        if not all(row.get(column) for column in columns):
            raise UserError(f"{index}: line {line} lacks one of the columns {sorted(columns)}.")
    _require_files((folder / row["file"] for row in rows), index)
    return rows


def _require_files(files: Iterable[Path], listed_in: Path) -> None:
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise UserError(
            f"{listed_in}: lists {missing[0]}, which isn't there ({len(missing)} missing); "
            "restore the pictures or remove their entries."
        )


def _shrink(pixels: UInt8Array, side: int) -> UInt8Array:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _read(path: Path, flag: int) -> UInt8Array:
    pixels = cv2.imread(str(path), flag)
    if pixels is None:
        raise UserError(f"{path}: not a picture that can be read; replace or remove it.")
    return np.asarray(pixels, np.uint8)


def _read_rgba(path: Path) -> UInt8Array:
    pixels = _read(path, cv2.IMREAD_UNCHANGED)
    if pixels.ndim != 3 or pixels.shape[2] != 4:
        raise UserError(f"{path}: has no transparency; a cut-out must be an RGBA picture.")
    return _shrink(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA), np.uint8), CUTOUT_SIDE)


def _read_rgb(path: Path) -> UInt8Array:
    pixels = _read(path, cv2.IMREAD_COLOR)
    return _shrink(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8), BACKGROUND_SIDE)


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
    height, width = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape[:2]
    if min(height, width) < 40:
        return None
    known = [k for k in _STAMP_BROADER if folder == k or folder.startswith(k + "/")]
    body = caption.split(" ", 1)[1]
    words = body.split()
    class_name = next(
        (
            " ".join(words[i:])
            for i in range(len(words))
            if " ".join(words[i:]) in vocabulary.BROADER
        ),
        words[-1],
    )
    options = path.with_suffix(".dat")
    return Cutout(
        name=f"tuxpaint/{path.relative_to(root).as_posix()}",
        read=partial(_read_rgba, path),
        source="tuxpaint-stamps-default",
        class_name=class_name,
        caption=caption,
        broader=vocabulary.broader(class_name)
        or (_STAMP_BROADER[max(known, key=len)] if known else ("object",)),
        mirrorable=not (options.is_file() and "nomirror" in options.read_text(encoding="utf-8")),
    )


def _coco_file_name(image: dict[str, Any]) -> str:
    # LVIS gives only the address, whose last two parts are the folder and the file of COCO.
    return str(image["file_name"]) if "file_name" in image else Path(image["coco_url"]).name


def _worth_cutting(annotation: dict[str, Any], image: dict[str, Any]) -> bool:
    x, y, width, height = annotation["bbox"]
    cut_sides = [
        x < 2, y < 2, x + width > image["width"] - 2, y + height > image["height"] - 2
    ]  # fmt: skip
    return min(width, height) >= 32 and sum(cut_sides) < 2


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
    rgb = np.asarray(cv2.cvtColor(_read(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _shrink(np.dstack([rgb[box], alpha[box]]), CUTOUT_SIDE)
