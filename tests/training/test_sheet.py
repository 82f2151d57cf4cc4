import numpy as np
from PIL import Image

from slvp.training import sheet
from slvp.training.sheet import Cell, Row, Sheet


def plain(colour, height=92, width=184):
    return np.full((height, width, 3), colour, np.uint8)


def test_pictures_stand_where_they_belong(tmp_path):
    red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    rows = [
        Row("the first", [Cell(plain(red), "a note"), Cell(plain(green))]),
        Row("the second", [Cell(plain(blue)), Cell(plain(red, 46, 92))]),
    ]
    path = tmp_path / "pictures/sheet.png"
    Sheet(["left", "right"], rows, "words", plain(green, 9, 9)).write(path)
    with Image.open(path) as image:
        pixels = np.asarray(image)
    assert pixels.shape[1] == 2 * 16 + 2 * 184 + 8
    for colour, areas in ((red, 2), (green, 1), (blue, 1)):
        found = (pixels == colour).all(-1)
        corner = 81 if colour == green else 0
        assert found.sum() == areas * 92 * 184 + corner
    assert (pixels[:, :100] == blue).all(-1).any() and not (pixels[:, 216:] == blue).all(-1).any()


def test_long_words_and_texts_are_cut():
    font = sheet._font()
    for text in ("x" * 500, "word " * 200, "a " + "x" * 500, "x" * 500 + " a b" * 40):
        lines = sheet._wrapped(text, 2, room=100)
        assert len(lines) <= 2
        assert all(font.getlength(line) <= 100 for line in lines)
        assert lines[-1].endswith("…")
    assert sheet._wrapped("two words", 2) == ["two words"]
    assert sheet._wrapped("", 2) == [""]
    many = sheet._wrapped("eleven words that do not fit on one line of a sheet", 9, room=100)
    assert " ".join(many) == "eleven words that do not fit on one line of a sheet"
