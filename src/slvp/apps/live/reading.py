"""A thread that reads a source, of which the newest frame alone is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from slvp.apps.live.sources import BrokenError, Picture, Source
from slvp.errors import UserError
from slvp.types import UInt8Array

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0  # seconds between attempts to connect


@dataclass(frozen=True)
class Captured:
    """A frame of a live source.

    Attributes:
        image_HW3: uint8 RGB.
        time: seconds from the source's first frame.
        captured: when it was there, on the clock of ``time.monotonic``.
        losses: how often the source had been lost before.
    """

    image_HW3: UInt8Array
    time: float
    captured: float
    losses: int = 0


class LostError(Exception):
    """The source broke and did not come back; the message is one sentence."""


class Newest:
    """Keeps the newest frame for whoever takes it next; older ones are dropped.

    Attributes:
        dropped: how many frames nobody took.
        error: what ended the source, if it didn't end by itself.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self.error: Exception | None = None
        self._frame: Captured | None = None
        self._ended = False
        self._changed = threading.Condition()

    def put(self, frame: Captured) -> None:
        """Replace what nobody has taken yet."""
        with self._changed:
            self.dropped += self._frame is not None
            self._frame = frame
            self._changed.notify_all()

    def end(self, error: Exception | None = None) -> None:
        """Tell that no more will come, and why; what was put last can still be taken."""
        with self._changed:
            self._ended, self.error = True, error
            self._changed.notify_all()

    def take(self, timeout: float) -> Captured | None:
        """Return the newest frame; None where none comes within ``timeout`` seconds, or ever."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended, timeout)
            frame, self._frame = self._frame, None
            return frame

    @property
    def finished(self) -> bool:
        """Whether no more frames can be taken."""
        with self._changed:
            return self._ended and self._frame is None


class Reading:
    """Reads a source in a thread, from ``start`` on; connects again when it breaks.

    A source must be there at first: what can't be reached at the first attempt is, more often than
    not, misspelt. Frames of another size than the first one's are scaled to it.

    Args:
        source: what to read.
        reconnect_for: seconds in which a broken source may come back; 0 gives it up at once.
        tell: gets a sentence whenever the source is lost or is back.
    """

    def __init__(self, source: Source, reconnect_for: float, tell: Callable[[str], None]) -> None:
        self.newest = Newest()
        self._source, self._reconnect_for, self._tell = source, reconnect_for, tell
        self._stopped = threading.Event()
        self._begun: float | None = None
        self._shape: tuple[int, ...] | None = None
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more. A source that just now gives nothing is left alone after a second."""
        self._stopped.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        try:
            self._read()
        except Exception as error:  # raised again where frames are taken
            self.newest.end(error)
        else:
            self.newest.end()

    def _read(self) -> None:
        losses, wait, lost_at = 0, _FIRST_WAIT, 0.0
        while not self._stopped.is_set():
            began, connected = time.monotonic(), False
            try:
                for picture in self._source.open():
                    if self._stopped.is_set():
                        return
                    if not connected and losses:
                        self._tell(f"{self._source.label} is back")
                    connected = True
                    self._put(picture, began, losses)
                return
            except BrokenError as error:
                reason = str(error)
            if self._begun is None:
                raise UserError(
                    f"{self._source.label} can't be opened ({reason}); check its name, and that "
                    "it is switched on and can be reached"
                )
            if connected:
                losses, wait, lost_at = losses + 1, _FIRST_WAIT, time.monotonic()
            left = lost_at + self._reconnect_for - time.monotonic()
            if left <= 0:
                raise LostError(f"{self._source.label} is lost ({reason})")
            wait = min(wait, left)
            self._tell(f"{self._source.label} is lost ({reason}); trying again in {wait:.0f} s")
            self._stopped.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _put(self, picture: Picture, began: float, losses: int) -> None:
        image_HW3, time_of_its_own = picture
        now = time.monotonic()
        if self._begun is None or self._shape is None:
            self._begun, self._shape = now, image_HW3.shape
        if image_HW3.shape != self._shape:
            height, width, _ = self._shape
            image_HW3 = np.asarray(cv2.resize(image_HW3, (width, height)))
        if time_of_its_own is None:
            moment = now - self._begun
        else:  # what begins anew after it broke goes on from when it was connected again
            moment = time_of_its_own + (began - self._begun if losses else 0)
        self.newest.put(Captured(image_HW3, moment, now, losses))
