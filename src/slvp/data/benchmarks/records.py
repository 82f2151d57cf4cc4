"""What every benchmark's parser returns, and how its frames and masks are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from slvp.errors import UserError
from slvp.types import UInt8Array


@dataclass(frozen=True)
class BenchmarkExpression:
    """One sentence of a benchmark, asked of one of its videos.

    Attributes:
        sequence: name of the video.
        expression_id: tells the expressions of a sequence and annotation set apart.
        text: the sentence.
        object_ids: palette values of the object in the masks; empty where the sentence describes
            nothing in the video or where the benchmark keeps the answer to itself.
        annotation_set: who described the object and how, for benchmarks that average over several
            descriptions of it; empty elsewhere.
        frame_paths: the video's frames in order.
        mask_paths: one palette mask per frame; empty where the benchmark keeps them to itself.
    """

    sequence: str
    expression_id: str
    text: str
    object_ids: tuple[int, ...]
    annotation_set: str
    frame_paths: tuple[Path, ...]
    mask_paths: tuple[Path, ...]


def read_frame(path: Path) -> UInt8Array:
    """Read a picture as frame_HWC: uint8 RGB.

    Raises:
        UserError: the file is missing or no picture.
    """
    return np.array(_open(path).convert("RGB"))


def read_mask(path: Path) -> UInt8Array:
    """Read a palette PNG as ids_HW: uint8 object ids, 0 is background.

    Raises:
        UserError: the file is missing, no picture, or has no palette, so that its values would
            be colours and not object ids.
    """
    image = _open(path)
    if image.mode != "P":
        raise UserError(
            f"{path} is a picture of mode {image.mode}, not a palette PNG whose values are object "
            "ids: copy the benchmark's masks again without converting them."
        )
    return np.array(image)


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
    except (UnidentifiedImageError, OSError) as error:
        raise UserError(
            f"{path} can't be read as a picture: unpack or copy the benchmark again."
        ) from error
    return image


def require_folder(path: Path, benchmark: str) -> Path:
    """Return ``path`` if it is a folder.

    Raises:
        UserError: it is not there.
    """
    if not path.is_dir():
        raise UserError(
            f"{path} is no folder, yet {benchmark} keeps a part of its data there: give the folder "
            "that holds the unpacked benchmark."
        )
    return path


def read_text(path: Path, benchmark: str) -> bytes:
    """Return the content of one of a benchmark's text files.

    Raises:
        UserError: it is not there.
    """
    if not path.is_file():
        raise UserError(
            f"{path} is missing, yet {benchmark} needs it: give the folder that holds the unpacked "
            "benchmark."
        )
    return path.read_bytes()
