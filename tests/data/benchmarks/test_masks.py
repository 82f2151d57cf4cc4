from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.data.benchmarks.masks import IdMap, PaletteMasks, read_mask
from slvp.data.palette import write_ids
from slvp.errors import UserError

IDS_HW = np.array([[0, 1, 1], [2, 7, 0]], np.uint8)


def test_a_palette_mask_keeps_its_ids(tmp_path: Path) -> None:
    ids_HW = np.arange(256, dtype=np.uint8).reshape(8, 32)
    image = Image.fromarray(ids_HW).convert("P")
    # Colours that no id equals, so that reading colours in place of ids shows.
    image.putpalette([255 - value // 3 for value in range(768)])
    image.save(tmp_path / "mask.png")
    read_HW = read_mask(tmp_path / "mask.png")
    assert read_HW.dtype == np.uint8
    np.testing.assert_array_equal(read_HW, ids_HW)


@pytest.mark.parametrize("mode", ["L", "RGB", "1"])
def test_a_mask_without_palette_is_refused_by_name(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (4, 4)).save(tmp_path / "colour.png")
    with pytest.raises(UserError, match=rf"colour\.png .*mode {mode},.*palette"):
        read_mask(tmp_path / "colour.png")


@pytest.mark.parametrize("content", [None, b"no picture", "cut off"])
def test_an_unreadable_mask_is_refused_by_name(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "broken.png"
    if content == "cut off":
        write_ids(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8), path)
        path.write_bytes(path.read_bytes()[:-2000])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.png"):
        read_mask(path)


def test_frames_of_masks_are_read_by_their_index(tmp_path: Path) -> None:
    paths = tuple(tmp_path / f"{t}.png" for t in range(3))
    for t, path in enumerate(paths):
        write_ids(np.full((2, 5), t, np.uint8), path)
    frame = PaletteMasks(paths).read(2)
    assert frame.size == (2, 5)
    assert (frame.ids_HW == 2).all()


@pytest.mark.parametrize("object_ids", [(), (1,), (7, 1), (3,), (1, 3, 2)])
def test_mask_of_objects(object_ids: tuple[int, ...]) -> None:
    mask_HW = IdMap(IDS_HW).mask(object_ids)
    assert mask_HW.dtype == bool
    expected = [[value in object_ids for value in row] for row in IDS_HW.tolist()]
    assert mask_HW.tolist() == expected


def test_void() -> None:
    assert IdMap(IDS_HW).void() is None
    with_void_HW = IDS_HW.copy()
    with_void_HW[1, 2] = 255
    void_HW = IdMap(with_void_HW).void()
    assert void_HW is not None and void_HW.dtype == bool
    assert np.argwhere(void_HW).tolist() == [[1, 2]]
