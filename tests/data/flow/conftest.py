"""Captioned videos of something that moves before a scene that the camera pans over."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from slvp.video import VideoWriter

PAN, MOVE = 1, 2  # pixels per frame: scene to the left, thing to the right


def write_video(path: Path, frames: int, seed: int = 0, rate: int = 12) -> None:
    rng = np.random.default_rng(seed)
    scene = np.kron(rng.integers(0, 255, (12, 40, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    thing = np.kron(rng.integers(0, 255, (5, 5, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    with VideoWriter(path, frame_rate=Fraction(rate)) as writer:
        for number in range(frames):
            picture = scene[:, PAN * (number % 60) :][:, :128].copy()
            left = 10 + MOVE * number % 70
            picture[32:72, left : left + 40] = thing
            writer.write(picture)


@pytest.fixture(scope="session")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five videos, two of which can't be used."""
    folder = tmp_path_factory.mktemp("captioned")
    for number, frames in enumerate((9, 13, 5)):
        write_video(folder / f"clip.{number}.mp4", frames, seed=number)
    write_video(folder / "single.mp4", 1)
    (folder / "cut.mp4").write_bytes((folder / "clip.0.mp4").read_bytes()[:-30])
    listed = [
        {"file": path.name, "captions": [f"a thing in {path.stem}", "something goes right"]}
        for path in sorted(folder.glob("*.mp4"))
    ]
    (folder / "captions.json").write_text(json.dumps(listed))
    return folder
