"""Real videos behind the objects of the world: their own motion goes on there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from slvp.data import synonyms, vocabulary
from slvp.data.captioned.folders import from_json
from slvp.data.captioned.shards import VIDEO_SUFFIXES
from slvp.data.colour_naming import Look
from slvp.data.phrases import Sighting, unplaced
from slvp.data.pictures import BACKGROUND_SIDE, shrink
from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video import VideoReader

_RATE = 12.0  # frames a second that are kept
_MOST_FRAMES = 300  # of a video that are kept
_SLOWEST = 3  # kept frames from one frame of a clip to the next, at most
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 92]

_PEOPLE = re.compile(
    r"\b(people|students?|customers?|workers?|players?|cyclists?|dancers?|riders?|drivers?|"
    r"pedestrians?|spectators?|hands?|someone|crowd|baby|babies|lady|ladies|guys?)\b"
)
# Clothes and hair of these colours are seldom worth a caption's word.
_EVERYWHERE = frozenset({"black", "white", "gray", "grey", "blue", "navy", "dark", "brown"})


class BackgroundVideo:
    """A video before which objects can move. Frames are kept in memory, as JPEG.

    Args:
        file: it.
        captions: what it shows, if that is known.
    """

    def __init__(self, file: Path, captions: Sequence[str] = ()) -> None:
        self.name = file.name
        self.shows: tuple[Sighting, ...] = _shown(captions)
        """What is in it, as far as its captions tell: nobody knows where."""
        self._file = file

    @cached_property
    def _frames(self) -> list[UInt8Array]:
        kept: list[UInt8Array] = []
        with VideoReader(self._file) as reader:
            for frame in reader:
                if frame.time >= len(kept) / _RATE - 1e-6:
                    bgr = cv2.cvtColor(shrink(frame.image_HW3, BACKGROUND_SIDE), cv2.COLOR_RGB2BGR)
                    kept.append(np.asarray(cv2.imencode(".jpg", bgr, _QUALITY)[1], np.uint8))
                if len(kept) == _MOST_FRAMES:
                    break
        return kept

    def window(self, rng: np.random.Generator, frames: int) -> list[UInt8Array]:
        """Return some consecutive frames (HW3 RGB), forwards or backwards; the last may repeat."""
        stride = int(rng.integers(1, _SLOWEST + 1))
        span = (frames - 1) * stride
        last = len(self._frames) - 1
        start = int(rng.integers(0, max(1, last - span + 1)))
        chosen = [min(start + step * stride, last) for step in range(frames)]
        if rng.random() < 0.3:
            chosen.reverse()
        return [
            np.asarray(cv2.cvtColor(cv2.imdecode(self._frames[i], 1), cv2.COLOR_BGR2RGB), np.uint8)
            for i in chosen
        ]


def open_background_videos(places: Iterable[str | Path]) -> tuple[BackgroundVideo, ...]:
    """Find videos; none is looked into.

    Args:
        places: videos, or folders of them; ``captions.json`` there, in a layout for captioned
            video, tells what they show.

    Raises:
        UserError: a place is missing, or has no video.
    """
    found: list[BackgroundVideo] = []
    for place in map(Path, places):
        if not place.exists():
            raise UserError(f"{place}: not found; expected a video, or a folder of videos.")
        if place.is_file():
            found.append(BackgroundVideo(place))
            continue
        files = sorted(f for f in place.iterdir() if f.suffix[1:].lower() in VIDEO_SUFFIXES)
        if not files:
            raise UserError(
                f"{place}: has no video; expected files of the kinds {', '.join(VIDEO_SUFFIXES)}."
            )
        captions = _captions(place / "captions.json")
        found += [BackgroundVideo(file, captions.get(file.name, ())) for file in files]
    return tuple(found)


def _captions(file: Path) -> dict[str, tuple[str, ...]]:
    if not file.is_file():
        return {}
    index = from_json(file)
    videos = (index.read(number) for number in range(len(index)))
    return {Path(video.name).name: video.captions for video in videos}


def _shown(captions: Sequence[str]) -> tuple[Sighting, ...]:
    """What captions name. Objects of colours that they don't name are others."""
    text = " . ".join(captions).lower()
    names = {_SINGULAR[match] for match in _NAMED.findall(text)}
    if _PEOPLE.search(text):
        names.add("person")
    look = Look("", vocabulary.colours(text) | _EVERYWHERE)
    return tuple(unplaced(name, look=look) for name in sorted(names))


_KNOWN = vocabulary.BROADER.keys() | vocabulary.CATEGORIES | synonyms.NAMES.keys()
_SINGULAR = {name: name for name in _KNOWN} | {vocabulary.plural(name): name for name in _KNOWN}
_NAMED = re.compile(r"\b(" + "|".join(sorted(_SINGULAR, key=len, reverse=True)) + r")\b")
