"""Whole photographs with captioned object masks, as clips of one frame."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from slvp.data import compositing, vocabulary
from slvp.data.phrases import Phrase, Sighting, article, boxes
from slvp.data.pictures import read_picture
from slvp.data.transforms import mirror_words, random_box
from slvp.errors import UserError
from slvp.types import Clip, Expression, UInt8Array

KEPT = 0.4  # share of an object that must stay in the crop
SMALLEST = 0.003  # share of the crop that an object must cover
_COLUMNS = {"image", "object_id", "class_name", "caption"}
_PLACE = re.compile(
    r"\b(left|right|leftmost|rightmost|middle|center|centre|top|bottom|front|back|background|"
    r"foreground|largest|biggest|smallest)\b"
)


@dataclass(frozen=True)
class _Labelled:
    object_id: int
    class_name: str
    caption: str


@dataclass(frozen=True)
class _Still:
    image: Path
    mask: Path
    objects: tuple[_Labelled, ...]

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


class Stills:
    """A folder of photographs with masks and captions.

    ``stills.csv`` has the columns image, object_id, class_name, caption (one row an object); the
    mask of ``NAME.jpg`` is the palette picture ``NAME.png`` beside it, whose values are the
    object ids. Decoded pictures stay in memory.

    Args:
        path: the folder.

    Raises:
        UserError: no such folder or table, a column, an id or a picture missing.
    """

    def __init__(self, path: str | Path) -> None:
        folder = Path(path)
        self._stills = list(_read_table(folder, folder / "stills.csv"))

    def __len__(self) -> int:
        return len(self._stills)

    def clip(
        self,
        index: int,
        rng: np.random.Generator,
        height: int,
        width: int,
        *,
        randomise: bool = True,
        absent: float = 0.0,
    ) -> Clip:
        """Cut a random part of photograph ``index`` to ``height`` x ``width``; half are mirrored.

        Expressions are the captions of the objects that keep at least 40% of their pixels and
        that no other labelled object could be taken for; places ("on the left") are checked again
        in the crop, and swapped where it is mirrored. There may be none.

        Args:
            index: of the photograph.
            rng: source of chance.
            height: of the frame, in pixels.
            width: of the frame, in pixels.
            randomise: vary colour, blur, noise and JPEG as the world does.
            absent: chance of one more expression, of an object that the photograph doesn't show.

        Returns:
            A clip of one frame with ids; no captions, flow or camera.
        """
        still = self._stills[index]
        picture, ids = still.pixels
        rows, columns = ids.shape
        for attempt in range(4):
            whole = attempt == 3
            box = np.s_[:, :] if whole else random_box(rng, rows, columns, height / width)
            kept = _kept(ids, ids[box], still.objects)
            if kept:
                break
        mirrored = bool(rng.random() < 0.5)
        frame, small_ids = _resize(picture[box], ids[box], height, width, mirrored)
        if randomise:
            frame = compositing.degrade(rng, compositing.vary_colour(rng, frame, 0.6)[None])[0]
        expressions = _expressions(rng, small_ids, still.objects, kept, mirrored)
        if absent and rng.random() < absent:
            expressions += self._absent(rng, still)
        return Clip(
            frames_THWC=frame[None],
            ids_THW=small_ids[None],
            expressions=expressions,
            name=still.image.name,
        )

    def _absent(self, rng: np.random.Generator, still: _Still) -> tuple[Expression, ...]:
        """Name an animal or vehicle of another photograph; everyday things may be unlabelled."""
        for _ in range(8):
            other = self._stills[int(rng.integers(len(self._stills)))]
            stranger = other.objects[int(rng.integers(len(other.objects)))]
            name = stranger.class_name
            if not {"animal", "vehicle"} & set(vocabulary.broader(name)):
                continue
            shown = (o.class_name for o in still.objects)
            if not any(vocabulary.could_be(name, c, vocabulary.broader(c)) for c in shown):
                return (Expression(stranger.caption, (), "absent"),)
        return ()


def _read_table(folder: Path, table: Path) -> Iterator[_Still]:
    if not table.is_file():
        raise UserError(f"{table}: no such file; expected a table with columns {_COLUMNS}.")
    by_image: dict[str, list[_Labelled]] = {}
    with table.open(encoding="utf-8", newline="") as stream:
        for line, row in enumerate(csv.DictReader(stream), start=2):
            if not all(row.get(column) for column in _COLUMNS) or not row["object_id"].isdigit():
                raise UserError(
                    f"{table}: line {line} needs {sorted(_COLUMNS)}, object_id a whole number."
                )
            labelled = _Labelled(int(row["object_id"]), row["class_name"], row["caption"])
            by_image.setdefault(row["image"], []).append(labelled)
    if not by_image:
        raise UserError(f"{table}: lists nothing; expected at least one row.")
    for name, objects in by_image.items():
        image = folder / name
        still = _Still(image, image.with_suffix(".png"), tuple(objects))
        for file in (still.image, still.mask):
            if not file.is_file():
                raise UserError(f"{table}: lists {file}, which isn't there; restore or remove it.")
        yield still


def _kept(ids: UInt8Array, cropped: UInt8Array, objects: tuple[_Labelled, ...]) -> set[int]:
    """Ids of the objects that are still large and whole enough to ask for."""
    before = np.bincount(ids.ravel(), minlength=256)
    after = np.bincount(cropped.ravel(), minlength=256)
    return {
        o.object_id
        for o in objects
        if after[o.object_id] >= max(KEPT * before[o.object_id], SMALLEST * cropped.size, 1)
    }


def _resize(
    picture: UInt8Array, ids: UInt8Array, height: int, width: int, mirrored: bool
) -> tuple[UInt8Array, UInt8Array]:
    shrinks = picture.shape[0] > height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    frame = cv2.resize(picture, (width, height), interpolation=how)
    small_ids = cv2.resize(ids, (width, height), interpolation=cv2.INTER_NEAREST)
    if mirrored:
        frame, small_ids = frame[:, ::-1], small_ids[:, ::-1]
    return np.ascontiguousarray(frame), np.ascontiguousarray(small_ids)


def _sighting(ids: UInt8Array, labelled: _Labelled, mirrored: bool) -> Sighting:
    mask = ids == labelled.object_id
    return Sighting(
        object_id=labelled.object_id,
        class_name=labelled.class_name,
        caption=mirror_words(labelled.caption) if mirrored else labelled.caption,
        broader=vocabulary.broader(labelled.class_name),
        boxes_T4=boxes(mask[None]),
        areas_T=np.array([mask.mean()]),
        visible_T=np.ones(1),
        whole_centres_T2=np.zeros((1, 2)),
        drift_T2=np.zeros((1, 2)),
        growth=1.0,
    )


def _expressions(
    rng: np.random.Generator,
    ids: UInt8Array,
    objects: tuple[_Labelled, ...],
    kept: set[int],
    mirrored: bool,
) -> tuple[Expression, ...]:
    present = set(np.unique(ids).tolist())
    seen = [_sighting(ids, o, mirrored) for o in objects if o.object_id in present]
    written = []
    for target in seen:
        others = [o for o in seen if o is not target]
        if target.object_id not in kept or target.object_id not in present:
            continue
        alike = [o for o in others if o.class_name == target.class_name]
        if _PLACE.search(target.caption):
            if all(_place_holds(word, target, alike) for word in _PLACE.findall(target.caption)):
                written.append(Expression(target.caption, (target.object_id,), "place"))
            continue
        body = target.caption.split(" ", 1)[1] if target.singular else target.caption
        colours = vocabulary.colours(target.caption)
        phrase = Phrase(body, target.class_name, colours, target.singular)
        if not any(phrase.could_mean(o) for o in others):
            text = article(rng, phrase)
            if target.singular and rng.random() < 0.25:
                text += _side(target)
            written.append(Expression(text, (target.object_id,), "appearance"))
    return tuple(written)


def _middle(sighting: Sighting) -> tuple[float, float]:
    left, top, right, bottom = sighting.boxes_T4[0]
    return (left + right) / 2, (top + bottom) / 2


def _side(sighting: Sighting) -> str:
    x, _ = _middle(sighting)
    if x < 0.35:
        return " on the left"
    return " on the right" if x > 0.65 else ""


def _place_holds(word: str, target: Sighting, alike: list[Sighting]) -> bool:
    """Whether a place word of the whole photograph is still right in the crop."""
    x, y = _middle(target)
    xs, ys = [_middle(o)[0] for o in alike], [_middle(o)[1] for o in alike]
    area, areas = target.areas_T[0], [o.areas_T[0] for o in alike]
    # Alone of its kind in the crop, it must be on that side of the crop.
    first_x, last_x = all(x < o for o in xs), all(x > o for o in xs)
    return {
        "left": first_x and x < (0.6 if xs else 0.45),
        "right": last_x and x > (0.4 if xs else 0.55),
        "leftmost": first_x and bool(xs),
        "rightmost": last_x and bool(xs),
        "middle": 0.25 < x < 0.75,
        "center": 0.25 < x < 0.75,
        "centre": 0.25 < x < 0.75,
        "top": all(y < o for o in ys) and y < 0.6,
        "bottom": all(y > o for o in ys) and y > 0.4,
        "largest": bool(areas) and all(area > o for o in areas),
        "biggest": bool(areas) and all(area > o for o in areas),
        "smallest": bool(areas) and all(area < o for o in areas),
    }.get(word, True)
