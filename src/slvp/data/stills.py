"""Whole photographs with captioned object masks, as clips: a camera moves over each."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from slvp.data import compositing, language, motion, vocabulary
from slvp.data.phrases import Sighting, boxes
from slvp.data.still_objects import PLACE, Still, StillObject, read_stills
from slvp.data.transforms import mirror_words, random_box
from slvp.types import Clip, Expression, UInt8Array

KEPT = 0.4  # share of an object that must stay in the crop
SMALLEST = 0.003  # share of the crop that an object must cover
KINDS = ("appearance", "place", "size", "relation")
SAYABLE = frozenset({"person", "animal", "bird", "vehicle"})
"""Broader classes of which photographs show none that isn't labelled, or known to be there."""

_EXPRESSIONS = 6
_MOVES = 0.8  # chance that the camera moves
_REACH = 0.03  # typical pan, in frame widths a step
_TILT = 0.012  # typical change of perspective a step


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
        self.photographs = list(read_stills(Path(path)))
        weights = np.sqrt([len(still.objects) for still in self.photographs])
        self._chances = weights / weights.sum()

    def __len__(self) -> int:
        return len(self.photographs)

    def pick(self, rng: np.random.Generator) -> int:
        """Choose a photograph; those of many objects, which must be told apart, come more often."""
        return int(rng.choice(len(self), p=self._chances))

    def clip(
        self,
        index: int,
        rng: np.random.Generator,
        height: int,
        width: int,
        *,
        frames: int = 1,
        randomise: bool = True,
        absent: float = 0.0,
    ) -> Clip:
        """Let a camera move over a random part of photograph ``index``; half are mirrored.

        Expressions are the captions of the objects that keep at least 40% of their pixels, other
        words for them, and what masks tell of places, sizes and relations; all of them mean one
        labelled object only, and none that may be there unlabelled. Places in captions ("on the
        left") are checked again in the crop, and swapped where it is mirrored. There may be none.

        Args:
            index: of the photograph.
            rng: source of chance.
            height: of the frame, in pixels.
            width: of the frame, in pixels.
            frames: T.
            randomise: vary colour, blur, noise and JPEG as the world does.
            absent: chance of one more expression, of an object that the photograph doesn't show.

        Returns:
            A clip of T frames with ids; no captions, flow or camera.
        """
        still = self.photographs[index]
        picture, ids = still.pixels
        rows, columns = ids.shape
        for attempt in range(4):
            whole = attempt == 3
            box = np.s_[:, :] if whole else random_box(rng, rows, columns, height / width)
            kept = _kept(still, ids[box])
            if kept:
                break
        mirrored = bool(rng.random() < 0.5)
        moving = frames > 1 and rng.random() < _MOVES
        path_T33 = _camera(rng, frames, height, width, moving=moving)
        frames_THWC, ids_THW, scale = _film(picture[box], ids[box], path_T33, height, width)
        if mirrored:
            frames_THWC = np.ascontiguousarray(frames_THWC[:, :, ::-1])
            ids_THW = np.ascontiguousarray(ids_THW[:, :, ::-1])
        if randomise:
            frames_THWC = compositing.degrade(rng, compositing.vary_colours(rng, frames_THWC, 0.6))
        seen = [
            sighting(still, o, ids_THW, scale, mirrored=mirrored, clutter=o.object_id not in kept)
            for o in still.objects
        ]
        seen = [s for s in seen if s.areas_T.any()]
        everyone = [*seen, *still.unlabelled]
        written = language.expressions(rng, everyone, (), _EXPRESSIONS, 0.0, KINDS)
        written += _as_captioned(still, seen, mirrored=mirrored)
        if absent and rng.random() < absent:
            written += self._absent(rng, still, everyone)
        return Clip(
            frames_THWC=frames_THWC,
            ids_THW=ids_THW,
            expressions=tuple({e.text: e for e in written}.values()),
            name=still.image.name,
        )

    def _absent(
        self, rng: np.random.Generator, still: Still, everyone: list[Sighting]
    ) -> tuple[Expression, ...]:
        """Name an animal or vehicle of another photograph; everyday things may be unlabelled."""
        near = language.near_miss(rng, everyone) if rng.random() < 0.4 else None
        if near is not None:
            return (Expression(near, (), "absent"),)
        for _ in range(8):
            other = self.photographs[int(rng.integers(len(self)))]
            stranger = other.objects[int(rng.integers(len(other.objects)))]
            name = stranger.class_name
            if not {"animal", "vehicle"} & set(vocabulary.broader(name)):
                continue
            shown = (o.class_name for o in still.objects)
            if not any(vocabulary.could_be(name, c, vocabulary.broader(c)) for c in shown):
                return (Expression(stranger.looks, (), "absent"),)
        return ()


def _kept(still: Still, cropped: UInt8Array) -> set[int]:
    """Ids of the objects that are still large and whole enough to ask for."""
    after = np.bincount(cropped.ravel(), minlength=256)
    return {
        object_id
        for object_id, before in still.areas.items()
        if after[object_id] >= max(KEPT * before, SMALLEST * cropped.size, 1)
    }


