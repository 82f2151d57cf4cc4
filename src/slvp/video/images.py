"""Pictures out of whatever a caller has that is a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video.reader import VideoReader
from slvp.video.records import Frame

Video = str | Path | VideoReader | Iterable[UInt8Array | Frame]
"""A file, a folder of images, ``-`` for standard input, a reader, or frames in order."""


def images_of(video: Video) -> Iterator[UInt8Array]:
    """Give the frames of a video as uint8 RGB, image_HW3, each checked to be like the first.

    Raises:
        UserError: the video can't be opened (at the call), or a frame is no such image or of
            another size than those before it (when it is reached).
    """
    return _checked(VideoReader(video) if isinstance(video, str | Path) else video)


def _checked(frames: Iterable[UInt8Array | Frame]) -> Iterator[UInt8Array]:
    expected = None
    for number, frame in enumerate(frames):
        image_HW3 = frame.image_HW3 if isinstance(frame, Frame) else np.asarray(frame)
        shape = image_HW3.shape
        if image_HW3.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
            raise UserError(
                f"frame {number} has shape {shape} and type {image_HW3.dtype}; "
                "expected (height, width, 3) and uint8, RGB from 0 to 255"
            )
        expected = expected or shape
        if shape != expected:
            raise UserError(
                f"frame {number} is {shape[1]} x {shape[0]} pixels, but the frames before it are "
                f"{expected[1]} x {expected[0]}; give frames of one size"
            )
        yield image_HW3
