"""Pictures for people: masks and sentences drawn over frames."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from slvp.types import BoolArray, UInt8Array

# Okabe & Ito, "Color Universal Design" (2008), without black; neighbours far apart. RGB.
COLOURS: tuple[tuple[int, int, int], ...] = (
    (213, 94, 0),
    (86, 180, 233),
    (240, 228, 66),
    (0, 158, 115),
    (204, 121, 167),
    (0, 114, 178),
    (230, 159, 0),
)

_FONTS = ("DejaVuSans.ttf", "Arial Unicode.ttf", "segoeui.ttf", "arial.ttf", "NotoSans-Regular.ttf")
_PANEL = (16, 16, 16)
_PANEL_OPACITY = 150  # of 255
_TEXT = (255, 255, 255)


class _Legend(NamedTuple):
    """A panel to be laid over a frame at (``left``, ``top``), and where its chips are in it."""

    left: int
    top: int
    light_HW3: UInt8Array  # what the panel adds, already times its opacity
    veil_HW3: UInt8Array  # what of the frame shines through, of 255
    chips: tuple[tuple[int, int, int, int], ...]  # left, top, right, bottom; one per sentence shown


def colour_of(index: int) -> tuple[int, int, int]:
    """RGB colour of sentence ``index``; the palette starts again at its end."""
    return COLOURS[index % len(COLOURS)]


def draw_overlay(
    image_HW3: UInt8Array,
    masks_EHW: BoolArray,
    sentences: Sequence[str],
    presence_E: Sequence[float] | None = None,
    *,
    alpha: float = 0.5,
    outline: bool = True,
) -> UInt8Array:
    """Tint and outline each sentence's mask and explain the colours in a legend.

    Args:
        image_HW3: uint8 RGB; left as it is.
        masks_EHW: what each sentence describes, at the size of the image.
        sentences: E sentences, as many as masks.
        presence_E: 0..1, how sure it is that the object is in the picture; shown by how far
            the chip of the sentence is filled. None fills all chips.
        alpha: opacity of the tint, 0..1.
        outline: draw the masks' edges, too.

    Returns:
        A new image, uint8 RGB.
    """
    height, width, _ = image_HW3.shape
    drawn_HW3 = image_HW3.copy()
    thickness = max(1, round(min(height, width) / 360)) if outline else 0
    for index, mask_HW in enumerate(masks_EHW):
        _draw_mask(drawn_HW3, mask_HW, colour_of(index), alpha, thickness)
    legend = _legend(tuple(sentences), height, width)
    if legend is not None:
        _draw_legend(drawn_HW3, legend, presence_E)
    return drawn_HW3


def _draw_mask(
    drawn_HW3: UInt8Array,
    mask_HW: BoolArray,
    colour: tuple[int, int, int],
    alpha: float,
    thickness: int,
) -> None:
    bytes_HW = mask_HW.view(np.uint8)
    left, top, width, height = cv2.boundingRect(bytes_HW)
    if width == 0:
        return
    box = np.s_[top : top + height, left : left + width]
    # A table per channel is several times faster than arithmetic on the pixels.
    levels_256 = np.arange(256)[:, None] * (1 - alpha)
    table = np.rint(levels_256 + np.array(colour) * alpha).astype(np.uint8)[None]
    tinted = cv2.LUT(np.ascontiguousarray(drawn_HW3[box]), table)
    cv2.copyTo(tinted, bytes_HW[box], drawn_HW3[box])
    if thickness == 0:
        return
    outlines, _ = cv2.findContours(
        bytes_HW[box], cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE, offset=(left, top)
    )
    cv2.drawContours(drawn_HW3, outlines, -1, colour, thickness, cv2.LINE_AA)


def _draw_legend(
    drawn_HW3: UInt8Array, legend: _Legend, presence_E: Sequence[float] | None
) -> None:
    height, width, _ = legend.light_HW3.shape
    spot = drawn_HW3[legend.top : legend.top + height, legend.left : legend.left + width]
    spot[:] = cv2.add(cv2.multiply(spot, legend.veil_HW3, scale=1 / 255), legend.light_HW3)
    for index, (left, top, right, bottom) in enumerate(legend.chips):
        presence = 1.0 if presence_E is None else presence_E[index]
        empty_above = bottom - 1 - round((bottom - top - 2) * presence)
        spot[top:bottom, left:right] = colour_of(index)
        spot[top + 1 : empty_above, left + 1 : right - 1] = _PANEL


@lru_cache(maxsize=8)
def _legend(sentences: tuple[str, ...], height: int, width: int) -> _Legend | None:
    """Lay out and render the legend for images of one size; None where there is no room."""
    size = max(10, round(min(height, width) / 32))
    row, margin = round(size * 1.5), round(size * 0.5)
    rows = min(len(sentences), (height // 2 - margin) // row)
    if rows < 1:
        return None
    font = _font(size)
    indent = 2 * margin + size
    room = width - 2 * margin - indent - margin
    shown = [_shorten(sentence, font, room) for sentence in sentences[:rows]]
    if rows < len(sentences):
        rest = f"  (+ {len(sentences) - rows} more)"
        shown[-1] = _shorten(sentences[rows - 1], font, room - round(font.getlength(rest))) + rest
    panel_width = indent + round(max(font.getlength(text) for text in shown)) + margin
    panel = Image.new("RGBA", (min(panel_width, width), rows * row + margin), (*_PANEL, 0))
    panel.paste((*_PANEL, _PANEL_OPACITY), (0, 0, *panel.size))
    pen = ImageDraw.Draw(panel)
    chips = []
    for index, text in enumerate(shown):
        middle = margin // 2 + index * row + row // 2
        pen.text((indent, middle), text, fill=(*_TEXT, 255), font=font, anchor="lm")
        chips.append((margin, middle - size // 2, margin + size, middle - size // 2 + size))
    pixels_HW4 = np.asarray(panel).astype(np.uint16)
    opacity_HW1 = pixels_HW4[..., 3:]
    return _Legend(
        left=min(margin, width - panel.width),
        top=margin,
        light_HW3=(pixels_HW4[..., :3] * opacity_HW1 // 255).astype(np.uint8),
        veil_HW3=np.repeat(255 - opacity_HW1, 3, axis=2).astype(np.uint8),
        chips=tuple(chips),
    )


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return a font of the system that knows more than ASCII, else the one within Pillow."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # as Pillow's wheels have FreeType
    return font


def _shorten(text: str, font: ImageFont.FreeTypeFont, room: int) -> str:
    """Put ``text`` on one line of ``room`` pixels; an ellipsis stands for what doesn't fit."""
    text = " ".join(text.split())
    if font.getname()[0] == "Aileron":  # Pillow's font has bare letters only
        text = "".join(
            letter
            for letter in unicodedata.normalize("NFKD", text)
            if not unicodedata.combining(letter)
        )
    if font.getlength(text) <= room:
        return text
    fits = bisect_right(range(len(text)), room, key=lambda n: ceil(font.getlength(text[:n] + "…")))
    return text[: max(fits - 1, 0)].rstrip() + "…"
