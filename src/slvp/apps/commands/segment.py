"""``slvp segment``: a video and what to look for in, an overlay video, masks and a record out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco
from tqdm import tqdm

import slvp
from slvp.apps.answered import answered, mask_png, mean_probability
from slvp.apps.output import output_folder
from slvp.apps.overlay import draw_overlay
from slvp.data.rle import encode_rle
from slvp.errors import UserError
from slvp.models.device import choose_device
from slvp.segmenter import BaseSegmenter, Engine, load_segmenter, refuse_grounding
from slvp.segmenter.first_masks import read_first_masks
from slvp.types import BoolArray, Prediction
from slvp.video import VideoInfo, VideoReader, VideoWriter

CONTENTS = ("masks", "overlay.mp4", "result.json")


def segment_video(
    video: Path,
    sentences: Sequence[str],
    out: Path | None,
    *,
    model: str,
    threshold: float,
    device: str,
    size: int | None,
    quality: str,
    engine: Engine,
    overwrite: bool,
    quiet: bool,
    segmenter: BaseSegmenter | None = None,
    first_mask: Path | None = None,
) -> Path:
    """Segment a video into the folder ``out``, frame by frame, in memory that does not grow.

    Writes ``overlay.mp4``, ``masks/<k>/<frame>.png`` (8-bit, 0 or 255) for sentence k, and
    ``result.json`` (``FrameRecords`` says what is in it). Nothing is left of a run that fails.
    Where there are several videos, a ``segmenter`` of these options may be given. The objects of
    a ``first_mask`` that no sentences describe are called "object 1" and so on.

    Returns:
        The folder: ``out``, or ``outputs/<name of the video>``.

    Raises:
        UserError: the video, a sentence, the mask, an option or ``out`` is not usable.
    """
    with ExitStack() as stack:
        on_gpu = choose_device(device).type == "cuda"
        reader = stack.enter_context(VideoReader(video, hardware="cuda" if on_gpu else None))
        target = Path("outputs", reader.info.name) if out is None else out
        first_masks = None
        if first_mask is not None:
            refuse_grounding(model)
            first_masks = read_first_masks(first_mask, (reader.info.height, reader.info.width))
            sentences = _for_each(sentences, len(first_masks), first_mask)
        names = [sentence or f"object {k}" for k, sentence in enumerate(sentences, start=1)]
        if segmenter is None:
            segmenter = load_segmenter(
                model, device=device, size=size, threshold=threshold, quality=quality, engine=engine
            )
        folder = stack.enter_context(output_folder(target, CONTENTS, overwrite))
        frames = answered(segmenter, reader, sentences, first_masks)
        for k in range(len(sentences)):
            (folder / "masks" / str(k)).mkdir(parents=True)
        with (
            VideoWriter(
                folder / "overlay.mp4",
                frame_rate=reader.info.frame_rate,
                audio_from=video if reader.info.has_audio else None,
            ) as writer,
            (folder / "result.json").open("w", encoding="utf-8") as file,
            tqdm(total=reader.info.frame_count, unit="frame", disable=quiet) as progress,
        ):
            records = FrameRecords(
                file,
                model,
                threshold,
                quality,
                names,
                size=segmenter.size,
                engine=segmenter.engine,
                first_mask=first_mask,
            )
            for frame, prediction, t in frames:
                masks_EHW = prediction.masks_ETHW[:, t]
                overlay_HW3 = draw_overlay(
                    frame.image_HW3, masks_EHW, names, prediction.presence_ET[:, t].tolist()
                )
                writer.write(overlay_HW3, frame.time)
                name = reader.frame_name(prediction.first_frame + t)
                for k, mask_HW in enumerate(masks_EHW):
                    (folder / "masks" / str(k) / f"{name}.png").write_bytes(mask_png(mask_HW))
                records.add(name, frame.time, prediction, t)
                progress.update()
            records.close(reader.info)
    return target


def _for_each(sentences: Sequence[str], objects: int, first_mask: Path) -> Sequence[str]:
    """Return a sentence for each object of a mask: those given, or else empty ones."""
    if sentences and len(sentences) != objects:
        raise UserError(
            f"{len(sentences)} sentences for {first_mask}; expected {objects}, one for each "
            "object in the order of their values, or none"
        )
    return sentences or [""] * objects


class FrameRecords:
    """Writes ``result.json`` as the frames come, so that a long video needs no more memory.

    The file is one object: ``slvp`` (version), ``model``, ``threshold``, ``quality``, ``size``
    (short side at which the model sees frames), ``engine``, ``first_mask`` (the file's name as
    given; null without one), ``sentences`` (list of strings), ``frames`` and, at the end,
    ``video``. All before ``frames`` is on the first line; each frame
    has one of its own: ``name``, ``time`` in seconds and ``objects``, one for each sentence in
    order, with

    - ``present``: whether the mask is non-empty;
    - ``presence``: 0..1, the model's belief that the object is in this frame;
    - ``score``: mean probability inside the mask, null where it is empty;
    - ``box``: [x, y, width, height] in pixels, null where the mask is empty;
    - ``mask``: COCO's compressed run-length encoding, as ``pycocotools`` reads it.

    All but ASCII is escaped: a file's name may have bytes that are no character.
    """

    def __init__(
        self,
        file: TextIO,
        model: str,
        threshold: float,
        quality: str,
        sentences: list[str],
        *,
        size: int | None,
        engine: str,
        first_mask: Path | None = None,
    ) -> None:
        self._file = file
        self._separator = ""
        head = {
            "slvp": slvp.__version__,
            "model": model,
            "threshold": threshold,
            "quality": quality,
            "size": size,
            "engine": engine,
            "first_mask": None if first_mask is None else str(first_mask),
            "sentences": sentences,
        }
        file.write(json.dumps(head)[:-1] + ', "frames": [')

    def add(self, name: str, time: float, prediction: Prediction, t: int) -> None:
        """Append frame ``t`` of ``prediction``."""
        objects = [
            _object_record(mask_HW, probability_HW, presence)
            for mask_HW, probability_HW, presence in zip(
                prediction.masks_ETHW[:, t],
                prediction.probability_ETHW[:, t],
                prediction.presence_ET[:, t].tolist(),
                strict=True,
            )
        ]
        record = {"name": name, "time": round(time, 6), "objects": objects}
        self._file.write(f"{self._separator}\n{json.dumps(record)}")
        self._separator = ","

    def close(self, info: VideoInfo) -> None:
        """Append what is known of the video, and end the object."""
        video = {
            "name": info.name,
            "width": info.width,
            "height": info.height,
            "frame_rate": float(info.frame_rate),
            "has_audio": info.has_audio,
        }
        self._file.write(f'\n], "video": {json.dumps(video)}}}\n')


def _object_record(
    mask_HW: BoolArray, probability_HW: npt.NDArray[np.float16], presence: float
) -> dict[str, Any]:
    rle = encode_rle(mask_HW)
    score = mean_probability(probability_HW, mask_HW)
    return {
        "present": score is not None,
        "presence": round(presence, 4),
        "score": None if score is None else round(score, 4),
        "box": None if score is None else [int(side) for side in coco.toBbox(rle)],
        "mask": rle,
    }
