"""One request's work: a video and sentences in; masks, an overlay and downloads out."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from slvp.apps.answered import answered, mask_png, mean_probability
from slvp.apps.overlay import draw_overlay
from slvp.apps.web.downloads import write_coco
from slvp.apps.web.limits import Limits, check_info, check_time
from slvp.data.rle import decode_rle, encode_rle
from slvp.segmenter import BaseSegmenter
from slvp.types import BoolArray, UInt8Array
from slvp.video import Frame, VideoInfo, VideoReader, VideoWriter

_PREVIEW_EVERY = 0.5  # seconds
_PREVIEW_SIDE = 640  # pixels


class Cancelled(Exception):  # noqa: N818 - no error: what was asked for
    """The visitor has asked for the work to stop."""


@dataclass(frozen=True)
class FrameResult:
    """What was found in a frame.

    Attributes:
        time: seconds from the start.
        masks: COCO run lengths, one per sentence.
        presence: 0..1 per sentence.
        scores: mean probability in each mask; None where the mask is empty.
    """

    time: float
    masks: tuple[dict[str, Any], ...]
    presence: tuple[float, ...]
    scores: tuple[float | None, ...]

    def decoded(self) -> BoolArray:
        """Return masks_EHW, a mask per sentence."""
        return np.stack([decode_rle(rle["counts"], *rle["size"]) for rle in self.masks])


@dataclass(frozen=True)
class Result:
    """A finished request: what was found, and files of its own ``folder``."""

    folder: Path
    video: Path
    info: VideoInfo
    sentences: tuple[str, ...]
    frames: tuple[FrameResult, ...]

    @property
    def overlay(self) -> Path:
        """The video with coloured masks (mp4)."""
        return self.folder / f"{self.info.name}-overlay.mp4"

    @property
    def masks(self) -> Path:
        """A zip of masks, ``<sentence>/<frame>.png``, 0 or 255."""
        return self.folder / f"{self.info.name}-masks.zip"

    @property
    def coco(self) -> Path:
        """All masks in COCO's JSON."""
        return self.folder / f"{self.info.name}-coco.json"


@dataclass(frozen=True)
class Progress:
    """How far the work is.

    Attributes:
        done: frames that are finished.
        total: an estimate of all of them; None where nothing tells.
        rate: frames per second so far.
        preview_HW3: a finished frame with its masks, small.
    """

    done: int
    total: int | None
    rate: float
    preview_HW3: UInt8Array


def segment(
    segmenter: BaseSegmenter,
    video: Path,
    sentences: list[str],
    folder: Path,
    limits: Limits,
    cancelled: threading.Event,
) -> Iterator[Progress | Result]:
    """Segment a video into ``folder``.

    Yields:
        Progress about twice a second and, last, the result.

    Raises:
        UserError: the video can't be read or is longer than allowed.
        Cancelled: ``cancelled`` was set; looked at before every frame.
    """
    frames: list[FrameResult] = []
    with ExitStack() as stack:
        reader = stack.enter_context(VideoReader(video))
        check_info(reader.info, limits)
        result = Result(folder, video, reader.info, tuple(sentences), ())
        writer = stack.enter_context(_writer(result.overlay, result))
        archive = stack.enter_context(zipfile.ZipFile(result.masks, "w"))
        started = shown = time.monotonic()
        watched = _watched(reader, limits, cancelled)
        for frame, part, t in answered(segmenter, watched, sentences):
            if cancelled.is_set():  # its last frames may have been read long ago
                raise Cancelled
            masks_EHW = part.masks_ETHW[:, t]
            presence = tuple(round(p, 4) for p in part.presence_ET[:, t].tolist())
            drawn_HW3 = draw_overlay(frame.image_HW3, masks_EHW, sentences, presence)
            writer.write(drawn_HW3, frame.time)
            for k, mask_HW in enumerate(masks_EHW):
                name = f"{k}/{reader.frame_name(len(frames))}.png"
                archive.writestr(name, mask_png(mask_HW))
            scores = tuple(map(mean_probability, part.probability_ETHW[:, t], masks_EHW))
            rles = tuple(encode_rle(mask_HW) for mask_HW in masks_EHW)
            frames.append(FrameResult(frame.time, rles, presence, scores))
            now = time.monotonic()
            if now - shown >= _PREVIEW_EVERY or len(frames) == 1:
                shown = now
                rate = len(frames) / max(now - started, 1e-6)
                yield Progress(len(frames), reader.info.frame_count, rate, _small(drawn_HW3))
    result = Result(folder, video, reader.info, tuple(sentences), tuple(frames))
    write_coco(
        result.coco,
        reader.info,
        result.sentences,
        [reader.frame_name(i) for i in range(len(frames))],
        [(frame.time, frame.masks, frame.scores, frame.presence) for frame in frames],
    )
    yield result


def frames_of(
    result: Result, limits: Limits, cancelled: threading.Event
) -> Iterator[tuple[Frame, FrameResult]]:
    """Read a finished request's video again, each frame with what was found in it.

    Raises:
        Cancelled: ``cancelled`` was set.
    """
    with VideoReader(result.video) as reader:
        yield from zip(_watched(reader, limits, cancelled), result.frames, strict=True)


def render(
    result: Result, opacity: float, outline: bool, limits: Limits, cancelled: threading.Event
) -> Path:
    """Draw the kept masks anew.

    Args:
        result: of an earlier request.
        opacity: of the tint, 0..1.
        outline: draw the masks' edges.
        limits: what was allowed.
        cancelled: stops the work.

    Returns:
        The new overlay, in the place of the earlier one.

    Raises:
        Cancelled: ``cancelled`` was set.
    """
    with _writer(result.overlay, result) as writer:
        for frame, found in frames_of(result, limits, cancelled):
            drawn_HW3 = draw_overlay(
                frame.image_HW3,
                found.decoded(),
                result.sentences,
                found.presence,
                alpha=opacity,
                outline=outline,
            )
            writer.write(drawn_HW3, frame.time)
    return result.overlay


def _writer(path: Path, result: Result) -> VideoWriter:
    audio = result.video if result.info.has_audio else None
    return VideoWriter(path, frame_rate=result.info.frame_rate, audio_from=audio)


def _watched(reader: VideoReader, limits: Limits, cancelled: threading.Event) -> Iterator[Frame]:
    for frame in reader:
        if cancelled.is_set():
            raise Cancelled
        check_time(frame.time, reader.info.name, limits)
        yield frame


def _small(image_HW3: UInt8Array) -> UInt8Array:
    height, width, _ = image_HW3.shape
    scale = min(1.0, _PREVIEW_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small_HW3: UInt8Array = cv2.resize(image_HW3, size, interpolation=cv2.INTER_AREA)
    return small_HW3
