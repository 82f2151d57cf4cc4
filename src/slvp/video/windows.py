"""A few frames from anywhere in a video, at bounded cost whatever its header claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Self

import av
import numpy as np
from av.video.reformatter import Interpolation

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video.container import check_content, moving_pictures, orientation, to_rgb, upright
from slvp.video.records import DEFAULT_RATE

MAX_PIXELS = 4096 * 4096  # of a frame; a decoder keeps up to 17, and each loader's worker has one
MOST_PASSED = 100  # packets decoded to get from a key frame to the start of a window
MOST_READ = 600  # packets decoded in all; the window's own may be those of a fast camera


@dataclass(frozen=True)
class View:
    """What is seen of a frame: it is scaled to ``height`` x ``width``, then cut to a box."""

    height: int
    width: int
    top: int
    left: int
    box_height: int
    box_width: int


class WindowReader:
    """Reads short windows of a video, upright and in RGB. A context manager.

    One thread decodes: training has a process for each core already.

    Args:
        file: the video's bytes, in which one can seek. It stays the caller's to close.
        size: how many they are.
        label: what to call it in messages.

    Attributes:
        height: pixels, as shown.
        width: pixels, as shown.
        step: seconds from frame to frame, on average, as claimed.
        end: seconds from the first frame to the last one: as claimed, or, once a window has
            met the end, as found.

    Raises:
        UserError: it is empty, cut off, damaged, too large or no video.
    """

    def __init__(self, file: BinaryIO, size: int, label: str) -> None:
        self._file, self._label = file, label
        check_content(file, size, label)
        self._open()
        first = next(self._frames(0.0), None)  # only a frame shows that it is a video
        if first is None:
            raise self._unusable("has no frame that can be decoded")
        self._orientation = orientation(first.frame)
        self.height, self.width = first.frame.height, first.frame.width
        if self._orientation[0]:
            self.height, self.width = self.width, self.height
        duration = (self._stream.duration or 0) * self._tick
        duration = duration or (self._container.duration or 0) / av.time_base
        self.end = max(0.0, duration - self.step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def read(self, start: float, interval: float, count: int, view: View) -> UInt8Array:
        """Read ``count`` frames, each about ``interval`` seconds after the one before.

        Args:
            start: seconds from the first frame. Where there are more than ``MOST_PASSED`` packets
                from the key frame before it, the window begins earlier.
            interval: where frames are further apart, each is read.
            count: of frames.
            view: scale and part of each.

        Returns:
            frames_THWC; fewer than ``count`` where the video ends before.

        Raises:
            UserError: it is damaged.
        """
        found: list[UInt8Array] = []
        due, time = start, 0.0
        nearest = min(self.step, interval) / 2  # due times needn't be those of frames
        for frame, time, late in self._frames(start):
            if time < due - nearest and not (late and not found):
                continue
            found.append(self._seen(frame, view))
            due = time + interval
            if len(found) == count:
                break
        else:
            self.end = time
        empty_THWC = np.zeros((0, view.box_height, view.box_width, 3), np.uint8)
        return np.stack(found) if found else empty_THWC

    def _open(self) -> None:
        self._file.seek(0)
        try:
            self._container = av.open(self._file, mode="r", metadata_errors="replace")
        except av.FFmpegError as error:
            raise self._unusable(f"can't be read as a video ({error.strerror})") from None
        stream = moving_pictures(self._container)
        if stream is None:
            raise self._unusable("has no moving pictures in it")
        if stream.width * stream.height > MAX_PIXELS:
            raise self._unusable(f"claims {stream.width} x {stream.height} pixels")
        stream.thread_type = "NONE"
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # the stream may change
        self._stream = stream
        self._tick = float(stream.time_base or 1 / av.time_base)
        self.step = 1 / float(stream.average_rate or DEFAULT_RATE)
        self._origin = (self._container.start_time or 0) / av.time_base

    def _frames(self, start: float) -> Iterator[_Timed]:
        """Decode from the key frame before ``start``, leaving out what no later frame needs."""
        time = -self.step
        try:
            self._seek(start)
            codec = self._stream.codec_context
            for passed, packet in enumerate(self._container.demux(self._stream)):
                if passed > MOST_READ:
                    raise self._unusable(f"has more than {MOST_READ} frames in a short while")
                late = passed >= MOST_PASSED
                early = packet.pts is not None and self._time(packet.pts) < start - self.step
                codec.skip_frame = "NONREF" if early and not late else "DEFAULT"
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise self._unusable("is damaged")
                    time = time + self.step if frame.pts is None else self._time(frame.pts)
                    yield _Timed(frame, time, late)
        except av.FFmpegError as error:
            raise self._unusable(f"is damaged ({error.strerror})") from None

    def _seek(self, start: float) -> None:
        try:
            self._container.seek(round((start + self._origin) / self._tick), stream=self._stream)
        except av.FFmpegError:  # some formats have no index
            self._container.close()
            self._open()

    def _time(self, ticks: int) -> float:
        return ticks * self._tick - self._origin

    def _seen(self, frame: av.VideoFrame, view: View) -> UInt8Array:
        height, width = view.height, view.width
        if self._orientation[0]:
            height, width = width, height
        image_HW3 = upright(to_rgb(frame, width, height, Interpolation.AREA), self._orientation)
        bottom, right = view.top + view.box_height, view.left + view.box_width
        return image_HW3[view.top : bottom, view.left : right]

    def _unusable(self, what: str) -> UserError:
        return UserError(f"{self._label} {what}; replace it.")


class _Timed(NamedTuple):
    frame: av.VideoFrame
    time: float
    late: bool
