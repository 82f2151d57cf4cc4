"""Some of the frames of a whole video, one pass from its start to its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from av.video.reformatter import Interpolation

from slvp.types import UInt8Array
from slvp.video.container import DecodedFrames, check_content, to_rgb, upright


@dataclass(frozen=True)
class SampledFrame:
    """A picture (8-bit RGB), its number among all frames of the video, and its time in seconds."""

    image_HW3: UInt8Array
    index: int
    time: float


class SampledFrames(DecodedFrames):
    """The frames of a video at a lower rate and size. The others are decoded, but not converted.

    Args:
        file: the video's bytes, in which one can seek. It stays the caller's to close.
        size: how many they are.
        label: what to call it in messages.

    Raises:
        UserError: it is empty, cut off or no video.
    """

    def __init__(self, file: BinaryIO, size: int, label: str) -> None:
        check_content(file, size, label)
        file.seek(0)
        super().__init__(file, label=label, name=label)

    def sampled(self, interval: float, height: int, width: int) -> Iterator[SampledFrame]:
        """Read frames, each about ``interval`` seconds after the one before.

        Args:
            interval: seconds; where frames are further apart, each is read.
            height: that each is scaled to.
            width: that each is scaled to.

        Raises:
            UserError: the video is damaged.
        """
        frames, self._prepared = self._prepared, None
        assert frames is not None, "a file object is read once"
        seconds = float(1 / self.info.frame_rate)
        nearest = min(seconds, interval) / 2  # due times needn't be those of frames
        due = -float("inf")
        scaled = (height, width) if self._orientation[0] else (width, height)
        for index, frame in enumerate(frames):
            time = index * seconds if frame.pts is None else frame.time - self._start
            if time < due - nearest:
                continue
            due = time + interval
            image_HW3 = upright(to_rgb(frame, *scaled, Interpolation.AREA), self._orientation)
            yield SampledFrame(np.ascontiguousarray(image_HW3), index, time)
