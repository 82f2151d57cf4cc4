"""Small videos, made in a moment, and archives of them."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from slvp.types import UInt8Array
from slvp.video import VideoWriter

SHARED = Path(__file__).parents[3].parent / "shared/real"
RATE = 24


def scene(seed: int, count: int, speed: float, growth: float = 0.0) -> list[UInt8Array]:
    """A square that crosses a still background, ``speed`` pixels a frame; it may speed up."""
    rng = np.random.default_rng(seed)
    tint = 0.15 + 0.85 * ((0.382 * seed + np.arange(3) / 3) % 1)  # neighbours differ, and every 4th
    coarse = (rng.integers(40, 240, (12, 16, 3)) * tint).astype(np.uint8)
    background = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    square = np.kron(rng.integers(0, 255, (9, 9, 3), np.uint8), np.ones((4, 4, 1), np.uint8))
    frames = []
    for number in range(count):
        frame = background.copy()
        left = int(8 + speed * number + growth * number**2)
        frame[30:66, left : left + 36] = square
        frames.append(frame)
    return frames


def write(path: Path, frames: list[UInt8Array]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, frame_rate=Fraction(RATE)) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def tar(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def ten_hours(video: bytes) -> bytes:
    """Put a video into Matroska, with a header that claims ten hours."""
    content = io.BytesIO()
    with av.open(io.BytesIO(video)) as source, av.open(content, "w", format="matroska") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    data = bytearray(content.getvalue())
    struct.pack_into(">d", data, data.index(b"\x44\x89\x88") + 3, 36e6)  # Duration, in ms
    return bytes(data)
