"""Writing: what comes out plays in a browser, keeps pictures, times and sound, or isn't there."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video import VideoReader, VideoWriter, read_frames


def picture(index: int, width: int = 64, height: int = 48) -> UInt8Array:
    colour = (40 + 37 * index % 180, 200 - 23 * index % 160, 60 + 61 * index % 150)
    return np.full((height, width, 3), colour, np.uint8)


def write(
    path: Path,
    count: int = 10,
    *,
    width: int = 64,
    height: int = 48,
    rate: Fraction = Fraction(10),
    times: list[float] | None = None,
    audio_from: Path | None = None,
) -> Path:
    with VideoWriter(path, frame_rate=rate, audio_from=audio_from) as writer:
        for index in range(count):
            writer.write(picture(index, width, height), None if times is None else times[index])
    return path


def make_sound(
    path: Path,
    codec: str,
    *,
    seconds: float = 2.0,
    rate: int = 48_000,
    layout: str = "stereo",
    video: bool = False,
    offset: float = 0.0,
) -> Path:
    """A file whose sound is silent but for a 1 kHz burst from 0.5 s to 0.6 s after its start."""
    with av.open(str(path), "w") as container:
        if video:
            picture_track = container.add_stream("mpeg4", rate=10)
            picture_track.width, picture_track.height, picture_track.pix_fmt = 64, 48, "yuv420p"
        track = container.add_stream(codec, rate=rate)
        track.layout = layout
        for index in range(round(seconds * 10) if video else 0):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            frame.pts, frame.time_base = index + round(offset * 10), Fraction(1, 10)
            container.mux(picture_track.encode(frame))
        if video:
            container.mux(picture_track.encode(None))
        time = np.arange(round(seconds * rate)) / rate
        wave = 0.5 * np.sin(2 * np.pi * 1000 * time) * ((time >= 0.5) & (time < 0.6))
        channels = 1 if layout == "mono" else 2
        samples = av.AudioFrame.from_ndarray(
            np.repeat(wave[None].astype(np.float32), channels, axis=0), "fltp", layout
        )
        samples.sample_rate = rate
        samples.pts, samples.time_base = round(offset * rate), Fraction(1, rate)
        container.mux(track.encode(samples))
        container.mux(track.encode(None))
    return path


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def burst_start(path: Path) -> float:
    """When the burst begins, in seconds from the start of the file."""
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            loud = np.abs(frame.to_ndarray()).max(axis=0) > 0.1
            if loud.any():
                return float(frame.time + loud.argmax() / frame.sample_rate)
    raise AssertionError("no burst")


def test_what_is_written_is_what_browsers_play(tmp_path: Path) -> None:
    path = write(tmp_path / "out.mp4")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.colorspace, context.color_range) == (1, 1)
        assert [stream.type for stream in container.streams] == ["video"]
    content = path.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert listing(tmp_path) == ["out.mp4"]


def test_pictures_come_back(tmp_path: Path) -> None:
    frames_THWC = read_frames(write(tmp_path / "out.mp4"))
    assert len(frames_THWC) == 10
    for index, frame in enumerate(frames_THWC):
        assert np.abs(frame.astype(int) - picture(index)).mean() < 3


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255,) * 3])
def test_pure_colours_come_back(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    with VideoWriter(tmp_path / "c.mp4", frame_rate=Fraction(5)) as writer:
        writer.write(np.full((32, 32, 3), colour, np.uint8))
    assert np.abs(read_frames(tmp_path / "c.mp4").astype(int) - colour).max() <= 4


@pytest.mark.parametrize(("width", "height"), [(37, 48), (64, 21), (37, 21), (1, 1)])
def test_odd_sizes_are_filled_up_to_even_ones(tmp_path: Path, width: int, height: int) -> None:
    frames_THWC = read_frames(write(tmp_path / "o.mp4", 3, width=width, height=height))
    assert frames_THWC.shape == (3, height + height % 2, width + width % 2, 3)
    assert np.abs(frames_THWC[2].astype(int) - picture(2, 1, 1)).max() < 10


@pytest.mark.parametrize(
    "rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25, 2), Fraction(179, 6)]
)
def test_regular_frames_stay_regular(tmp_path: Path, rate: Fraction) -> None:
    times = [float(index / rate) for index in range(20)]
    for path in (
        write(tmp_path / "timed.mp4", 20, rate=rate, times=times),
        write(tmp_path / "untimed.mp4", 20, rate=rate),
    ):
        with VideoReader(path) as reader:
            assert reader.info.frame_rate == rate
            assert [frame.time for frame in reader] == pytest.approx(times, abs=1e-6)
        with av.open(str(path)) as container:
            assert container.duration == pytest.approx(20 / rate * av.time_base, abs=2000)


@settings(max_examples=15, deadline=None)
@given(gaps=st.lists(st.floats(0.001, 3.0), min_size=1, max_size=8), start=st.floats(0, 2))
def test_irregular_times_are_kept(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[float], start: float
) -> None:
    times = [start, *(start + np.cumsum(gaps)).tolist()]
    path = write(tmp_path_factory.mktemp("v") / "v.mp4", len(times), times=times)
    with av.open(str(path)) as container:
        written = [frame.time for frame in container.decode(video=0)]
    assert written == pytest.approx(times, abs=1e-3)  # mp4 keeps a late start in milliseconds


def test_times_that_do_not_grow_are_moved_on(tmp_path: Path) -> None:
    path = write(tmp_path / "v.mp4", 5, times=[0.0, 0.5, 0.5, 0.2, 1.0])
    with VideoReader(path) as reader:
        written = [frame.time for frame in reader]
    assert written == pytest.approx([0.0, 0.5, 0.5, 0.5, 1.0], abs=1e-3)
    assert (np.diff(written) > 0).all()


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout", "copied"),
    [
        ("s.mp4", "aac", 44_100, "stereo", True),
        ("s.ts", "aac", 48_000, "stereo", True),
        ("s.avi", "mp3", 44_100, "stereo", True),
        ("s.webm", "libopus", 48_000, "stereo", False),
        ("s.mov", "pcm_s16le", 22_050, "mono", False),
    ],
)
def test_sound_is_kept_in_time(
    tmp_path: Path, name: str, codec: str, rate: int, layout: str, copied: bool
) -> None:
    if name == "s.webm":
        make_sound(tmp_path / name, codec, rate=rate, layout=layout)
    else:
        make_sound(tmp_path / name, codec, rate=rate, layout=layout, video=True)
    out = write(tmp_path / "out.mp4", 20, audio_from=tmp_path / name)
    with av.open(str(out)) as container:
        track = container.streams.audio[0]
        assert track.codec_context.codec.canonical_name == (codec if copied else "aac")
        assert track.rate == (rate if copied else 48_000)
        assert track.layout.name == layout
        assert float(track.duration * track.time_base) == pytest.approx(2.0, abs=0.1)
    assert burst_start(out) == pytest.approx(0.5, abs=0.06)  # priming of the encoders included


def test_sound_of_a_file_that_starts_late_stays_in_time(tmp_path: Path) -> None:
    source = make_sound(tmp_path / "s.mkv", "aac", video=True, offset=5.0)
    with VideoReader(source) as reader:
        times = [frame.time for frame in reader]
    assert times[0] == pytest.approx(0, abs=0.03)
    out = write(tmp_path / "out.mp4", len(times), times=times, audio_from=source)
    assert burst_start(out) == pytest.approx(0.5, abs=0.06)


def test_sound_ends_with_the_pictures(tmp_path: Path) -> None:
    source = make_sound(tmp_path / "s.mp4", "aac", seconds=10)
    out = write(tmp_path / "out.mp4", 10, audio_from=source)
    with av.open(str(out)) as container:
        assert container.duration == pytest.approx(1.0 * av.time_base, abs=0.06 * av.time_base)


def test_sound_and_pictures_interleave(tmp_path: Path) -> None:
    source = make_sound(tmp_path / "s.mp4", "aac", seconds=30)
    out = write(tmp_path / "out.mp4", 300, audio_from=source)
    with av.open(str(out)) as container:
        packets = [
            (packet.pos, packet.stream.type, float(packet.dts * packet.time_base))
            for packet in container.demux()
            if packet.size
        ]
    reached = {"video": 0.0, "audio": 0.0}
    for _, kind, time in sorted(packets):
        reached[kind] = time
        assert abs(reached["video"] - reached["audio"]) < 2.0


def test_a_source_without_sound(tmp_path: Path) -> None:
    silent = write(tmp_path / "silent.mp4")
    with av.open(str(write(tmp_path / "out.mp4", audio_from=silent))) as container:
        assert not container.streams.audio


def test_a_source_of_sound_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no sound")
    with pytest.raises(UserError, match=r"sound of .*a\.txt can't be read"):
        write(tmp_path / "out.mp4", audio_from=tmp_path / "a.txt")
    assert listing(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("before", [0, 3])
def test_nothing_is_left_after_an_exception(tmp_path: Path, before: int) -> None:
    path = tmp_path / "out.mp4"
    path.write_text("an older result")
    with (
        pytest.raises(KeyboardInterrupt),
        VideoWriter(path, frame_rate=Fraction(10)) as writer,
    ):
        for index in range(before):
            writer.write(picture(index))
        raise KeyboardInterrupt
    assert listing(tmp_path) == ["out.mp4"]
    assert path.read_text() == "an older result"


def test_no_frame_is_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="no frame"),
        VideoWriter(tmp_path / "o.mp4", frame_rate=Fraction(10)),
    ):
        pass
    assert listing(tmp_path) == []


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_text("an older result")
    assert len(read_frames(write(tmp_path / "out.mp4"))) == 10


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "no" / "out.mp4", tmp_path / "file" / "out.mp4"):
        with pytest.raises(UserError, match=r"out\.mp4 can't be written"):
            write(path)
    (tmp_path / "taken.mp4").mkdir()
    with pytest.raises(UserError, match=r"taken\.mp4 is a folder"):
        write(tmp_path / "taken.mp4")
    assert listing(tmp_path) == ["file", "taken.mp4"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root and Windows write everywhere"
)
def test_a_folder_without_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="can't be written"):
        write(tmp_path / "out.mp4")


def test_a_full_disk(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    path = tmp_path / "out.mp4"
    with pytest.raises(UserError, match="can't be written"), fill_up(path) as writer:
        for index in range(200):
            writer.write(picture(index))
    assert listing(tmp_path) == []


def fill_up(path: Path) -> VideoWriter:
    """A writer whose file in the making is a disk that is full."""

    class Full(VideoWriter):
        def __enter__(self) -> Full:
            super().__enter__()
            self._container.close()
            self._part.unlink()
            self._part.symlink_to("/dev/full")
            self._container = av.open(str(self._part), mode="w", format="mp4")
            return self

    return Full(path, frame_rate=Fraction(10))


def test_names_that_promise_another_format(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ends in \.mp4"):
        VideoWriter(tmp_path / "out.webm", frame_rate=Fraction(10))


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "out.mp4", times=[0.0] * 10, audio_from=write(tmp_path / "silent.mp4"))
    assert capfd.readouterr() == ("", "")
