"""One reader for every kind of source."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Self

import numpy as np

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video.container import DecodedFrames, check_file
from slvp.video.folder import FolderFrames
from slvp.video.records import Frame


class VideoReader:
    """Reads a video lazily, upright and in RGB; transparent pixels are shown on white.

    Args:
        source: a file that FFmpeg reads (mp4, mov, webm, avi, mkv, gif, ...), a folder of images
            in natural order, or ``-`` for standard input, which can be iterated over once.
        hardware: FFmpeg's name of a device that should decode files, such as ``cuda``; where there
            is none, the processor does.

    Raises:
        UserError: the source is missing, empty, damaged or no video. Damage that only decoding
            finds is raised by the iteration.
    """

    def __init__(self, source: str | Path, *, hardware: str | None = None) -> None:
        try:
            self._frames = _open(source, hardware)
        except OSError as error:
            raise UserError(
                f"{source} can't be read: {error.strerror}; check its name and its rights."
            ) from error
        self.info = self._frames.info

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)

    def frame_name(self, index: int) -> str:
        """Stem of the image in a folder of images; elsewhere the index in five digits or more."""
        return self._frames.frame_name(index)

    def close(self) -> None:
        """Release the file; an iteration that goes on releases it at its end."""
        self._frames.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open(source: str | Path, hardware: str | None) -> FolderFrames | DecodedFrames:
    path = Path(source)
    if str(source) == "-":
        stdin = sys.stdin.buffer
        if isinstance(stdin, BufferedReader) and not stdin.peek(1):
            raise UserError("standard input is empty; pipe a video into it.")
        return DecodedFrames(stdin, label="standard input", name="stdin")
    if path.is_dir():
        return FolderFrames(path)
    check_file(path)
    return DecodedFrames(str(path), label=str(path), name=path.stem, hardware=hardware)


def read_frames(source: str | Path, *, max_frames: int | None = None, step: int = 1) -> UInt8Array:
    """Read a short video at once: every ``step``-th frame, at most ``max_frames`` of them.

    Returns:
        frames_THWC, uint8 RGB.
    """
    with VideoReader(source) as reader:
        chosen = itertools.islice(itertools.islice(reader, 0, None, step), max_frames)
        return np.stack([frame.image_HW3 for frame in chosen])
