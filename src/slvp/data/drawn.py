"""Drawn shapes and textures: a cut-out library that needs no file, for tests and first trials."""

from __future__ import annotations

import cv2
import numpy as np

from slvp.types import UInt8Array

SIDE = 128

COLOUR_VALUES: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "blue": (40, 80, 214),
    "green": (40, 160, 60),
    "yellow": (236, 206, 40),
    "white": (240, 240, 240),
    "black": (24, 24, 24),
    "purple": (130, 50, 160),
    "orange": (240, 130, 30),
}

_CORNERS = [(0.35, 0.04), (0.65, 0.04), (0.65, 0.35), (0.96, 0.35), (0.96, 0.65), (0.65, 0.65)]
# The lower left half is the upper right half, turned.
_CROSS = np.array([*_CORNERS, *[(1 - x, 1 - y) for x, y in _CORNERS]])


def _polygon(points: list[tuple[float, float]]) -> UInt8Array:
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    return _fill(canvas, np.array(points) * SIDE)


def _fill(canvas: UInt8Array, points: np.ndarray) -> UInt8Array:
    cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], 255, cv2.LINE_AA)
    return canvas


def _round_shape(inner: float) -> UInt8Array:
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    centre = (SIDE // 2, SIDE // 2)
    cv2.circle(canvas, centre, SIDE // 2 - 4, 255, -1, cv2.LINE_AA)
    if inner:
        cv2.circle(canvas, centre, int(SIDE * inner), 0, -1, cv2.LINE_AA)
    return canvas


def _star() -> UInt8Array:
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    radii = np.where(np.arange(10) % 2 == 0, 0.48, 0.2)
    return _polygon(
        [(0.5 + r * np.cos(a), 0.5 + r * np.sin(a)) for r, a in zip(radii, angles, strict=True)]
    )


def _heart() -> UInt8Array:
    t = np.linspace(0, 2 * np.pi, 60)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return _polygon([(0.5 + a / 36, 0.46 - b / 36) for a, b in zip(x, y, strict=True)])


def shape_masks() -> dict[str, UInt8Array]:
    """Return the alpha mask (HW, 0..255) of every shape by its name."""
    return {
        "circle": _round_shape(0),
        "ring": _round_shape(0.28),
        "square": _polygon([(0.06, 0.06), (0.94, 0.06), (0.94, 0.94), (0.06, 0.94)]),
        "triangle": _polygon([(0.5, 0.04), (0.96, 0.94), (0.04, 0.94)]),
        "star": _star(),
        "heart": _heart(),
        "cross": _fill(np.zeros((SIDE, SIDE), np.uint8), _CROSS * SIDE),
    }


def draw_shape(shape: str, colour: str) -> UInt8Array:
    """Draw a coloured shape with a little texture. HW4 RGBA, 128 x 128."""
    rng = np.random.default_rng([len(shape), *colour.encode(), *shape.encode()])
    coarse = rng.normal(0, 14, (8, 8)).astype(np.float32)
    texture = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)[..., None]
    rgb = np.clip(np.array(COLOUR_VALUES[colour], np.float32) + texture, 0, 255)
    return np.dstack([rgb.astype(np.uint8), shape_masks()[shape]])


def draw_background(index: int, height: int = 240, width: int = 320) -> UInt8Array:
    """Draw a smooth random texture in muted colours. HW3 RGB."""
    rng = np.random.default_rng([77, index])
    picture = np.full((height, width, 3), rng.uniform(80, 170, 3), np.float32)
    for cells, strength in ((3, 40.0), (9, 22.0), (40, 12.0)):
        coarse = rng.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)
