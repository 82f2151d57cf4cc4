from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.data.benchmarks.records import read_frame, read_mask
from slvp.errors import UserError


def write_palette(path: Path, ids_HW: np.ndarray) -> None:
    image = Image.fromarray(ids_HW, mode="P")
    # Colours that no id equals, so that reading colours in place of ids shows.
    image.putpalette([255 - value // 3 for value in range(768)])
    image.save(path)


def test_a_palette_mask_keeps_its_ids(tmp_path: Path) -> None:
    ids_HW = np.arange(256, dtype=np.uint8).reshape(8, 32)
    write_palette(tmp_path / "mask.png", ids_HW)
    read_HW = read_mask(tmp_path / "mask.png")
    assert read_HW.dtype == np.uint8
    np.testing.assert_array_equal(read_HW, ids_HW)


def test_a_mask_without_palette_is_refused_by_name(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "colour.png")
    with pytest.raises(UserError, match=r"colour\.png .*RGB.*palette"):
        read_mask(tmp_path / "colour.png")


@pytest.mark.parametrize("content", [None, b"no picture", "truncated"])
def test_an_unreadable_mask_is_refused_by_name(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "broken.png"
    if content == "truncated":
        noise_HW = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
        write_palette(path, noise_HW)
        path.write_bytes(path.read_bytes()[:-2000])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.png"):
        read_mask(path)


def test_a_frame_is_rgb_whatever_its_mode(tmp_path: Path) -> None:
    Image.new("L", (5, 3), 77).save(tmp_path / "grey.png")
    frame_HWC = read_frame(tmp_path / "grey.png")
    assert frame_HWC.shape == (3, 5, 3)
    assert frame_HWC.dtype == np.uint8
    assert (frame_HWC == 77).all()
