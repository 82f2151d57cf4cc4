"""Windows of a video: the right frames, and bounded work whatever the file is."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video import windows
from slvp.video.windows import View, WindowReader

RATE = 24
WHOLE = View(48, 64, 0, 0, 48, 64)


def picture(index: int) -> UInt8Array:
    """Eight blocks below a ramp spell the frame's number; it is bright on the right."""
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:16] = np.linspace(0, 255, 64, dtype=np.uint8)[:, None]
    for bit in range(8):
        frame[16:, 8 * bit : 8 * bit + 8] = 220 if index >> bit & 1 else 30
    return frame


def make(
    path: Path,
    count: int,
    *,
    codec: str = "libx264",
    key_frames: int = 250,
    size: tuple[int, int] = (64, 48),
    rotation: int | None = None,
    sound: bool = False,
    frames: Sequence[UInt8Array] | None = None,
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = key_frames
        if codec == "libx264":
            stream.codec_context.options = {"sc_threshold": "0"}
        if rotation is not None:
            stream.set_display_rotation(rotation)
        audio = container.add_stream("aac", rate=48_000) if sound else None
        for image in frames if frames is not None else map(picture, range(count)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        if audio is not None:
            silence = av.AudioFrame.from_ndarray(
                np.zeros((2, 1024), np.float32), format="fltp", layout="stereo"
            )
            silence.sample_rate = 48_000
            container.mux(audio.encode(silence))
            container.mux(audio.encode(None))
        container.mux(stream.encode(None))
    return path


def opened(path: Path) -> WindowReader:
    content = path.read_bytes()
    return WindowReader(io.BytesIO(content), len(content), path.name)


def numbers(frames_THWC: UInt8Array) -> list[int]:
    """Which frames of the made video these are."""
    blocks_TN = frames_THWC[:, 24:40].reshape(-1, 16, 8, 8, 3).mean((1, 3, 4)) > 125
    return [sum(1 << bit for bit in range(8) if blocks_N[bit]) for blocks_N in blocks_TN]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("videos") / "a.mp4", 96, key_frames=30)


@settings(deadline=None, max_examples=30)
@given(start=st.integers(0, 95), stride=st.integers(1, 9), count=st.integers(1, 5))
def test_a_window_has_the_frames_of_its_times(
    video: Path, start: int, stride: int, count: int
) -> None:
    with opened(video) as reader:
        frames = reader.read(start / RATE, stride / RATE, count, WHOLE)
        wanted = range(start, 96, stride)[:count]
        assert numbers(frames) == list(wanted)
        assert reader.end == pytest.approx(95 / RATE, abs=0.01)


def test_what_is_skipped_leaves_no_trace(video: Path) -> None:
    """Frames that no other needs aren't decoded on the way; those of the window are exact."""
    with opened(video) as reader:
        alone = reader.read(20 / RATE, 1 / RATE, 8, WHOLE)
        along = reader.read(0, 1 / RATE, 28, WHOLE)[20:]
    np.testing.assert_array_equal(alone, along)


def test_times_between_frames_take_the_nearest(video: Path) -> None:
    with opened(video) as reader:
        assert numbers(reader.read(10.4 / RATE, 2.4 / RATE, 3, WHOLE)) == [10, 12, 14]
        assert numbers(reader.read(10.6 / RATE, 0.01 / RATE, 3, WHOLE)) == [11, 12, 13]


def test_a_far_key_frame_moves_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MOST_PASSED", 20)
    with opened(make(tmp_path / "a.mp4", 96)) as reader:
        first, second = numbers(reader.read(80 / RATE, 4 / RATE, 2, WHOLE))
        assert 10 <= first <= 22
        assert second == first + 4


def test_a_view_is_scaled_and_cut(video: Path) -> None:
    with opened(video) as reader:
        assert (reader.height, reader.width) == (48, 64)
        whole = reader.read(0, 1, 1, View(96, 128, 0, 0, 96, 128))
        part = reader.read(0, 1, 1, View(96, 128, 2, 32, 40, 64))
    assert part.shape == (1, 40, 64, 3)
    np.testing.assert_array_equal(part, whole[:, 2:42, 32:96])


def test_turned_video_is_upright(tmp_path: Path) -> None:
    with opened(make(tmp_path / "a.mp4", 8, rotation=90)) as reader:
        assert (reader.height, reader.width) == (64, 48)
        (frame,) = reader.read(0, 1, 1, View(64, 48, 0, 0, 64, 48))
    ramp = frame[:, 6].mean(-1)  # turned to the left, the top is on the left
    assert ramp[0] > 200 > 50 > ramp[-1]


@pytest.mark.parametrize("codec", ["mpeg4", "libvpx", "libx265"])
def test_other_containers_and_codecs(tmp_path: Path, codec: str) -> None:
    name = {"mpeg4": "a.avi", "libvpx": "a.webm", "libx265": "a.mkv"}[codec]
    pixels = [picture(n) for n in range(40)]
    with opened(make(tmp_path / name, 40, codec=codec, frames=pixels)) as reader:
        found = numbers(reader.read(20 / RATE, 4 / RATE, 3, WHOLE))
    assert found == [20, 24, 28]


def test_sound_is_no_matter(tmp_path: Path) -> None:
    with opened(make(tmp_path / "a.mp4", 30, sound=True)) as reader:
        assert numbers(reader.read(10 / RATE, 4 / RATE, 3, WHOLE)) == [10, 14, 18]


def test_a_header_that_claims_ten_hours(tmp_path: Path) -> None:
    content = bytearray(make(tmp_path / "a.mkv", 96, key_frames=30).read_bytes())
    struct.pack_into(">d", content, content.find(b"\x44\x89\x88") + 3, 36e6)  # Duration, in ms
    with WindowReader(io.BytesIO(content), len(content), "a.mkv") as reader:
        assert reader.end == pytest.approx(36_000, abs=1)
        assert len(reader.read(20_000, 1 / 6, 3, WHOLE)) < 3
        assert reader.end == pytest.approx(95 / RATE, abs=0.01)
        assert numbers(reader.read(1, 1 / 6, 3, WHOLE)) == [24, 28, 32]


def test_one_frame(tmp_path: Path) -> None:
    with opened(make(tmp_path / "a.mp4", 1)) as reader:
        assert numbers(reader.read(0, 1 / 6, 3, WHOLE)) == [0]
        assert reader.end == 0


def test_a_video_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MOST_READ", 30)
    with (
        opened(make(tmp_path / "a.mp4", 96)) as reader,
        pytest.raises(UserError, match=r"a\.mp4 .* 30 frames"),
    ):
        reader.read(0, 3, 2, WHOLE)


def test_frames_too_large_for_a_worker(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MAX_PIXELS", 1000)
    with pytest.raises(UserError, match=r"a\.mp4 claims 64 x 48 pixels"):
        opened(video)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda content: b"", "is empty"),
        (lambda content: b"<html>404</html>" * 50, "can't be read as a video"),
        (lambda content: content[: len(content) // 2], "is cut off"),
        (lambda content: content[:-200], "can't be read as a video"),
        (lambda content: content[:40], "is cut off"),
        (lambda content: content.replace(b"vide", b"soun"), "no moving pictures"),
    ],
)
def test_damage_is_told_in_one_sentence(video: Path, damage, named: str, capfd) -> None:
    content = damage(video.read_bytes())
    with pytest.raises(UserError, match=named) as raised:
        WindowReader(io.BytesIO(content), len(content), "x.mp4").read(0, 1, 3, WHOLE)
    assert str(raised.value).startswith("x.mp4 ")
    assert "\n" not in str(raised.value)
    assert capfd.readouterr().err == ""


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_garbage_in_the_middle_is_survived(video: Path, data: st.DataObject) -> None:
    content = bytearray(video.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 33))
        content[at : at + 32] = data.draw(st.binary(min_size=32, max_size=32))
    try:
        with WindowReader(io.BytesIO(bytes(content)), len(content), "x.mp4") as reader:
            frames = reader.read(min(reader.end, 2.0), 1 / 6, 3, WHOLE)
    except UserError:
        return
    assert frames.shape[1:] == (48, 64, 3)
