"""Where a benchmark's frames come from: a folder of pictures or a video file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video import VideoReader


@dataclass(frozen=True)
class PictureFrames:
    """One picture per frame, in order."""

    paths: tuple[Path, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The stems of the files' names."""
        return tuple(path.stem for path in self.paths)

    def read(self, indices: Sequence[int]) -> Iterator[UInt8Array]:
        """Yield frame_HWC, uint8 RGB, for each index.

        Raises:
            UserError: a picture can't be read, or differs in size from the ones before it.
        """
        expected = None
        for index in indices:
            path = self.paths[index]
            frame_HWC = read_frame(path)
            height, width, _ = frame_HWC.shape
            expected = expected or (height, width)
            if (height, width) != expected:
                raise UserError(
                    f"{path} is {width} x {height} pixels, the frames before it {expected[1]} x "
                    f"{expected[0]}: unpack the benchmark again."
                )
            yield frame_HWC


def read_frame(path: Path) -> UInt8Array:
    """Read a picture as frame_HWC: uint8 RGB.

    Raises:
        UserError: the file is missing or no picture.
    """
    return np.array(open_picture(path).convert("RGB"))


def open_picture(path: Path) -> Image.Image:
    """Read a picture as it is.

    Raises:
        UserError: the file is missing or no picture.
    """
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for broken files
        raise UserError(
            f"{path} can't be read as a picture: unpack or copy the benchmark again."
        ) from error
    return image


@dataclass(frozen=True)
class VideoFrames:
    """A video file whose frames the benchmark counts from one.

    Attributes:
        path: the file.
        count: number of its frames that the benchmark knows.
        needed: number of frames that the file must have. Decoders disagree about the last frames of
            a file, so where it ends between the two its last frame stands for the rest.
    """

    path: Path
    count: int
    needed: int

    @property
    def names(self) -> tuple[str, ...]:
        """``00001`` and so on."""
        return tuple(f"{number:05d}" for number in range(1, self.count + 1))

    def read(self, indices: Sequence[int]) -> Iterator[UInt8Array]:
        """Yield frame_HWC, uint8 RGB, for each index; decodes the file from its start.

        Raises:
            UserError: the file can't be read or is shorter than ``needed``.
        """
        wanted = deque(indices)
        length = 0
        with VideoReader(self.path) as reader:
            for frame in reader:
                if not wanted:
                    return
                if wanted[0] == length:
                    wanted.popleft()
                    yield frame.image_HW3
                length += 1
        if wanted and length < self.needed:
            raise UserError(
                f"{self.path} ends before its frame {self.needed}, which the benchmark asks for: "
                "download or copy the file again."
            )
        for _ in wanted:
            yield frame.image_HW3
