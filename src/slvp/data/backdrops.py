"""What is behind the objects of the world: a photograph, maybe with objects, or a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from slvp.data import compositing
from slvp.data.background_videos import BackgroundVideo
from slvp.data.phrases import Sighting
from slvp.data.pictures import Picture
from slvp.data.still_objects import Still
from slvp.data.stills import sighting
from slvp.types import UInt8Array

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scenery:
    """What is behind the objects of a clip, before it is known which part of it is seen.

    Attributes:
        pictures: HW3 RGB, one for each frame, or one for all.
        still: the photograph with objects of its own, if it is one.
        unplaced: what else it may show.
    """

    pictures: list[UInt8Array]
    still: Still | None = None
    unplaced: tuple[Sighting, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the objects that it is known to show, and where."""
        return () if self.still is None else tuple(o.class_name for o in self.still.objects)

    @property
    def shows_more(self) -> bool:
        """Whether it may show things that nobody has labelled."""
        return self.still is not None or len(self.pictures) > 1


@dataclass(frozen=True)
class Backdrop:
    """What a camera sees behind the objects of a clip.

    Attributes:
        scenery: what it was made from.
        pictures: HW3 RGB, one for each frame, or one for all.
        to_picture: matrix (33) from the scene to their pixels.
        ids: HW, ids of the photograph's own objects, plus ``first_id``; 0 elsewhere.
        first_id: id after which they count.
        mirrored: left is right.
    """

    scenery: Scenery
    pictures: list[UInt8Array]
    to_picture: Float64Array
    ids: UInt8Array | None
    first_id: int
    mirrored: bool

    def picture(self, moment: int) -> UInt8Array:
        """Return the picture behind a frame."""
        return self.pictures[moment % len(self.pictures)]

    def around(self, centre_2: Float64Array, size_2: Float64Array) -> UInt8Array:
        """Return the picture where something stands, and a little around it.

        Args:
            centre_2: x and y in the scene.
            size_2: width and height.
        """
        picture = self.pictures[0]
        x, y = self.to_picture[:2, :2] @ centre_2 + self.to_picture[:2, 2]
        reach_x, reach_y = np.maximum(0.7 * size_2 * self.to_picture[0, 0], 12)
        rows, columns = picture.shape[:2]
        left, right = np.clip((x - reach_x, x + reach_x), 0, columns).astype(int)
        top, bottom = np.clip((y - reach_y, y + reach_y), 0, rows).astype(int)
        part = picture[top:bottom, left:right]
        return np.ascontiguousarray(part) if min(part.shape[:2]) > 3 else picture

    def sightings(
        self, rng: np.random.Generator, ids_THW: UInt8Array, camera_33: Float64Array, clutter: float
    ) -> list[Sighting]:
        """Measure the photograph's own objects in a clip.

        Args:
            rng: source of chance.
            ids_THW: of the clip.
            camera_33: from the scene to one of its frames.
            clutter: chance that an object is not to be referred to.
        """
        still = self.scenery.still
        if still is None or self.ids is None:
            return []
        to_frame = camera_33 @ np.linalg.inv(self.to_picture)
        shrunk = self.ids.size / still.pixels[1].size
        scale = abs(float(np.linalg.det(to_frame[:2, :2]))) * shrunk
        return [
            sighting(
                still,
                labelled,
                ids_THW,
                scale,
                mirrored=self.mirrored,
                clutter=bool(rng.random() < clutter),
                object_id=self.first_id + labelled.object_id,
            )
            for labelled in still.objects
            if (ids_THW == self.first_id + labelled.object_id).any()
        ]


