import io
import itertools
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, PngImagePlugin

from slvp.data.palette import indexed_picture
from slvp.data.png import decode_picture, read_picture
from slvp.errors import UserError

VALUES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def filtered(row: np.ndarray, above: np.ndarray, kind: int) -> np.ndarray:
    """Send a row through one of PNG's five filters, as its specification has them."""
    x, b = row.astype(int), above.astype(int)
    a, c = np.append(0, x[:-1]), np.append(0, b[:-1])
    estimate = a + b - c
    away = np.abs(np.stack([estimate - a, estimate - b, estimate - c]))
    paeth = np.choose(away.argmin(axis=0), [a, b, c])
    guess = [np.zeros_like(x), a, b, (a + b) // 2, paeth][kind]
    return ((x - guess) % 256).astype(np.uint8)


def png(values_HW: np.ndarray, colour: int, kinds: list[int], parts: int = 1) -> bytes:
    """Write an 8-bit PNG, grey (0) or with a palette (3), filtered and cut as is asked."""
    height, width = values_HW.shape
    above = np.zeros(width, np.uint8)
    raw = b""
    for row, kind in zip(values_HW, kinds, strict=True):
        raw += bytes([kind]) + filtered(row, above, kind).tobytes()
        above = row
    compressed = zlib.compress(raw)
    cuts = np.linspace(0, len(compressed), parts + 1).astype(int)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)),
            chunk(b"PLTE", bytes(range(256)) * 3) if colour == 3 else b"",
            *(chunk(b"IDAT", compressed[i:j]) for i, j in itertools.pairwise(cuts)),
            chunk(b"IEND", b""),
        ]
    )


@settings(deadline=None)
@given(VALUES, st.sampled_from([0, 3]), st.integers(1, 3), st.data())
def test_every_filter_is_undone(
    values_HW: np.ndarray, colour: int, parts: int, data: st.DataObject
) -> None:
    strongest = data.draw(st.sampled_from([0, 4]))
    height = len(values_HW)
    kinds = data.draw(st.lists(st.integers(0, strongest), min_size=height, max_size=height))
    content = png(values_HW, colour, kinds, parts)
    picture = decode_picture(content, "a.png")
    assert picture.mode == {0: "L", 3: "P"}[colour]
    assert picture.values.dtype == np.uint8 and picture.values.flags.writeable
    np.testing.assert_array_equal(picture.values, values_HW)
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(content))), values_HW)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@settings(deadline=None)
@given(VALUES)
def test_whatever_pillow_writes_reads_as_pillow_reads_it(values_HW: np.ndarray) -> None:
    grey = Image.fromarray(values_HW)
    text = PngImagePlugin.PngInfo()
    text.add_text("Software", "a test")
    few = Image.fromarray(values_HW % 3).convert("P")
    few.putpalette([0, 0, 0, 9, 9, 9, 200, 0, 0])
    contents = [
        saved(grey),
        saved(grey, optimize=True, pnginfo=text),
        saved(grey, transparency=3),
        saved(grey, "BMP"),
        saved(grey.convert("1")),
        saved(grey.convert("RGB")),
        saved(grey.convert("LA")),
        saved(grey.convert("I;16")),
        saved(indexed_picture(values_HW)),
        saved(indexed_picture(values_HW), transparency=0),
        saved(few),  # 2 bits a pixel
    ]
    for content in contents:
        expected = Image.open(io.BytesIO(content))
        picture = decode_picture(content, "a.png")
        assert picture.mode == expected.mode
        assert picture.values.dtype == np.array(expected).dtype
        np.testing.assert_array_equal(picture.values, np.array(expected))


@settings(deadline=None)
@given(VALUES)
def test_what_opencv_writes(values_HW: np.ndarray) -> None:
    picture = decode_picture(cv2.imencode(".png", values_HW)[1].tobytes(), "a.png")
    assert picture.mode == "L"
    np.testing.assert_array_equal(picture.values, values_HW)


CONTENT = png(np.arange(200, dtype=np.uint8).reshape(10, 20), 3, [0, 1, 2, 3, 4] * 2, parts=2)


def spoilt(place: int, value: int) -> bytes:
    return CONTENT[:place] + bytes([CONTENT[place] ^ value]) + CONTENT[place + 1 :]


@settings(deadline=None, max_examples=500)
@given(
    st.builds(spoilt, st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
    | st.integers(0, len(CONTENT) - 1).map(lambda length: CONTENT[:length])
    | st.binary(max_size=60)
)
@example(b"")
def test_a_damaged_file_is_complained_of_or_reads_as_pillow_reads_it(content: bytes) -> None:
    try:
        picture = decode_picture(content, "folder/a.png")
    except UserError as error:
        assert str(error) == "folder/a.png can't be read as a picture: unpack or copy it again."
    else:
        np.testing.assert_array_equal(picture.values, np.array(Image.open(io.BytesIO(content))))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.png can't be read as a picture"):
        read_picture(tmp_path / "nowhere.png")


def test_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT)
    picture = read_picture(path)
    assert (picture.mode, picture.values.shape) == ("P", (10, 20))
