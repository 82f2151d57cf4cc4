"""One pass over a video, at a lower rate and size; and motion JPEG, which it is written as."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from slvp.errors import UserError
from slvp.video import VideoReader, VideoWriter
from slvp.video.motion_jpeg import MotionJpegWriter
from slvp.video.sampled import SampledFrame, SampledFrames
from slvp.video.windows import View, WindowReader


def _grey(level: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def _video(path: Path, frames: int, rate: int, times: list[float] | None = None) -> Path:
    with VideoWriter(path, frame_rate=Fraction(rate)) as writer:
        for number in range(frames):
            writer.write(_grey(5 * number + 20), None if times is None else times[number])
    return path


def _sampled(path: Path, fps: float, height: int = 24, width: int = 32) -> list[SampledFrame]:
    with path.open("rb") as file:
        source = SampledFrames(file, path.stat().st_size, str(path))
        return list(source.sampled(1 / fps, height, width))


@pytest.mark.parametrize(("rate", "step"), [(24, 4), (25, 4), (30, 5), (10, 2), (5, 1), (6, 1)])
def test_rates(rate: int, step: int, tmp_path: Path) -> None:
    frames = _sampled(_video(tmp_path / "a.mp4", 21, rate), 6)
    assert [frame.index for frame in frames] == list(range(0, 21, step))
    for frame in frames:
        assert frame.image_HW3.shape == (24, 32, 3)
        assert abs(int(frame.image_HW3.mean()) - (5 * frame.index + 20)) <= 2
        assert frame.time == pytest.approx(frame.index / rate, abs=1e-3)


def test_frames_of_their_own_times(tmp_path: Path) -> None:
    times = [0, 0.02, 0.04, 0.5, 0.52, 0.66, 2.0]
    frames = _sampled(_video(tmp_path / "a.mp4", 7, 50, times), 6)
    assert [frame.index for frame in frames] == [0, 3, 5, 6]


def test_turned_video(tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    picture = _grey(30)
    picture[:, :32] = 220  # the left half
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=6)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode(None))
    content = bytearray(path.read_bytes())
    identity = np.array([1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30], ">i4").tobytes()
    turned = np.array([0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30], ">i4").tobytes()
    place = content.rindex(identity)  # the track's; the one before is the movie's
    content[place : place + 36] = turned
    path.write_bytes(content)
    (whole, *_) = list(VideoReader(path))
    assert whole.image_HW3.shape == (64, 48, 3)
    (first, *_) = _sampled(path, 6, height=32, width=24)
    assert first.image_HW3.shape == (32, 24, 3)
    assert np.abs(first.image_HW3.astype(int) - whole.image_HW3[::2, ::2]).mean() < 3


def test_damage_is_told(tmp_path: Path) -> None:
    path = _video(tmp_path / "a.mp4", 12, 6)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"a\.mp4 is cut off"):
        _sampled(path, 6)
    path.write_bytes(b"")
    with pytest.raises(UserError, match="is empty"):
        _sampled(path, 6)


def test_motion_jpeg_is_read_from_any_frame() -> None:
    rng = np.random.default_rng(0)
    smooth = [np.kron(rng.integers(0, 255, (6, 8, 3)), np.ones((8, 8, 1))) for _ in range(9)]
    frames_THWC = np.array(smooth).astype(np.uint8)
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        writer = MotionJpegWriter(file, Fraction(25, 4), 48, 64)
        for image_HW3 in frames_THWC:
            writer.write(image_HW3)
        writer.close()
    assert files[0].getvalue() == files[1].getvalue()
    size = files[0].seek(0, io.SEEK_END)
    with WindowReader(files[0], size, "a") as reader:
        whole = View(48, 64, 0, 0, 48, 64)
        for start in range(7):
            found = reader.read(start * 4 / 25, 4 / 25, 3, whole)
            assert found.shape == (3, 48, 64, 3)
            assert np.abs(found.astype(int) - frames_THWC[start : start + 3]).mean() < 12
    files[0].seek(0)
    with av.open(files[0]) as container:
        assert all(packet.is_keyframe for packet in container.demux() if packet.size)
