"""Pictures out of whatever makes them: a camera, a URL, standard input, a file."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video import Frame, VideoReader
from slvp.video.container import (
    DecodedFrames,
    check_file,
    moving_pictures,
    orientation,
    to_rgb,
    upright,
)

_CAMERA = re.compile(r"(?:/dev/video)?(\d+)")
_PATIENCE = 10.0  # seconds without a byte after which a connection counts as broken
_RTSP = {
    "rtsp_transport": "tcp",  # UDP loses packets, which smears pictures
    "fflags": "nobuffer",
}
_PACED_FORMATS = ("hls", "dash")  # come in pieces of seconds, each at once


class Picture(NamedTuple):
    """A picture, and its time in seconds where the source is played at its own pace."""

    image_HW3: UInt8Array
    time: float | None


class BrokenError(Exception):
    """A source that could give more has stopped, or can't be reached; the message says why."""


@dataclass(frozen=True)
class Source:
    """Where pictures come from.

    Attributes:
        label: for messages.
        open: begins to read; gives the pictures as they come. Raises ``BrokenError`` where more
            could come later, ``UserError`` where the source is of no use.
        returns: whether it may come back after it broke.
    """

    label: str
    open: Callable[[], Iterator[Picture]]
    returns: bool


def source_of(text: str) -> Source:
    """Understand what a user calls a source; nothing is opened yet.

    Args:
        text: a camera's index, a URL, ``-`` for standard input, a file or a folder of images.

    Raises:
        UserError: a file isn't there, or is visibly no video.
    """
    if camera := _CAMERA.fullmatch(text):
        index = int(camera[1])
        return Source(f"camera {index}", lambda: _camera_pictures(index), returns=True)
    if "://" in text and not text.startswith("file:"):
        return Source(_without_password(text), lambda: _network_pictures(text), returns=True)
    if text == "-":
        return Source("standard input", _stdin_pictures, returns=False)
    path = Path(text.removeprefix("file://"))
    try:
        if not path.is_dir():
            check_file(path)
    except OSError as error:
        raise UserError(
            f"{path} can't be read: {error.strerror}; check its name and its rights."
        ) from error
    return Source(str(path), lambda: _file_pictures(path), returns=False)


def _without_password(url: str) -> str:
    """Leave out of a URL what should not stand in logs."""
    return re.sub(r"//[^/@]*@", "//", url)


def _camera_pictures(index: int) -> Iterator[Picture]:
    camera = cv2.VideoCapture(index)
    try:
        if not camera.isOpened():
            raise BrokenError("there is no such camera, or another program uses it")
        camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # or pictures come late from the driver's queue
        while True:
            read, image_HW3 = camera.read()
            if not read:
                raise BrokenError("it gives no more pictures")
            yield Picture(cv2.cvtColor(image_HW3, cv2.COLOR_BGR2RGB), None)
    finally:
        camera.release()


def _network_pictures(url: str) -> Iterator[Picture]:
    options = _RTSP if url.startswith("rtsp") else {}
    try:
        with av.open(url, mode="r", options=options, timeout=_PATIENCE) as container:
            stream = moving_pictures(container)
            if stream is None:
                raise UserError(f"{_without_password(url)} has no moving pictures; give a video.")
            # Decoding several frames at a time would hold some of them back.
            stream.thread_type = "SLICE"
            pictures = _decoded(container, stream)
            if container.duration is None and container.format.name not in _PACED_FORMATS:
                yield from (Picture(image_HW3, None) for image_HW3, _ in pictures)
                raise BrokenError("the connection was closed")
            yield from _at_own_pace(Frame(image_HW3, time) for image_HW3, time in pictures)
            if container.duration is None:
                raise BrokenError("the connection was closed")
    except av.FFmpegError as error:
        reason = "no answer in time" if isinstance(error, av.error.ExitError) else error.strerror
        raise BrokenError(reason) from error


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[tuple[UInt8Array, float]]:
    size = shown = None
    for frame in container.decode(stream):
        size = size or (frame.width, frame.height)
        shown = shown or orientation(frame)
        image_HW3 = np.ascontiguousarray(upright(to_rgb(frame, *size), shown))
        yield image_HW3, frame.time if frame.pts is not None else 0.0


def _stdin_pictures() -> Iterator[Picture]:
    # A file of our own, as a thread that waits for Python's would be in the way when it ends.
    with open(os.dup(sys.stdin.fileno()), "rb", buffering=0) as file:  # noqa: PTH123
        frames = DecodedFrames(file, label="standard input", name="stdin")
        yield from _at_own_pace(iter(frames))


def _file_pictures(path: Path) -> Iterator[Picture]:
    with VideoReader(path) as reader:
        yield from _at_own_pace(iter(reader))


def _at_own_pace(frames: Iterator[Frame]) -> Iterator[Picture]:
    """Hold each frame back until its time has come; what comes late isn't held back."""
    begun = first = None
    for frame in frames:
        if begun is None or first is None:
            begun, first = time.monotonic(), frame.time
        early = begun + (frame.time - first) - time.monotonic()
        if early > 0:
            time.sleep(early)
        yield Picture(frame.image_HW3, frame.time - first)
