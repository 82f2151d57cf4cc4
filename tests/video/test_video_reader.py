"""Reading: every kind of source gives the right pictures at the right times, or one clear error."""

from __future__ import annotations

import errno
import os
import re
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video import VideoReader, read_frames

CLIPS = Path(__file__).parents[2].parent / "shared/real/clips"


def colour(index: int) -> tuple[int, int, int]:
    """A colour that tells frame ``index`` from its neighbours after lossy coding."""
    return (40 + 37 * index % 180, 200 - 23 * index % 160, 60 + 61 * index % 150)


def picture(index: int, width: int = 64, height: int = 48) -> UInt8Array:
    return np.full((height, width, 3), colour(index), np.uint8)


def make_video(
    path: Path,
    frames: Sequence[UInt8Array],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rate: int = 10,
    times: Sequence[float] | None = None,
    rotation: float | None = None,
    sound: str | None = None,
    movflags: str = "",
) -> Path:
    """Encode ``frames`` by plain PyAV, so that the reader is tested apart from the writer."""
    options = {"movflags": movflags} if movflags else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 90_000)
        if rotation is not None:
            stream.set_display_rotation(rotation)
        audio = container.add_stream(sound, rate=48_000) if sound else None
        for index, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(times[index] * 90_000), Fraction(1, 90_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            seconds = len(frames) / rate
            wave = np.sin(np.arange(int(48_000 * seconds)) / 20).astype(np.float32)[None]
            samples = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            samples.sample_rate = 48_000
            samples.pts = 0
            container.mux(audio.encode(samples))
            container.mux(audio.encode(None))
    return path


def noise(width: int = 64, height: int = 48) -> list[UInt8Array]:
    """Frames that don't compress, so that a file is large enough to be cut anywhere."""
    return list(np.random.default_rng(0).integers(0, 255, (20, height, width, 3), np.uint8))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_video(tmp_path / "clip.mp4", [picture(i) for i in range(12)])


KINDS = [
    ("a.mp4", "libx264", "yuv420p"),
    ("a.mov", "mpeg4", "yuv420p"),
    ("a.webm", "libvpx-vp9", "yuv420p"),
    ("a.avi", "mpeg4", "yuv420p"),
    ("b.avi", "mjpeg", "yuvj420p"),
    ("a.mkv", "libx264", "yuv444p"),
    ("a.ts", "libx264", "yuv420p"),
    ("a.gif", "gif", "rgb8"),
]


@pytest.mark.parametrize(("name", "codec", "pixels"), KINDS)
def test_every_container_gives_its_frames_in_order(
    tmp_path: Path, name: str, codec: str, pixels: str
) -> None:
    path = make_video(tmp_path / name, [picture(i) for i in range(12)], codec=codec, pixels=pixels)
    with VideoReader(path) as reader:
        info, frames = reader.info, list(reader)
    assert (info.name, info.width, info.height, info.has_audio) == (path.stem, 64, 48, False)
    assert info.frame_rate == 10
    assert info.frame_count == len(frames) == 12
    tolerance = 20 if codec == "gif" else 6  # 3-3-2 bits of colour
    for index, frame in enumerate(frames):
        assert frame.image_HW3.shape == (48, 64, 3) and frame.image_HW3.dtype == np.uint8
        assert np.abs(frame.image_HW3.mean((0, 1)) - colour(index)).max() < tolerance
        assert frame.time == pytest.approx(index / 10, abs=0.002)


@pytest.mark.parametrize("counter_clockwise", [0, 90, 180, -90])
def test_rotated_recordings_come_upright(tmp_path: Path, counter_clockwise: int) -> None:
    upright = np.zeros((48, 80, 3), np.uint8)
    upright[:24, :40], upright[:24, 40:], upright[24:, :40] = (220, 30, 30), (30, 220, 30), 200
    stored = np.ascontiguousarray(np.rot90(upright, -counter_clockwise // 90))
    path = make_video(tmp_path / "r.mp4", [stored] * 3, rotation=counter_clockwise)
    with VideoReader(path) as reader:
        assert (reader.info.width, reader.info.height) == (80, 48)
        for frame in reader:
            assert np.abs(frame.image_HW3.astype(int) - upright).mean() < 6


def test_mirrored_recordings_come_unmirrored(tmp_path: Path) -> None:
    seen = np.zeros((48, 64, 3), np.uint8)
    seen[:, 40:] = 220
    path = make_video(tmp_path / "m.mp4", [np.ascontiguousarray(seen[:, ::-1])] * 2)
    content = path.read_bytes()
    identity = struct.pack(">4i", 65536, 0, 0, 0)
    track_header = content.index(b"tkhd")
    at = content.index(identity, track_header)
    path.write_bytes(content[:at] + struct.pack(">i", -65536) + content[at + 4 :])
    assert np.abs(read_frames(path)[0].astype(int) - seen).mean() < 6


def test_odd_sizes_keep_every_pixel(tmp_path: Path) -> None:
    path = make_video(
        tmp_path / "odd.mkv", [picture(i, 37, 21) for i in range(3)], pixels="yuv444p"
    )
    assert read_frames(path).shape == (3, 21, 37, 3)


def test_times_of_a_variable_frame_rate_are_kept(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.5, 0.51, 2.0]
    path = make_video(tmp_path / "v.mp4", [picture(i) for i in range(5)], times=times)
    with VideoReader(path) as reader:
        assert [frame.time for frame in reader] == pytest.approx(times, abs=1e-3)


def test_transparent_frames_are_shown_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (20, 10), (255, 0, 0, 255))
    image.paste((0, 0, 255, 0), (0, 0, 10, 10))
    folder = tmp_path / "frames"
    folder.mkdir()
    image.save(folder / "0.png")
    image.save(tmp_path / "a.gif", save_all=True, append_images=[image.rotate(180)])
    for source in (folder, tmp_path / "a.gif"):
        first = read_frames(source)[0]
        assert (first[:, :10] == 255).all()
        assert (first[:, 10:] == (255, 0, 0)).all()


def test_a_folder_of_images_in_natural_order(tmp_path: Path) -> None:
    for number, suffix in ((10, "png"), (9, "PNG"), (100, "webp"), (1, "bmp")):
        Image.new("RGB", (16, 8), (number, 0, 0)).save(
            tmp_path / f"img{number}.{suffix}", lossless=True
        )
    Image.new("L", (16, 8), 11).save(tmp_path / "img11.png")
    (tmp_path / "notes.txt").write_text("not a frame")
    with VideoReader(tmp_path) as reader:
        frames = list(reader)
        names = [reader.frame_name(index) for index in range(5)]
    assert names == ["img1", "img9", "img10", "img11", "img100"]
    assert [frame.image_HW3[0, 0, 0] for frame in frames] == [1, 9, 10, 11, 100]
    assert tuple(frames[3].image_HW3[0, 0]) == (11, 11, 11)
    assert [frame.time for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    info = reader.info
    assert (info.width, info.height, info.frame_rate, info.frame_count) == (16, 8, 25, 5)
    assert info.name == tmp_path.name and not info.has_audio


def test_photographs_are_turned_as_their_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(tmp_path / "a.jpg", exif=exif)
    assert read_frames(tmp_path).shape == (1, 20, 10, 3)


def test_read_frames_takes_every_nth(clip: Path) -> None:
    frames_THWC = read_frames(clip, step=5, max_frames=2)
    assert frames_THWC.shape == (2, 48, 64, 3)
    assert np.abs(frames_THWC[1].mean((0, 1)) - colour(5)).max() < 6


def test_a_file_can_be_read_twice_and_left_early(clip: Path) -> None:
    with VideoReader(clip) as reader:
        next(iter(reader))
        assert len(list(reader)) == 12
        assert len(list(reader)) == 12
        assert reader.frame_name(7) == "00007"


def test_an_iteration_outlives_the_reader(clip: Path) -> None:
    with VideoReader(clip) as reader:
        frames = iter(reader)
        next(frames)
    assert len(list(frames)) == 11


def test_two_iterations_at_once(clip: Path) -> None:
    with VideoReader(clip) as reader:
        pairs = [(one.time, other.time) for one, other in zip(reader, reader, strict=True)]
    assert len(pairs) == 12 and all(one == other for one, other in pairs)


def test_sound_is_noticed(tmp_path: Path) -> None:
    path = make_video(tmp_path / "s.mp4", [picture(0)] * 5, sound="aac")
    with VideoReader(path) as reader:
        assert reader.info.has_audio


PIPED = (
    "from slvp.video import VideoReader; from slvp.errors import UserError\n"
    "try:\n"
    "    with VideoReader('-') as r:\n"
    "        print(r.info.name, r.info.has_audio, [round(f.time, 2) for f in r])\n"
    "except UserError as error: print('UserError', error)\n"
)


def pipe(content: bytes) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", PIPED], input=content, capture_output=True, check=True, timeout=60
    )
    return done.stdout.decode(), done.stderr.decode()


def test_standard_input(tmp_path: Path) -> None:
    frames = [picture(i) for i in range(4)]
    path = make_video(tmp_path / "p.mp4", frames, sound="aac", movflags="faststart")
    assert pipe(path.read_bytes()) == ("stdin False [0.0, 0.1, 0.2, 0.3]\n", "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_named_pipe(tmp_path: Path) -> None:
    path = make_video(
        tmp_path / "p.mp4", [picture(i) for i in range(4)], sound="aac", movflags="faststart"
    )
    os.mkfifo(tmp_path / "pipe")
    feeder = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(path.read_bytes()))
    feeder.start()
    with VideoReader(tmp_path / "pipe") as reader:
        assert not reader.info.has_audio
        assert len(list(reader)) == 4
    feeder.join()


def test_standard_input_that_is_empty_or_cannot_be_streamed(tmp_path: Path) -> None:
    assert pipe(b"") == ("UserError standard input is empty; pipe a video into it.\n", "")
    index_at_end = make_video(tmp_path / "a.mp4", noise(320, 240))
    out, err = pipe(index_at_end.read_bytes())
    assert out.startswith("UserError standard input") and "faststart" in out and err == ""


def expect(source: str | Path, words: str) -> None:
    """Reading to the end must fail with one sentence that has the source and ``words`` in it."""
    with pytest.raises(UserError, match=words) as caught, VideoReader(source) as reader:
        for _ in reader:
            pass
    message = str(caught.value)
    assert str(source) in message and message.endswith(".") and "\n" not in message


def test_missing_file(tmp_path: Path) -> None:
    expect(tmp_path / "no.mp4", "doesn't exist")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    expect(tmp_path / "a.mp4", "is empty")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root and Windows read every file"
)
def test_file_without_rights(clip: Path) -> None:
    clip.chmod(0)
    expect(clip, "can't be read: Permission denied")


@pytest.mark.parametrize("failing", ["is_dir", "exists", "iterdir", "open"])
def test_places_that_cannot_be_looked_at(
    clip: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    source = clip.parent if failing == "iterdir" else clip
    monkeypatch.setattr(Path, failing, refuse)
    with pytest.raises(UserError, match="can't be read: Permission denied") as caught:
        VideoReader(source)
    assert str(source) in str(caught.value)


def test_a_name_that_is_too_long() -> None:
    expect("x" * 300, "can't be read: File name too long")


def test_names_of_frames_sort_in_the_order_of_the_frames(tmp_path: Path, clip: Path) -> None:
    assert VideoReader(clip).frame_name(7) == "00007"
    hours = make_video(tmp_path / "hours.mkv", [picture(0)] * 3, times=[0.0, 0.1, 20_000.0])
    with VideoReader(hours) as reader:
        assert reader.info.frame_count is not None and reader.info.frame_count > 100_000
        assert reader.frame_name(99_999) < reader.frame_name(100_000)


def test_text_named_mp4(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("not a video at all\n" * 100)
    expect(tmp_path / "a.mp4", "can't be read as a video")


@pytest.mark.parametrize("movflags", ["", "faststart", "frag_keyframe+empty_moov"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_truncated_mp4(
    tmp_path: Path, movflags: str, part: float, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_video(tmp_path / "a.mp4", noise(), movflags=movflags)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    expect(path, "cut off")
    assert capfd.readouterr() == ("", "")


def test_truncated_avi(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = make_video(tmp_path / "a.avi", noise(), codec="mpeg4")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    expect(path, r"damaged or cut off after frame \d+")
    assert capfd.readouterr() == ("", "")


def test_damage_in_the_middle(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.avi", noise(), codec="mjpeg", pixels="yuvj420p")
    content = bytearray(path.read_bytes())
    pictures = [match.start() for match in re.finditer(b"\xff\xd8\xff", content)]
    content[pictures[10] : pictures[11] - 16] = bytes(pictures[11] - 16 - pictures[10])
    path.write_bytes(content)
    expect(path, "damaged or cut off after frame 10")


def test_trimmed_mp4_is_no_truncated_mp4(tmp_path: Path) -> None:
    """An edit list that skips the start leaves fewer frames than the index counts."""
    path = make_video(tmp_path / "a.mp4", [picture(i) for i in range(20)])
    content = bytearray(path.read_bytes())
    edit = content.index(b"elst") + 4
    (media_time,) = struct.unpack_from(">I", content, edit + 12)
    (timescale,) = struct.unpack_from(">I", content, content.index(b"mdhd") + 16)
    struct.pack_into(">II", content, edit + 8, 1000, media_time + timescale)
    path.write_bytes(content)
    frames_THWC = read_frames(path)
    assert len(frames_THWC) == 10
    assert np.abs(frames_THWC[0].mean((0, 1)) - colour(10)).max() < 6


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.avi"])
def test_video_without_frames(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    expect(path, "has no frames|has no moving pictures")  # mp4 drops the empty track


def test_song_with_and_without_a_cover(tmp_path: Path) -> None:
    for name in ("a.m4a", "b.mp3"):
        with av.open(str(tmp_path / name), "w") as container:
            audio = container.add_stream("aac" if name == "a.m4a" else "mp3", rate=48_000)
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, 9600), np.float32), format="fltp", layout="mono"
            )
            silence.sample_rate = 48_000
            container.mux(audio.encode(silence))
            container.mux(audio.encode(None))
        if name == "b.mp3":
            add_cover(tmp_path / name)
        expect(tmp_path / name, "no moving pictures")


def add_cover(path: Path) -> None:
    """Put an ID3v2.3 tag with an attached picture before the sound."""
    cover = path.with_suffix(".jpg")
    Image.new("RGB", (32, 32)).save(cover)
    body = b"\0image/jpeg\0\x03\0" + cover.read_bytes()
    frame = b"APIC" + struct.pack(">IH", len(body), 0) + body
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x03\0\0" + size + frame + path.read_bytes())


def test_absurd_size(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    Image.new("P", (8, 8)).save(path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<HH", content, 6, 20000, 10)
    path.write_bytes(content)
    expect(path, "20000 x 10 pixels")


def test_folder_without_images(tmp_path: Path) -> None:
    expect(tmp_path, "has no images")
    (tmp_path / "a.txt").write_text("text")
    expect(tmp_path, "has no images")


def test_folder_with_images_of_two_sizes(tmp_path: Path) -> None:
    for number in range(5):
        Image.new("RGB", (8, 8 + 2 * (number >= 3))).save(tmp_path / f"{number}.png")
    with pytest.raises(UserError, match=r"3\.png is 8 x 10 pixels .* 8 x 8"):
        read_frames(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_folder_with_a_broken_image(tmp_path: Path, suffix: str) -> None:
    for number in range(3):
        Image.fromarray(noise()[0]).save(tmp_path / f"{number}.{suffix}")
    broken = tmp_path / f"1.{suffix}"
    broken.write_bytes(broken.read_bytes()[:2000])
    with pytest.raises(UserError, match=rf"1\.{suffix} can't be read as an image"):
        read_frames(tmp_path)


def test_folder_with_two_images_of_one_name(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "0.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "0.jpg")
    with pytest.raises(UserError, match="named alike"):
        VideoReader(tmp_path)


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    """What the reader holds is bounded: old frames can be collected while it goes on."""
    path = make_video(tmp_path / "long.mp4", [picture(i % 50) for i in range(300)])
    with VideoReader(path) as reader:
        seen: list[weakref.ref[UInt8Array]] = []
        most = 0
        for frame in reader:
            seen.append(weakref.ref(frame.image_HW3))
            most = max(most, sum(image() is not None for image in seen))
    assert len(seen) == 300 and most <= 3


@pytest.mark.parametrize("name", ["dog", "car-detection", "bottle-detection"])
def test_real_clips(name: str) -> None:
    path = CLIPS / f"{name}.mp4"
    if not path.exists():
        pytest.skip("the real clips aren't beside the repository")
    with VideoReader(path) as reader:
        times = [frame.time for frame in reader]
    assert len(times) == reader.info.frame_count
    assert times[0] == 0 and (np.diff(times) > 0).all()
