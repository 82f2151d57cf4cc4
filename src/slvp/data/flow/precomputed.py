"""Flow that another program computed, in files of the usual formats.

``FOLDER/VIDEO/`` holds one file for each frame of the video but the last, in natural order: the
flow to the next frame, in pixels. Between frames that are further apart it is chained.

=========  ========================================================================================
suffix     format
=========  ========================================================================================
``.flo``   Middlebury: "PIEH", width, height (int32), then x and y of each pixel (float32)
``.npy``   NumPy, height x width x 2, x first; what isn't finite is unknown
``.png``   KITTI: 16 bits, (value - 32768) / 64 in red (x) and green (y); blue is 0 where unknown
=========  ========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from slvp.data.flow.camera import pixel_grid
from slvp.data.flow.estimators import KnownFlow
from slvp.errors import UserError
from slvp.types import Float32Array

_SUFFIXES = {".flo", ".npy", ".png"}
_UNKNOWN = 1e9  # Middlebury's mark is larger, and no flow is


@dataclass(frozen=True)
class PrecomputedFlow:
    """Flow files of many videos.

    Attributes:
        folder: holds a folder for each video, of its name without the suffix.
    """

    folder: Path

    def of(self, video: str, frames: Sequence[int], height: int, width: int) -> KnownFlow:
        """Read the flow between some frames of a video.

        Args:
            video: its name without the suffix.
            frames: their numbers, from 0, growing.
            height: that the flow is scaled to.
            width: that the flow is scaled to.

        Raises:
            UserError: files are missing, or a file is none of these formats.
        """
        folder = self.folder / video
        if not folder.is_dir():
            raise UserError(f"{folder} isn't there; expected the flow files of the video {video}")
        files = sorted(
            (path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES), key=_in_order
        )
        if len(files) < frames[-1]:
            raise UserError(
                f"{folder} has {len(files)} flow files; expected one for each frame of the video "
                f"but the last, at least {frames[-1]}"
            )
        fields = [_chain(files[first:last]) for first, last in pairwise(frames)]
        return KnownFlow(np.stack([_scale(field, height, width) for field in fields]))


def read_flow(path: Path) -> Float32Array:
    """Read a flow file: HW2 in pixels, NaN where the flow is unknown.

    Raises:
        UserError: it can't be read, or is none of the formats.
    """
    try:
        flow_HW2 = _READERS[path.suffix.lower()](path)
    except (OSError, ValueError, EOFError, IndexError) as error:
        raise UserError(f"{path} is no flow file ({error}); compute it again") from None
    return np.where(np.abs(flow_HW2) < _UNKNOWN, flow_HW2, np.float32(np.nan))


def _read_flo(path: Path) -> Float32Array:
    content = path.read_bytes()
    width, height = np.frombuffer(content, "<i4", count=2, offset=4)
    if content[:4] != b"PIEH" or len(content) != 12 + 8 * int(height) * int(width):
        raise ValueError("no Middlebury flow")
    return np.frombuffer(content, "<f4", offset=12).reshape(height, width, 2).astype(np.float32)


def _read_npy(path: Path) -> Float32Array:
    flow_HW2 = np.load(path, allow_pickle=False)
    if flow_HW2.ndim != 3 or flow_HW2.shape[2] != 2:
        raise ValueError(f"its shape is {flow_HW2.shape}, not (height, width, 2)")
    return np.asarray(flow_HW2, np.float32)


def _read_kitti(path: Path) -> Float32Array:
    content = np.frombuffer(path.read_bytes(), np.uint8)
    bgr_HW3 = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if bgr_HW3 is None or bgr_HW3.dtype != np.uint16 or bgr_HW3.shape[2:] != (3,):
        raise ValueError("no PNG of 16 bits and three colours")
    flow_HW2 = (bgr_HW3[..., 2:0:-1].astype(np.float32) - 32768) / 64
    flow_HW2[bgr_HW3[..., 0] == 0] = np.nan
    return flow_HW2


_READERS = {".flo": _read_flo, ".npy": _read_npy, ".png": _read_kitti}


def _in_order(path: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name


def _chain(files: Sequence[Path]) -> Float32Array:
    """Follow each pixel of the first frame through all of the files."""
    total_HW2 = read_flow(files[0])
    grid_HW2 = pixel_grid(*total_HW2.shape[:2])
    for path in files[1:]:
        place_HW2 = grid_HW2 + total_HW2
        next_HW2 = read_flow(path)
        if next_HW2.shape != total_HW2.shape:
            raise UserError(f"{path} has another size than {files[0]}; compute it again")
        total_HW2 = total_HW2 + cv2.remap(
            next_HW2, place_HW2, None, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(np.nan, np.nan),
        )  # fmt: skip
    return total_HW2


def _scale(flow_HW2: Float32Array, height: int, width: int) -> Float32Array:
    scale_2 = np.array([width / flow_HW2.shape[1], height / flow_HW2.shape[0]], np.float32)
    scaled = cv2.resize(flow_HW2, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(scaled * scale_2, np.float32)
