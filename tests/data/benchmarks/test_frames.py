from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from slvp.data.benchmarks.frames import PictureFrames, open_picture, read_frame
from slvp.errors import UserError


def pictures(folder: Path, count: int) -> PictureFrames:
    """Frame t is a PNG of 6 x 4 pixels whose every value is t."""
    paths = tuple(folder / f"{5 * t:05d}.png" for t in range(count))
    for t, path in enumerate(paths):
        Image.new("RGB", (6, 4), (t, t, t)).save(path)
    return PictureFrames(paths)


def test_pictures_have_the_names_of_their_files(tmp_path: Path) -> None:
    assert pictures(tmp_path, 3).names == ("00000", "00005", "00010")


@given(indices=st.sets(st.integers(0, 5)).map(sorted))
def test_the_pictures_asked_for_come_in_order(
    tmp_path_factory: pytest.TempPathFactory, indices: list[int]
) -> None:
    frames = pictures(tmp_path_factory.mktemp("frames"), 6)
    read = list(frames.read(indices))
    assert [frame_HWC.shape for frame_HWC in read] == [(4, 6, 3)] * len(indices)
    assert [int(frame_HWC[0, 0, 0]) for frame_HWC in read] == indices


def test_a_picture_is_read_when_it_is_its_turn(tmp_path: Path) -> None:
    frames = pictures(tmp_path, 3)
    frames.paths[2].unlink()
    read = frames.read([0, 1, 2])
    assert [int(next(read).max()) for _ in range(2)] == [0, 1]
    with pytest.raises(UserError, match=r"00010\.png can't be read"):
        next(read)


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    frames = pictures(tmp_path, 3)
    Image.new("RGB", (5, 4)).save(frames.paths[1])
    with pytest.raises(UserError, match=r"00005\.png is 5 x 4 pixels, .* 6 x 4"):
        list(frames.read([0, 1, 2]))
    assert len(list(frames.read([0, 2]))) == 2


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_a_frame_is_rgb_whatever_its_mode(tmp_path: Path, mode: str) -> None:
    Image.new("RGB", (5, 3), (255, 255, 255)).convert(mode).save(tmp_path / "white.png")
    frame_HWC = read_frame(tmp_path / "white.png")
    assert frame_HWC.shape == (3, 5, 3)
    assert frame_HWC.dtype == np.uint8
    assert (frame_HWC == 255).all()
    frame_HWC[0] = 0  # to be written on


def test_a_picture_as_it_is_keeps_its_mode(tmp_path: Path) -> None:
    Image.new("L", (5, 3), 77).save(tmp_path / "grey.png")
    picture = open_picture(tmp_path / "grey.png")
    assert (picture.mode, picture.size, picture.getpixel((0, 0))) == ("L", (5, 3), 77)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("content", ["missing", "empty", "text", "folder", "cut off"])
def test_an_unreadable_picture_is_named(tmp_path: Path, suffix: str, content: str) -> None:
    path = tmp_path / f"broken{suffix}"
    if content == "folder":
        path.mkdir()
    elif content == "cut off":
        noise_HWC = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise_HWC).save(path)
        path.write_bytes(path.read_bytes()[:-2000])
    elif content != "missing":
        path.write_text({"empty": "", "text": "no picture"}[content])
    with pytest.raises(UserError, match=rf"broken\{suffix} can't be read as a picture"):
        read_frame(path)