def _camera(
    rng: np.random.Generator, frames: int, height: int, width: int, *, moving: bool
) -> npt.NDArray[np.float64]:
    """Homographies (T33) from the scene to the frames: pan, zoom, roll, shake and tilt."""
    path_T33 = motion.camera_path(rng, frames, height, width, moving=moving, reach=_REACH * width)
    if not moving:
        return path_T33
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    tilt_T33 = np.tile(np.eye(3), (frames, 1, 1))
    time = np.arange(frames) - (frames - 1) / 2
    tilt_T33[:, 2, :2] = time[:, None] * rng.normal(0, _TILT, 2) / (width, height)
    return np.asarray(np.linalg.inv(centre) @ tilt_T33 @ centre @ path_T33, np.float64)


def _film(
    picture: UInt8Array, ids: UInt8Array, path_T33: npt.NDArray[np.float64], height: int, width: int
) -> tuple[UInt8Array, UInt8Array, float]:
    """Show a picture (HW3) and its ids (HW) as a camera sees them that stays inside them.

    Returns:
        frames_THWC, ids_THW, and pixels of the frame per pixel of the picture (areas).
    """
    corners = np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    seen = np.linalg.inv(path_T33) @ corners
    seen = seen[:, :2] / seen[:, 2:]
    low, high = seen.min((0, 2)), seen.max((0, 2))
    size = (max(2, round(high[0] - low[0])), max(2, round(high[1] - low[1])))
    how = cv2.INTER_AREA if picture.shape[0] > size[1] else cv2.INTER_LINEAR
    scene = cv2.resize(picture, size, interpolation=how)
    scene_ids = cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST)
    scale = size[0] * size[1] / ids.size
    if len(path_T33) == 1 or size == (width, height):
        steps = len(path_T33)
        # A tripod: all frames are the same.
        return (
            np.repeat(np.asarray(scene, np.uint8)[None, :height, :width], steps, 0),
            np.repeat(np.asarray(scene_ids, np.uint8)[None, :height, :width], steps, 0),
            scale,
        )
    to_scene = np.array([[1, 0, low[0]], [0, 1, low[1]], [0, 0, 1]])
    frames, frame_ids = [], []
    for matrix in path_T33 @ to_scene:
        frames.append(
            cv2.warpPerspective(scene, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        )
        frame_ids.append(
            cv2.warpPerspective(scene_ids, matrix, (width, height), flags=cv2.INTER_NEAREST)
        )
    return np.stack(frames).astype(np.uint8), np.stack(frame_ids).astype(np.uint8), scale


def sighting(
    still: Still,
    labelled: StillObject,
    ids_THW: UInt8Array,
    scale: float,
    *,
    mirrored: bool,
    clutter: bool,
    object_id: int | None = None,
) -> Sighting:
    """Measure an object of a photograph in the frames of a clip.

    Args:
        still: the photograph.
        labelled: the object.
        ids_THW: of the clip.
        scale: pixels of a frame per pixel of the photograph.
        mirrored: left is right.
        clutter: it is not to be referred to.
        object_id: its value in ``ids_THW``, if it isn't that of the photograph.
    """
    mask_THW = ids_THW == (labelled.object_id if object_id is None else object_id)
    steps = len(ids_THW)
    whole = max(1.0, still.areas[labelled.object_id] * scale)
    return Sighting(
        object_id=labelled.object_id if object_id is None else object_id,
        class_name=labelled.class_name,
        caption=mirror_words(labelled.looks) if mirrored else labelled.looks,
        broader=vocabulary.broader(labelled.class_name),
        boxes_T4=boxes(mask_THW),
        areas_T=mask_THW.mean((1, 2)),
        visible_T=np.minimum(mask_THW.sum((1, 2)) / whole, 1.0),
        whole_centres_T2=np.zeros((steps, 2)),
        drift_T2=np.zeros((steps, 2)),
        growth=1.0,
        clutter=clutter,
        look=still.looks[labelled.object_id],
        moves=None,
        sayable=SAYABLE,
    )


def _as_captioned(still: Still, seen: list[Sighting], *, mirrored: bool) -> tuple[Expression, ...]:
    """Captions that say where an object is, where that still holds.

    Of objects of which all others of their kind are labelled, places are told from the masks.
    """
    by_id = {s.object_id: s for s in seen}
    written = []
    for labelled in still.objects:
        target = by_id.get(labelled.object_id)
        if target is None or target.clutter or not labelled.placed or labelled.all_labelled:
            continue
        caption = mirror_words(labelled.caption) if mirrored else labelled.caption
        alike = [s for s in seen if s is not target and s.class_name == target.class_name]
        if all(_place_holds(word, target, alike) for word in PLACE.findall(caption)):
            written.append(Expression(caption, (target.object_id,), "place"))
    return tuple(written)


def _place_holds(word: str, target: Sighting, alike: list[Sighting]) -> bool:
    """Whether a place word of the whole photograph is still right in the crop."""
    x, y = np.nanmean(target.centres_T2, axis=0)
    xs, ys = (
        zip(*(np.nanmean(o.centres_T2, axis=0) for o in alike), strict=True) if alike else ((), ())
    )
    area, areas = target.areas_T.mean(), [o.areas_T.mean() for o in alike]
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
