"""Paste cut-outs on photographs so that the paste can't be told from the picture.

Blending, colour, blur, noise, JPEG and resolution are drawn at random: a network trained on one
fixed way of pasting learns the paste instead of the object.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from slvp.types import BoolArray, Float32Array, UInt8Array

_LONGEST_BLUR = 11  # pixels

Affine = npt.NDArray[np.float64]


@cache
def _noise_tile() -> UInt8Array:
    noise = np.random.default_rng(5).normal(128, 32, (512, 512, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


def _colour_tables(rng: np.random.Generator, strength: float) -> UInt8Array:
    """Look-up table (256 x 1 x 3) of gamma, contrast, brightness and white balance."""
    level = np.linspace(0, 1, 256)[:, None]
    gamma = np.exp(rng.normal(0, 0.25 * strength))
    contrast, brightness = np.exp(rng.normal(0, 0.15 * strength)), rng.normal(0, 0.06 * strength)
    balance = np.exp(rng.normal(0, 0.05 * strength, 3))
    table = (level**gamma - 0.5) * contrast + 0.5 + brightness
    return np.asarray(np.clip(table * balance * 255, 0, 255), np.uint8).reshape(256, 1, 3)


def _saturate(rgb: UInt8Array, factor: float) -> UInt8Array:
    grey = np.array([0.299, 0.587, 0.114])
    matrix = np.eye(3) * factor + (1 - factor) * grey
    return np.asarray(cv2.transform(rgb, matrix), np.uint8)


def vary_colour(rng: np.random.Generator, rgb: UInt8Array, strength: float = 1.0) -> UInt8Array:
    """Return the picture with other contrast, brightness, white balance and saturation."""
    rgb = np.asarray(cv2.LUT(rgb, _colour_tables(rng, strength)), np.uint8)
    return _saturate(rgb, float(np.exp(rng.normal(0, 0.2 * strength))))


def vary_colours(
    rng: np.random.Generator, frames_THWC: UInt8Array, strength: float = 1.0
) -> UInt8Array:
    """Do the same to all frames of a clip."""
    steps, height, width, _ = frames_THWC.shape
    tall = frames_THWC.reshape(steps * height, width, 3)
    return vary_colour(rng, tall, strength).reshape(frames_THWC.shape)


def _harmonise(
    rgb: UInt8Array, alpha: UInt8Array, surroundings: UInt8Array, strength: float
) -> UInt8Array:
    """Pull mean and spread of lightness, and a little of the tint, towards the surroundings.

    As far as a camera's exposure and the light would, not so far that colours get other names.
    """
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    mean, spread = cv2.meanStdDev(lab, mask=(alpha > 128).astype(np.uint8))
    mean_there, spread_there = cv2.meanStdDev(cv2.cvtColor(surroundings, cv2.COLOR_RGB2LAB))
    gain = np.ones((3, 1))
    gain[0] = 1 + (np.clip(spread_there[0] / max(float(spread[0, 0]), 8), 0.6, 1.4) - 1) * strength
    reach = np.array([[50.0], [9.0], [9.0]])
    shift = np.clip(mean_there - mean, -reach, reach) * strength * np.array([[0.5], [0.6], [0.6]])
    level = np.arange(256.0)[:, None]
    table = (level - mean.ravel()) * gain.ravel() + mean.ravel() + shift.ravel()
    lab = cv2.LUT(lab, np.clip(table, 0, 255).astype(np.uint8).reshape(256, 1, 3))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


@dataclass(frozen=True)
class Shadow:
    """A soft shadow: the object's outline, moved; or laid on the ground before it.

    Attributes:
        strength: 0..1.
        shift: to the right and down, in pixels.
        height: of the shadow, as a share of the object's: below 1, it lies at the object's feet.
        lean: how far its top is to the right of its feet, as a share of the object's height.
    """

    strength: float
    shift: tuple[float, float]
    height: float = 1.0
    lean: float = 0.0

    @property
    def softness(self) -> float:
        """Standard deviation of its blur, in pixels."""
        return 2 + abs(self.shift[0]) / 2

    def matrix(self, bottom: float) -> Affine:
        """Return the matrix (23) from an outline whose lowest row is ``bottom`` to its shadow."""
        lean = self.lean * self.height
        dx, dy = self.shift
        return np.array(
            [[1, -lean, lean * bottom + dx], [0, self.height, (1 - self.height) * bottom + dy]]
        )

    def margin(self, rows: float) -> int:
        """How far it may reach beyond an outline of so many rows, in pixels."""
        reach = max(map(abs, self.shift)) + abs(self.lean * self.height) * rows
        return int(reach + 3 * self.softness) + 1


def prepare(
    rng: np.random.Generator,
    rgba: UInt8Array,
    scale: float,
    surroundings: UInt8Array,
    *,
    randomise: bool,
    step_2: npt.NDArray[np.float64] | None = None,
) -> tuple[UInt8Array, Affine]:
    """Make a cut-out ready to paste.

    Args:
        rng: source of chance.
        rgba: HW4, straight alpha.
        scale: largest size at which it will appear, relative to ``rgba``.
        surroundings: HW3, what it will be pasted over, for its colours.
        randomise: False leaves colours and edges as they are.
        step_2: how far it moves to the right and down from frame to frame, in pixels of ``rgba``,
            for the blur of what moves.

    Returns:
        HW4 RGBA with colours multiplied by alpha, shrunk where it appears smaller (so that it
        doesn't alias), and the affine matrix (33) from its pixels to those of ``rgba``.
    """
    height, width = rgba.shape[:2]
    shrink = min(1.0, scale * 1.3)
    size = (max(2, round(width * shrink)), max(2, round(height * shrink)))
    if size != (width, height):
        rgba = np.asarray(cv2.resize(rgba, size, interpolation=cv2.INTER_AREA), np.uint8)
    rgb, alpha = np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
    if randomise:
        rgb = vary_colour(rng, rgb, 0.7)
        if rng.random() < 0.6:
            rgb = _harmonise(rgb, alpha, surroundings, rng.uniform(0.3, 1.0))
        if rng.random() < 0.75:
            alpha = np.asarray(cv2.erode(alpha, np.ones((3, 3), np.uint8)), np.uint8)
        if rng.random() < 0.6:
            # A border of zeros lets the outline fade at the picture's edge, too.
            alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1] = 0, 0, 0, 0
            alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
        if rng.random() < 0.2:
            rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.4, 1.5)), np.uint8)
    alpha3 = cv2.merge([alpha, alpha, alpha])
    rgb = np.asarray(cv2.multiply(rgb, alpha3, scale=1 / 255), np.uint8)
    rgba = np.dstack([rgb, alpha])
    if randomise and step_2 is not None and rng.random() < 0.3:
        rgba = _moved(rgba, step_2 * shrink * rng.uniform(0.2, 0.7))
    ratio_x, ratio_y = width / size[0], height / size[1]
    to_source = np.array(
        [[ratio_x, 0, (ratio_x - 1) / 2], [0, ratio_y, (ratio_y - 1) / 2], [0, 0, 1.0]]
    )
    return rgba, to_source


def _moved(rgba: UInt8Array, way_2: npt.NDArray[np.float64]) -> UInt8Array:
    """Blur what moves along a way while the shutter is open."""
    length = min(float(np.hypot(*way_2)), _LONGEST_BLUR)
    if length < 1.5:
        return rgba
    kernel = _motion_kernel(int(length) // 2 * 2 + 1, float(np.arctan2(way_2[1], way_2[0])))
    return np.asarray(cv2.filter2D(rgba, -1, kernel, borderType=cv2.BORDER_CONSTANT), np.uint8)


def paste(
    frame: UInt8Array, rgba: UInt8Array, matrix: Affine, shadow: Shadow | None
) -> tuple[tuple[slice, slice], BoolArray] | None:
    """Paste into ``frame`` in place, touching only the pasted picture's box.

    Args:
        frame: HW3.
        rgba: HW4, colours multiplied by alpha.
        matrix: affine (33) from pixels of ``rgba`` to pixels of the frame.
        shadow: its shadow, if any.

    Returns:
        The box (rows, columns) and the mask of alpha > 0.5 in it; None if outside the frame.
    """
    height, width = rgba.shape[:2]
    corners = (
        matrix[:2, :2] @ np.array([[-0.5, width, -0.5, width], [-0.5, -0.5, height, height]])
        + matrix[:2, 2:]
    )
    # A soft shadow reaches beyond its object.
    margin = 0 if shadow is None else shadow.margin(float(np.ptp(corners[1])))
    left, top = np.maximum(np.floor(corners.min(1)).astype(int) - margin, 0)
    right, bottom = np.minimum(
        np.ceil(corners.max(1)).astype(int) + 1 + margin, [frame.shape[1], frame.shape[0]]
    )
    if right - left < 2 or bottom - top < 2:
        return None
    box = (slice(top, bottom), slice(left, right))
    local = matrix[:2].copy()
    local[:, 2] -= (left, top)
    warped = cv2.warpAffine(rgba, local, (int(right - left), int(bottom - top)))
    region = frame[box]
    if shadow is not None:
        outline = np.ascontiguousarray(warped[..., 3])
        lowest = float(np.flatnonzero(outline.max(1)).max(initial=0))
        dark = cv2.warpAffine(outline, shadow.matrix(lowest), outline.shape[::-1])
        dark = cv2.GaussianBlur(dark, (0, 0), shadow.softness)
        keep = cv2.convertScaleAbs(dark, alpha=-shadow.strength, beta=255)
        cv2.multiply(region, cv2.merge([keep, keep, keep]), dst=region, scale=1 / 255)
    alpha = np.ascontiguousarray(warped[..., 3])
    rest = cv2.bitwise_not(alpha)
    behind = cv2.multiply(region, cv2.merge([rest, rest, rest]), scale=1 / 255)
    frame[box] = cv2.add(behind, np.ascontiguousarray(warped[..., :3]))
    return box, alpha > 127


@cache
def _vignette(height: int, width: int) -> Float32Array:
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    return np.asarray(np.repeat(((x * x + y * y) / 2)[..., None], 3, 2), np.float32)


def degrade(rng: np.random.Generator, frames_THWC: UInt8Array) -> UInt8Array:
    """Treat finished frames as a camera and a codec would: one set of faults for the clip."""
    steps, height, width, _ = frames_THWC.shape
    frames = list(frames_THWC)
    if rng.random() < 0.6:
        table = _colour_tables(rng, 0.6)
        frames = [cv2.LUT(frame, table) for frame in frames]
    if rng.random() < 0.15:
        shade = 1 - _vignette(height, width) * np.float32(rng.uniform(0.1, 0.6))
        frames = [cv2.multiply(frame, shade, dtype=cv2.CV_8U) for frame in frames]
    fault = rng.random()
    if fault < 0.3:
        sigma = rng.uniform(0.3, 1.3)
        frames = [cv2.GaussianBlur(frame, (0, 0), sigma) for frame in frames]
    elif fault < 0.4:
        kernel = _motion_kernel(int(rng.choice([3, 5, 7])), rng.uniform(0, np.pi))
        frames = [cv2.filter2D(frame, -1, kernel) for frame in frames]
    elif fault < 0.6:
        share = rng.uniform(0.45, 0.85)
        small = (round(width * share), round(height * share))
        back = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
        frames = [
            cv2.resize(
                cv2.resize(f, small, interpolation=cv2.INTER_AREA),
                (width, height),
                interpolation=back,
            )
            for f in frames
        ]
    if rng.random() < 0.5:
        strength = float(rng.exponential(0.12))
        for index, (y, x) in enumerate(rng.integers(0, 512, (steps, 2))):
            tile = np.take(_noise_tile(), range(y, y + height), 0, mode="wrap")
            tile = np.take(tile, range(x, x + width), 1, mode="wrap")
            frames[index] = cv2.addWeighted(frames[index], 1.0, tile, strength, -128 * strength)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))]
        frames = [cv2.imdecode(cv2.imencode(".jpg", f, quality)[1], 1) for f in frames]
    return np.stack(frames)


def _motion_kernel(length: int, angle: float) -> Float32Array:
    """A line of so many (an odd number of) pixels through the middle."""
    kernel = np.zeros((length, length), np.float32)
    middle = length // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    start = (round(middle - reach[0]), round(middle - reach[1]))
    end = (round(middle + reach[0]), round(middle + reach[1]))
    cv2.line(kernel, start, end, 1.0)
    return np.asarray(kernel / kernel.sum(), np.float32)
