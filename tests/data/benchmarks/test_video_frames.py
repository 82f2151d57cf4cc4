from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.benchmarks.frames import VideoFrames
from slvp.errors import UserError
from slvp.video import VideoWriter

LENGTH = 6


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six grey frames, each lighter than the one before."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    with VideoWriter(path, frame_rate=Fraction(24)) as writer:
        for t in range(LENGTH):
            writer.write(np.full((16, 32, 3), 40 * t, np.uint8))
    return path


def greys(frames: VideoFrames, indices: list[int]) -> list[int]:
    """Which frames of the clip were read."""
    return [round(float(frame_HWC.mean()) / 40) for frame_HWC in frames.read(indices)]


@given(st.lists(st.integers(0, LENGTH - 1), unique=True))
def test_reads_the_frames_asked_for(clip: Path, indices: list[int]) -> None:
    frames = VideoFrames(clip, count=LENGTH, needed=LENGTH)
    assert greys(frames, sorted(indices)) == sorted(indices)


def test_counts_from_one(clip: Path) -> None:
    assert VideoFrames(clip, count=3, needed=2).names == ("00001", "00002", "00003")


def test_the_last_frame_stands_for_those_that_nobody_needs(clip: Path) -> None:
    frames = VideoFrames(clip, count=LENGTH + 3, needed=LENGTH)
    assert greys(frames, [1, 5, 6, 8]) == [1, 5, 5, 5]
    assert greys(frames, [7]) == [5]


@pytest.mark.parametrize("indices", [[0, LENGTH], [LENGTH + 1]])
def test_a_video_without_a_frame_that_is_needed_is_refused_by_name(
    clip: Path, indices: list[int]
) -> None:
    frames = VideoFrames(clip, count=LENGTH + 3, needed=LENGTH + 1)
    with pytest.raises(UserError, match=r"clip\.mp4 ends before its frame 7"):
        list(frames.read(indices))
    # What can be read is.
    assert greys(frames, [5]) == [5]


def test_a_video_that_is_cut_off_is_refused_by_name(clip: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.mp4"
    part.write_bytes(clip.read_bytes()[:-150])
    with pytest.raises(UserError, match=r"part\.mp4"):
        list(VideoFrames(part, count=LENGTH, needed=LENGTH).read(range(LENGTH)))
