"""Pictures of a case: what was to be found beside what was predicted."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.rle import decode_rle
from slvp.evaluation.scores import ExpressionScore
from slvp.types import BoolArray, UInt8Array

SIDE = 320
"""Longest width, and height, of a picture in pixels."""

TRUTH = (255, 214, 10)
PREDICTION = (10, 132, 255)

_QUALITY = 68
_TINT = 0.5


@dataclass(frozen=True)
class FramePictures:
    """One frame, twice, as data URIs: with the truth outlined, and with the prediction tinted.

    ``j`` is the frame's own.
    """

    frame: str
    truth: str
    prediction: str
    j: float
    width: int
    height: int


def draw_examples(score: ExpressionScore, expression: BenchmarkExpression) -> list[FramePictures]:
    """Draw the predictions that a score keeps as examples.

    Raises:
        UserError: a frame or its masks can't be read.
    """
    assert expression.masks is not None
    t_of_frame = {name: t for t, name in enumerate(expression.frames.names)}
    j_of_frame = dict(zip(score.frames, score.j_T.tolist(), strict=True))
    examples = sorted(score.examples, key=lambda one: t_of_frame[one.frame])
    pictures = []
    frames = expression.frames.read([t_of_frame[one.frame] for one in examples])
    for example, frame_HWC in zip(examples, frames, strict=True):
        truth_HW = expression.masks.read(t_of_frame[example.frame]).mask(score.object_ids)
        prediction_HW = decode_rle(example.rle["counts"], *example.rle["size"])
        small_HWC = _small(frame_HWC)
        height, width, _ = small_HWC.shape
        pictures.append(
            FramePictures(
                frame=example.frame,
                truth=_uri(outlined(small_HWC, _resized(truth_HW, width, height))),
                prediction=_uri(tinted(small_HWC, _resized(prediction_HW, width, height))),
                j=j_of_frame[example.frame],
                width=width,
                height=height,
            )
        )
    return pictures


def outlined(frame_HWC: UInt8Array, mask_HW: BoolArray) -> UInt8Array:
    """Return the frame with a line around the mask and all else darkened a little."""
    drawn_HWC = np.where(mask_HW[..., None], frame_HWC, (0.6 * frame_HWC).astype(np.uint8))
    _draw_line(drawn_HWC, mask_HW, (0, 0, 0), 3)
    _draw_line(drawn_HWC, mask_HW, TRUTH, 2)
    return drawn_HWC


def tinted(frame_HWC: UInt8Array, mask_HW: BoolArray) -> UInt8Array:
    """Return the frame with the mask coloured."""
    tint_HWC = ((1 - _TINT) * frame_HWC + _TINT * np.array(PREDICTION)).astype(np.uint8)
    drawn_HWC = np.where(mask_HW[..., None], tint_HWC, frame_HWC)
    _draw_line(drawn_HWC, mask_HW, PREDICTION, 1)
    return drawn_HWC


def _draw_line(
    picture_HWC: UInt8Array, mask_HW: BoolArray, colour: tuple[int, int, int], thickness: int
) -> None:
    lines, _ = cv2.findContours(mask_HW.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture_HWC, lines, -1, colour, thickness, cv2.LINE_AA)


def _small(frame_HWC: UInt8Array) -> UInt8Array:
    height, width, _ = frame_HWC.shape
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    small_HWC: UInt8Array = cv2.resize(frame_HWC, size, interpolation=cv2.INTER_AREA)
    return small_HWC


def _resized(mask_HW: BoolArray, width: int, height: int) -> BoolArray:
    cover_HW = cv2.resize(mask_HW.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    resized_HW: BoolArray = cover_HW >= 0.5
    return resized_HW


def _uri(picture_HWC: UInt8Array) -> str:
    content = io.BytesIO()
    Image.fromarray(picture_HWC).save(content, "WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"
