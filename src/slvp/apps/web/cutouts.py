"""What was found, without what is around it."""

from __future__ import annotations

import threading
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from slvp.apps.web.jobs import Result, frames_of
from slvp.apps.web.limits import Limits
from slvp.errors import UserError
from slvp.types import BoolArray, UInt8Array
from slvp.video import VideoWriter

PNGS = "transparent PNGs (zip)"
WEBM = "transparent WebM"
BLURRED = "blurred background (mp4)"
KINDS = (PNGS, WEBM, BLURRED)


def cut_out(
    result: Result, kind: str, which: int | None, limits: Limits, cancelled: threading.Event
) -> Path:
    """Write what a sentence describes, cut out.

    Args:
        result: of an earlier request.
        kind: one of ``KINDS``.
        which: index of a sentence; None for all of them together.
        limits: what was allowed.
        cancelled: stops the work.

    Returns:
        A file of the result's folder.

    Raises:
        UserError: there is no such kind or sentence.
        Cancelled: ``cancelled`` was set.
    """
    if kind not in KINDS:
        raise UserError(f"Cut-out {kind!r}: expected one of {', '.join(KINDS)}.")
    if which is not None and not 0 <= which < len(result.sentences):
        raise UserError(f"Sentence {which}: expected 0 to {len(result.sentences) - 1}.")
    name = f"{result.info.name}-cut-out"
    pictures = (
        (frame.time, frame.image_HW3, _union(found.decoded(), which))
        for frame, found in frames_of(result, limits, cancelled)
    )
    if kind == PNGS:
        path = result.folder / f"{name}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number, (_, image_HW3, mask_HW) in enumerate(pictures):
                bgra_HW4 = np.dstack([image_HW3[..., ::-1], mask_HW.astype(np.uint8) * 255])
                _, png = cv2.imencode(".png", bgra_HW4)
                archive.writestr(f"{number:05d}.png", png.tobytes())
        return path
    if kind == BLURRED:
        path = result.folder / f"{name}.mp4"
        audio = result.video if result.info.has_audio else None
        with VideoWriter(path, frame_rate=result.info.frame_rate, audio_from=audio) as writer:
            for time, image_HW3, mask_HW in pictures:
                writer.write(_blurred_around(image_HW3, mask_HW), time)
        return path
    path = result.folder / f"{name}.webm"
    with av.open(path, "w") as container:
        # VP9 has alpha where it is asked for; 4:2:0 colour needs even sizes.
        stream = container.add_stream(
            "libvpx-vp9",
            rate=result.info.frame_rate.limit_denominator(1001),
            options={"deadline": "realtime", "cpu-used": "8", "crf": "30", "b": "0"},
        )
        stream.width = result.info.width + result.info.width % 2
        stream.height = result.info.height + result.info.height % 2
        stream.pix_fmt = "yuva420p"
        tick = Fraction(1, 1000)  # seconds, as WebM counts
        stream.codec_context.time_base = tick
        last = -1
        for time, image_HW3, mask_HW in pictures:
            rgba_HW4 = np.dstack([image_HW3, mask_HW.astype(np.uint8) * 255])
            height, width = mask_HW.shape
            even_HW4 = np.pad(rgba_HW4, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
            picture = av.VideoFrame.from_ndarray(even_HW4, format="rgba").reformat(
                format="yuva420p"
            )
            last = max(last + 1, round(time / tick))
            picture.pts, picture.time_base = last, tick
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def _union(masks_EHW: BoolArray, which: int | None) -> BoolArray:
    return np.logical_or.reduce(masks_EHW, axis=0) if which is None else masks_EHW[which]


def _blurred_around(image_HW3: UInt8Array, mask_HW: BoolArray) -> UInt8Array:
    sigma = max(image_HW3.shape[:2]) / 60
    blurred_HW3: UInt8Array = cv2.GaussianBlur(image_HW3, (0, 0), sigma)
    cv2.copyTo(image_HW3, mask_HW.astype(np.uint8), blurred_HW3)
    return blurred_HW3
