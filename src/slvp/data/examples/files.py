"""Frames, masks and JSON files of an example data set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from slvp.data.palette import write_ids
from slvp.types import UInt8Array


def write_frames(frames_THWC: Iterable[UInt8Array], folder: Path, names: Sequence[str]) -> None:
    """Write one picture per frame into the new folder ``folder``."""
    folder.mkdir(parents=True)
    for frame_HWC, name in zip(frames_THWC, names, strict=True):
        Image.fromarray(frame_HWC).save(folder / f"{name}.jpg", quality=95)


def write_masks(ids_THW: Iterable[UInt8Array], folder: Path, names: Sequence[str]) -> None:
    """Write one palette PNG per frame into the new folder ``folder``."""
    folder.mkdir(parents=True)
    for ids_HW, name in zip(ids_THW, names, strict=True):
        write_ids(ids_HW, folder / f"{name}.png")


def write_json(content: Any, path: Path) -> None:
    """Write a JSON file, its folder included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
