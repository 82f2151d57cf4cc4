"""Where pictures go: a window, a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import cv2

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video import VideoWriter
from slvp.video.records import DEFAULT_RATE

_ESCAPE = 27
_TITLE = "slvp live"


class Output(Protocol):
    """Takes pictures as they come."""

    def show(self, image_HW3: UInt8Array, time: float) -> None:
        """Take a picture, uint8 RGB, and its time in seconds from the first one."""

    @property
    def closed(self) -> bool:
        """Whether the user has had enough."""


class _Recording:
    closed = False

    def __init__(self, writer: VideoWriter) -> None:
        self._writer = writer

    def show(self, image_HW3: UInt8Array, time: float) -> None:
        self._writer.write(image_HW3, time)


@contextmanager
def recording(path: Path, overwrite: bool) -> Iterator[Output]:
    """Write an mp4 file of any length, which has its name from the end of the block on.

    Where the block fails, nothing is left, nor of the folders that were made for it.

    Raises:
        UserError: the file can't be written, or is there already and should not be replaced.
    """
    writer = VideoWriter(path, frame_rate=DEFAULT_RATE, endless=True)
    if path.exists() and not overwrite:
        raise UserError(f"{path} is there already; name another file, or replace it: --overwrite")
    new_parents = [parent for parent in path.absolute().parents if not parent.exists()]
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{path} can't be written ({error.strerror}); give another folder."
            ) from error
        with writer:
            yield _Recording(writer)
    except BaseException:
        for parent in new_parents:
            with suppress(OSError):  # never made, or in use by now
                parent.rmdir()
        raise


class _Window:
    closed = False

    def show(self, image_HW3: UInt8Array, time: float) -> None:
        cv2.imshow(_TITLE, cv2.cvtColor(image_HW3, cv2.COLOR_RGB2BGR))
        key = cv2.waitKey(1) & 0xFF
        hidden = cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1
        self.closed = key in (_ESCAPE, ord("q")) or hidden


@contextmanager
def window() -> Iterator[Output]:
    """Show pictures in a window, which q, Escape or a click closes.

    Raises:
        UserError: OpenCV was built without windows, or there is no screen.
    """
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        # OpenCV would end the whole process.
        raise UserError("--show needs a screen, and there is none; use --serve PORT or --out FILE")
    try:
        cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL)
    except cv2.error as error:
        raise UserError(
            "--show needs an OpenCV with windows (pip uninstall opencv-python-headless, then "
            "pip install opencv-python); or use --serve PORT or --out FILE"
        ) from error
    try:
        yield _Window()
    finally:
        cv2.destroyAllWindows()