@dataclass(frozen=True)
class Backdrops:
    """Chooses what is behind the objects.

    Attributes:
        photographs: of nothing that a sentence would be about.
        stills: photographs with objects of their own, which are asked for, too; or none.
        videos: real videos; or none.
        still_share: chance of one of ``stills``, if there are any.
        video_share: chance of one of ``videos``, if there are any.
        randomise: vary colours and sharpness.
    """

    photographs: Sequence[Picture]
    stills: Sequence[Still] = ()
    videos: Sequence[BackgroundVideo] = ()
    still_share: float = 0.25
    video_share: float = 0.15
    randomise: bool = True

    def texture(self, rng: np.random.Generator) -> UInt8Array:
        """Return some photograph."""
        return self.photographs[int(rng.integers(len(self.photographs)))].load()

    def choose(self, rng: np.random.Generator, frames: int) -> Scenery:
        """Choose what is behind the objects of a clip of so many frames."""
        choice = rng.random()
        if self.videos and choice < self.video_share:
            video = self.videos[int(rng.integers(len(self.videos)))]
            return Scenery(video.window(rng, frames), unplaced=video.shows)
        if self.stills and choice > 1 - self.still_share:
            still = self.stills[int(rng.integers(len(self.stills)))]
            return Scenery([still.pixels[0]], still, still.unlabelled)
        return Scenery([self.texture(rng)])

    def show(
        self,
        rng: np.random.Generator,
        scenery: Scenery,
        camera_T33: Float64Array,
        height: int,
        width: int,
        first_id: int,
    ) -> Backdrop:
        """Choose which part of it is seen, and how it looks.

        Args:
            rng: source of chance.
            scenery: that was chosen.
            camera_T33: from the scene to the frames.
            height: of a frame, in pixels.
            width: of a frame, in pixels.
            first_id: id after which those of the photograph's own objects count.
        """
        ids = None
        if scenery.still is not None:
            own = scenery.still.pixels[1]
            ids = np.where(own > 0, own + np.uint8(first_id), np.uint8(0))
        pictures, ids, to_picture = _fit(rng, scenery.pictures, ids, camera_T33, height, width)
        if self.randomise:
            pictures = list(compositing.vary_colours(rng, np.stack(pictures)))
            if rng.random() < 0.2:
                sigma = rng.uniform(0.6, 2.5)
                pictures = [
                    np.asarray(cv2.GaussianBlur(p, (0, 0), sigma), np.uint8) for p in pictures
                ]
        mirrored = bool(rng.random() < 0.5)
        if mirrored:
            pictures = [np.ascontiguousarray(p[:, ::-1]) for p in pictures]
            ids = None if ids is None else np.ascontiguousarray(ids[:, ::-1])
        return Backdrop(scenery, pictures, to_picture, ids, first_id, mirrored)


def _fit(
    rng: np.random.Generator,
    pictures: list[UInt8Array],
    ids: UInt8Array | None,
    camera_T33: Float64Array,
    height: int,
    width: int,
) -> tuple[list[UInt8Array], UInt8Array | None, Float64Array]:
    """Choose the part of pictures that is seen; shrink them where they are finer than frames."""
    corners = np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    seen = np.linalg.inv(camera_T33) @ corners
    low, high = seen[:, :2].min((0, 2)) - 2, seen[:, :2].max((0, 2)) + 2
    rows, columns = pictures[0].shape[:2]
    # Pixels of the picture per pixel of the scene: at most what shows all that is seen.
    most = min(columns / (high - low)[0], rows / (high - low)[1])
    ratio = most * (rng.uniform(0.5, 1.0) if rng.random() < 0.6 else 1.0)
    if ratio > 1.0:
        size = (round(columns / ratio), round(rows / ratio))
        pictures = [
            np.asarray(cv2.resize(p, size, interpolation=cv2.INTER_AREA), np.uint8)
            for p in pictures
        ]
        if ids is not None:
            ids = np.asarray(cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        rows, columns, ratio = *pictures[0].shape[:2], 1.0
    spare = np.array([columns, rows]) - (high - low) * ratio
    start = rng.uniform(0, np.maximum(spare, 1e-6)) - low * ratio
    return pictures, ids, np.array([[ratio, 0, start[0]], [0, ratio, start[1]], [0, 0, 1]])
