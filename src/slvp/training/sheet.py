"""A sheet of small pictures in rows and columns, with words: looked at while a model trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from slvp.files import whole_file
from slvp.types import BoolArray, UInt8Array

_CELL = 184  # width of a picture, in pixels
_GAP = 8
_MARGIN = 16
_LINE = 18
_NOTE_LINES = 2
_TITLE_LINES = 2
_INK, _FAINT, _PAPER = (20, 20, 20), (105, 105, 105), (255, 255, 255)


@dataclass(frozen=True)
class Cell:
    """A picture (uint8 RGB), and a note of up to two lines below it."""

    picture_HW3: UInt8Array
    note: str = ""


@dataclass(frozen=True)
class Row:
    """Pictures of one size, and a sentence above them."""

    text: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Sheet:
    """Rows of pictures under titles.

    Attributes:
        titles: of the columns.
        rows: each with a cell per column; the last ones may be missing.
        explanation: what stands at the top, line by line.
        legend_HW3: a picture for the top right corner.
    """

    titles: Sequence[str]
    rows: Sequence[Row]
    explanation: str = ""
    legend_HW3: UInt8Array | None = None

    def write(self, path: Path) -> None:
        """Write a PNG, whole or not at all; the folder is made."""
        width = 2 * _MARGIN + len(self.titles) * (_CELL + _GAP) - _GAP
        lines = self.explanation.splitlines()
        legend_height = 0 if self.legend_HW3 is None else len(self.legend_HW3)
        head = _MARGIN + max(len(lines) * _LINE, legend_height) + _GAP
        titles = [_wrapped(title, _TITLE_LINES, bold=True) for title in self.titles]
        top = head + max(map(len, titles)) * _LINE + _GAP
        heights = [_height(row) for row in self.rows]
        sheet = Image.new("RGB", (width, top + sum(heights) + _MARGIN), _PAPER)
        pen = ImageDraw.Draw(sheet)
        for number, line in enumerate(lines):
            pen.text((_MARGIN, _MARGIN + number * _LINE), line, _FAINT, _font())
        if self.legend_HW3 is not None:
            left = width - _MARGIN - self.legend_HW3.shape[1]
            sheet.paste(Image.fromarray(self.legend_HW3), (left, _MARGIN))
        for column, title in enumerate(titles):
            for number, line in enumerate(title):
                place = _left(column), head + number * _LINE
                pen.text(place, line, _INK, _font(bold=True))
        for row, height in zip(self.rows, heights, strict=True):
            _draw_row(sheet, pen, row, top)
            top += height
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            sheet.save(file, "PNG")


def tinted(frame_HW3: UInt8Array, mask_HW: BoolArray, colour: tuple[int, int, int]) -> UInt8Array:
    """Return a frame with a mask on it."""
    tint_HW3 = (frame_HW3 // 2 + np.array(colour) // 2).astype(np.uint8)
    drawn_HW3 = np.where(mask_HW[..., None], tint_HW3, frame_HW3)
    outlines, _ = cv2.findContours(mask_HW.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(drawn_HW3, outlines, -1, colour, 1, cv2.LINE_AA)
    return drawn_HW3


def _draw_row(sheet: Image.Image, pen: ImageDraw.ImageDraw, row: Row, top: int) -> None:
    room = sheet.width - 2 * _MARGIN
    pen.text((_MARGIN, top), _wrapped(row.text, 1, room)[0], _INK, _font())
    for column, cell in enumerate(row.cells):
        picture_HW3 = _at_width(cell.picture_HW3)
        sheet.paste(Image.fromarray(picture_HW3), (_left(column), top + _LINE + 4))
        below = top + _LINE + 4 + len(picture_HW3) + 4
        for number, line in enumerate(_wrapped(cell.note, _NOTE_LINES)):
            pen.text((_left(column), below + number * _LINE), line, _FAINT, _font())


def _height(row: Row) -> int:
    picture = len(_at_width(row.cells[0].picture_HW3))
    notes = max(len(_wrapped(cell.note, _NOTE_LINES)) for cell in row.cells)
    return _LINE + 4 + picture + 4 + notes * _LINE + 2 * _GAP


def _left(column: int) -> int:
    return _MARGIN + column * (_CELL + _GAP)


def _at_width(picture_HW3: UInt8Array) -> UInt8Array:
    height, width = picture_HW3.shape[:2]
    method = cv2.INTER_AREA if width > _CELL else cv2.INTER_LINEAR
    size = (_CELL, round(_CELL * height / width))
    return np.asarray(cv2.resize(picture_HW3, size, interpolation=method), np.uint8)


@cache
def _font(*, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the font that comes with matplotlib: it knows far more than ASCII."""
    import matplotlib  # of the extra, which training asks for

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts/ttf", name)), 12)


def _wrapped(text: str, lines: int, room: int = _CELL, *, bold: bool = False) -> list[str]:
    """Break a text into lines; an ellipsis stands for what doesn't fit."""
    words = text.split()
    wrapped: list[str] = []
    while words and len(wrapped) < lines:
        count = 1
        while (
            count < len(words) and _font(bold=bold).getlength(" ".join(words[: count + 1])) <= room
        ):
            count += 1
        wrapped.append(" ".join(words[:count]))
        words = words[count:]
    if words:
        wrapped[-1] += " …"
    return [_shortened(line, room, bold=bold) for line in wrapped] or [""]


def _shortened(line: str, room: int, *, bold: bool) -> str:
    font = _font(bold=bold)
    if font.getlength(line) <= room:
        return line
    while line and font.getlength(f"{line}…") > room:
        line = line[:-1]
    return f"{line.rstrip(' …')}…"
