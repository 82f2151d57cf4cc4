"""Flow of one video in one file, ``KEY.flow``, of which any part can be read alone.

::

    b"SLVPFLOW"
    the flow of every pair of frames, encoded one after the other (see coding.py)
    JSON, UTF-8: {"version": 1, "height": H, "width": W, "unit": 0.0625,
                  "sizes": [bytes of each pair], "cameras": [[9 numbers], ...] or null, ...}
    number of bytes of the JSON, 4 bytes, little-endian
    b"SLVPFLOW"

Pair t goes from frame t to frame t + 1 of the video beside it. Flow is forward, in pixels, as it
was estimated. ``cameras`` are homographies, row by row, in pixels, that take a still point of
frame t to its place in frame t + 1; null where they weren't estimated. What an estimator, a source
or a user should know besides may stand in the JSON, too.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from itertools import pairwise
from typing import IO, Any, BinaryIO

import numpy as np

from slvp.data.flow.coding import UNIT, decode_flow, encode_flow
from slvp.data.flow.scene import ClipFlow
from slvp.errors import UserError

_MAGIC = b"SLVPFLOW"
_END = struct.Struct(f"<I{len(_MAGIC)}s")
_VERSION = 1


class FlowWriter:
    """Writes a flow file from its first byte to its last.

    Args:
        file: where to write.
        height: of the frames.
        width: of the frames.
    """

    def __init__(self, file: IO[bytes], height: int, width: int) -> None:
        self._file = file
        self._size = {"height": height, "width": width}
        self._sizes: list[int] = []
        self._cameras: list[list[float]] = []
        file.write(_MAGIC)

    def write(self, clip: ClipFlow) -> None:
        """Append the pairs of a clip, which begins with the last frame of the one before."""
        for flow_HW2, valid_HW in zip(clip.flow_THW2, clip.valid_THW, strict=True):
            content = encode_flow(flow_HW2, valid_HW)
            self._file.write(content)
            self._sizes.append(len(content))
        if clip.camera_T33 is not None:
            self._cameras += clip.camera_T33.astype(np.float64).reshape(-1, 9).tolist()

    def finish(self, notes: Mapping[str, Any]) -> None:
        """Write the index, and notes with it."""
        index = {
            "version": _VERSION,
            **self._size,
            "unit": UNIT,
            "sizes": self._sizes,
            "cameras": self._cameras or None,
            **notes,
        }
        content = json.dumps(index, separators=(",", ":")).encode()
        self._file.write(content + _END.pack(len(content), _MAGIC))


class FlowReader:
    """Reads parts of a flow file.

    Args:
        file: its bytes, in which one can seek. It stays the caller's to close.
        size: how many they are.
        label: what to call it in messages.

    Attributes:
        height: pixels, of the frames that the flow belongs to.
        width: pixels.
        notes: all that the index holds.

    Raises:
        UserError: it is cut off or no flow file.
    """

    def __init__(self, file: BinaryIO, size: int, label: str) -> None:
        self._file, self._label = file, label
        try:
            file.seek(max(0, size - _END.size))
            length, magic = _END.unpack(file.read(_END.size))
            file.seek(size - _END.size - length)
            index = json.loads(file.read(length))
            if magic != _MAGIC or index["version"] != _VERSION or index["unit"] != UNIT:
                raise ValueError("another version")
            sizes, cameras = index["sizes"], index["cameras"]
            self.height, self.width = int(index["height"]), int(index["width"])
            self._offsets = np.cumsum([len(_MAGIC), *sizes])
            self._camera_T33 = (
                None if cameras is None else np.array(cameras, np.float32).reshape(-1, 3, 3)
            )
            whole = self._offsets[-1] + length + _END.size == size
            if not whole or (cameras is not None and len(cameras) != len(sizes)):
                raise ValueError("its parts don't fit together")
        except (ValueError, KeyError, TypeError, OSError, struct.error) as error:
            raise UserError(
                f"{label} is cut off or no flow file of this version ({error}); make it again "
                "with 'slvp data flow'"
            ) from None
        self.notes: Mapping[str, Any] = index

    def __len__(self) -> int:
        """Count the pairs of frames: one less than the frames."""
        return len(self._offsets) - 1

    def read(self, start: int, count: int) -> ClipFlow:
        """Read the flow of ``count`` pairs, from frame ``start`` to frame ``start + count``.

        Raises:
            UserError: the file is damaged.
            IndexError: it has no such pairs.
        """
        if start < 0 or count < 1 or start + count > len(self):
            raise IndexError(f"{self._label} has {len(self)} pairs, not {start} to {start + count}")
        offsets = self._offsets[start : start + count + 1].tolist()
        self._file.seek(offsets[0])
        content = self._file.read(offsets[-1] - offsets[0])
        bounds = [offset - offsets[0] for offset in offsets]
        try:
            pairs = [
                decode_flow(content[first:last], self.height, self.width)
                for first, last in pairwise(bounds)
            ]
        except ValueError as error:
            raise UserError(
                f"{self._label} is damaged ({error}); make it again with 'slvp data flow'"
            ) from None
        camera_T33 = None if self._camera_T33 is None else self._camera_T33[start : start + count]
        return ClipFlow(
            np.stack([flow for flow, _ in pairs]),
            np.stack([valid for _, valid in pairs]),
            camera_T33,
        )
