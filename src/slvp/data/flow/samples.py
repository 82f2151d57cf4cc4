"""From a captioned video to the two files of a flow sample: its frames and its flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from slvp.data.captioned import CaptionedVideo
from slvp.data.flow.coding import largest_error
from slvp.data.flow.estimators import FlowEstimator, estimator
from slvp.data.flow.precomputed import PrecomputedFlow
from slvp.data.flow.scene import ClipFlow, SceneFlow
from slvp.data.flow.stored import FlowWriter
from slvp.errors import UserError
from slvp.video.motion_jpeg import MotionJpegWriter
from slvp.video.sampled import SampledFrame, SampledFrames

PRECOMPUTED = "precomputed:"
"""Begins the name of an estimator that is a folder of flow files."""

_PAIRS_AT_ONCE = 32  # of frames: about 0.2 GB at 456 x 256


@dataclass(frozen=True)
class FlowSettings:
    """What flow is made.

    Attributes:
        fps: frames a second that are taken, about: of a video of 25 it is 6.25 for 6.
        size: pixels of the shorter side; smaller videos keep their own.
        estimator: its name; see ``slvp.data.flow.estimators``, or ``precomputed:FOLDER``.
        camera: estimate the camera's motion, too.
        device: that RAFT runs on.
    """

    fps: float = 6.0
    size: int = 256
    estimator: str = "dis"
    camera: bool = True
    device: str = "auto"


@dataclass(frozen=True)
class Piece:
    """A part of a video: at least two frames and the flow between them.

    Attributes:
        frames: the first one is the last of the piece before.
        flow: between them.
    """

    frames: tuple[SampledFrame, ...]
    flow: ClipFlow

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
        seconds = max(self.frames[-1].time - self.frames[0].time, 1e-3)
        return max(Fraction(1, 1000), Fraction((len(self.frames) - 1) / seconds))


def pieces_of(video: CaptionedVideo, settings: FlowSettings) -> Iterator[Piece]:
    """Read a video from its start to its end and estimate its flow.

    Raises:
        UserError: the video is unreadable or damaged, or has a single frame; or the flow can't be
            had.
    """
    held: list[SampledFrame] = []
    several = False
    for frame in _sampled(video, settings):
        held.append(frame)
        if len(held) > _PAIRS_AT_ONCE:
            yield _with_flow(video, held, settings)
            held, several = held[-1:], True
    if len(held) > 1:
        yield _with_flow(video, held, settings)
    elif not several:
        raise UserError(f"{video.name} has a single frame at --fps {settings.fps:g}; expected two.")


def _sampled(video: CaptionedVideo, settings: FlowSettings) -> Iterator[SampledFrame]:
    try:
        with video.video.open() as (file, size):
            source = SampledFrames(file, size, video.name)
            height, width = scaled_size(source.info.height, source.info.width, settings.size)
            yield from source.sampled(1 / settings.fps, height, width)
    except OSError as error:
        raise UserError(f"{video.name} can't be read ({error.strerror or error}).") from error


def scaled_size(height: int, width: int, shorter: int) -> tuple[int, int]:
    """Return even height and width; the shorter is ``shorter``, or as it was if that is less."""
    scale = min(1.0, shorter / min(height, width))
    return max(2, round(height * scale / 2) * 2), max(2, round(width * scale / 2) * 2)


def _with_flow(video: CaptionedVideo, frames: list[SampledFrame], settings: FlowSettings) -> Piece:
    frames_THWC = np.stack([frame.image_HW3 for frame in frames])
    known = settings.estimator.startswith(PRECOMPUTED)
    if known:
        folder = PrecomputedFlow(Path(settings.estimator.removeprefix(PRECOMPUTED)))
        numbers = [frame.index for frame in frames]
        source: FlowEstimator = folder.of(Path(video.name).stem, numbers, *frames_THWC.shape[1:3])
    else:
        source = _estimator(settings.estimator, settings.device)
    flow = SceneFlow(source, subtract_camera=settings.camera, check_consistency=not known)
    return Piece(tuple(frames), flow.estimate(frames_THWC))


def load_estimator(settings: FlowSettings) -> None:
    """Make sure that this process has the estimator.

    Raises:
        UserError: there is none of its name, its weights can't be had, or its folder is missing.
    """
    if not settings.estimator.startswith(PRECOMPUTED):
        _estimator(settings.estimator, settings.device)
        return
    folder = Path(settings.estimator.removeprefix(PRECOMPUTED))
    if not folder.is_dir():
        raise UserError(f"--estimator {PRECOMPUTED}{folder}: there is no such folder")


@lru_cache(maxsize=1)
def _estimator(name: str, device: str) -> FlowEstimator:
    return estimator(name, device)


class SampleWriter:
    """Writes the frames and the flow of one video, piece by piece.

    Args:
        frames_file: becomes ``KEY.mp4``; one can seek in it.
        flow_file: becomes ``KEY.flow``.
        first: the first piece, which says what rate and size the frames have.

    Attributes:
        frames: numbers of the frames in the source.
        rate: frames a second.
        pixels: of all flow fields.
        valid: pixels whose flow is valid.
        error: the largest that storing added to the flow, in pixels.
    """

    def __init__(self, frames_file: IO[bytes], flow_file: IO[bytes], first: Piece) -> None:
        height, width = first.frames[0].image_HW3.shape[:2]
        self.rate = first.rate.limit_denominator(1001)
        self._mp4 = MotionJpegWriter(frames_file, self.rate, height, width)
        self._flow = FlowWriter(flow_file, height, width)
        self.frames: list[int] = []
        self.pixels, self.valid, self.error = 0, 0, 0.0
        self._picture(first.frames[0])

    def write(self, piece: Piece) -> None:
        """Append a piece."""
        for frame in piece.frames[1:]:
            self._picture(frame)
        self._flow.write(piece.flow)
        self.pixels += piece.flow.valid_THW.size
        self.valid += int(piece.flow.valid_THW.sum())
        self.error = max(self.error, largest_error(piece.flow.flow_THW2))

    def _picture(self, frame: SampledFrame) -> None:
        self._mp4.write(frame.image_HW3)
        self.frames.append(frame.index)

    def finish(self) -> None:
        """Write the ends of both files."""
        self._mp4.close()
        self._flow.finish({"fps": float(self.rate)})
