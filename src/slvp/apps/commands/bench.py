"""How fast a video is segmented: every stage, the whole command, memory, by engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import chain, cycle, islice
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

import cv2
import numpy as np
import torch

import slvp
from slvp.apps.answered import answered, mask_png
from slvp.apps.commands.segment import FrameRecords
from slvp.apps.overlay import draw_overlay
from slvp.errors import UserError
from slvp.evaluation.card.environment import commit_of_package, describe_hardware
from slvp.evaluation.metrics import frame_scores
from slvp.files import whole_file
from slvp.models.device import choose_device
from slvp.segmenter import Engine, Segmenter
from slvp.types import BoolArray
from slvp.video import VideoReader, VideoWriter

STAGES = ("read", "see", "decode", "finish", "draw", "encode", "masks")
"""What happens to a frame, in order: ``see`` is resizing and the backbone, once for all sentences;
``finish`` is what the quality adds; ``encode`` is the overlay video, ``masks`` PNG and JSON."""

FRAMES = 100
_FEW = 8  # frames: what they take is mostly the start
_RATE = Fraction(25)
_SENTENCES = (
    "the car on the left",
    "the car on the right",
    "a person with a bag",
    "the largest tree",
    "a dog",
    "the road",
    "a white van",
    "a traffic sign",
)

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Row:
    """What was measured for an engine and a number of sentences.

    Attributes:
        engine: the one that was used.
        sentences: how many.
        stages: milliseconds per frame of each of ``STAGES``, one after the other.
        frames_per_second: of ``slvp segment``, from file to overlay, less its start.
        start: seconds from nothing to a result for a few frames.
        megabytes: most that the command held in memory.
        j: mean region similarity of its masks and the first engine's, over sentences and frames.
    """

    engine: str
    sentences: int
    stages: dict[str, float]
    frames_per_second: float
    start: float
    megabytes: float
    j: float


def bench_segmenter(
    video: Path,
    *,
    model: str,
    engines: Sequence[Engine],
    sentences: Sequence[int],
    size: int,
    quality: str,
    device: str,
    frames: int = FRAMES,
) -> list[Row]:
    """Measure ``slvp segment`` on an otherwise idle machine.

    Args:
        video: whose frames are shown, resized to a short side of ``size``, to and fro until there
            are enough.
        model: a shipped model's name, a folder or a hub's owner/name.
        engines: to compare; the first is what the others' masks are compared with.
        sentences: numbers of sentences.
        size: short side of the frames, and of what the model sees.
        quality: what is done for better masks.
        device: where to compute.
        frames: how many.

    Raises:
        UserError: the video, the model or a number is not usable.
    """
    for number in sentences:
        if not 1 <= number <= len(_SENTENCES):
            raise UserError(f"--sentences {number}: expected 1 to {len(_SENTENCES)}")
    if frames <= _FEW:
        raise UserError(f"--frames {frames}: expected more than {_FEW}")
    rows = []
    with tempfile.TemporaryDirectory(prefix="slvp-bench-") as name:
        folder = Path(name)
        short, long = folder / "short.mp4", folder / "long.mp4"
        _write_clip(video, short, size, _FEW)
        _write_clip(video, long, size, frames)
        for number in sentences:
            asked, first = _SENTENCES[:number], None
            for engine in engines:
                segmenter = Segmenter.from_pretrained(
                    model, device=device, size=size, quality=quality, engine=engine
                )
                masks_ETHW, stages = _measure_stages(segmenter, long, asked, folder)
                first = masks_ETHW if first is None else first
                options = ["--model", model, "--device", device, "--size", str(size)]
                options += ["--quality", quality, "--engine", engine, "--quiet"]
                start, _ = _run(short, asked, options, folder / "out")
                whole, megabytes = _run(long, asked, options, folder / "out")
                rows.append(
                    Row(
                        segmenter.engine,
                        number,
                        {stage: 1000 * stages[stage] / frames for stage in STAGES},
                        (frames - _FEW) / (whole - start),
                        start,
                        megabytes,
                        _mean_j(first, masks_ETHW),
                    )
                )
    return rows


def format_rows(rows: Sequence[Row]) -> str:
    """Return a table, and what it is measured in."""
    heads = ["engine", "sentences", *STAGES, "sum", "frames/s", "start", "memory", "J"]
    lines = [" ".join(f"{head:>9}" for head in heads)]
    for row in rows:
        numbers = [row.stages[stage] for stage in STAGES]
        cells = [row.engine, str(row.sentences)]
        cells += [f"{number:.1f}" for number in [*numbers, sum(numbers), row.frames_per_second]]
        cells += [f"{row.start:.1f}", f"{row.megabytes:.0f}", f"{row.j:.4f}"]
        lines.append(" ".join(f"{cell:>9}" for cell in cells))
    lines += [
        "",
        "Stages one after the other, in ms per frame; frames/s of the command, from file to "
        f"overlay; start in s, to {_FEW} frames done;",
        "memory in MB, at most; J with the first engine's masks.",
    ]
    return "\n".join(lines)


def check_writable(path: Path) -> None:
    """Raise a UserError unless the rows can be written there; told before they are measured."""
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if path.is_dir() or not above.is_dir() or not os.access(above, os.W_OK):
        raise UserError(f"--json {path}: can't be written; give a file in a folder of yours")


def write_rows(rows: Sequence[Row], path: Path, device: str, **asked: object) -> None:
    """Write the rows, what was asked, and on which machine, as JSON."""
    record: dict[str, Any] = {
        "slvp": slvp.__version__,
        "commit": commit_of_package(),
        "torch": torch.__version__,
        "hardware": describe_hardware(str(choose_device(device))),
        **asked,
        "rows": [asdict(row) for row in rows],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as new:
        new.write_text(json.dumps(record, indent=2) + "\n")


def _write_clip(video: Path, path: Path, size: int, frames: int) -> None:
    with VideoReader(video) as reader:
        images = [frame.image_HW3 for frame in islice(reader, frames)]
    if not images:
        raise UserError(f"{video}: has no frames; give another --video")
    height, width = images[0].shape[:2]
    scale = size / min(height, width)
    sides = (2 * round(width * scale / 2), 2 * round(height * scale / 2))
    to_and_fro = cycle([*images, *images[-2:0:-1]])
    with VideoWriter(path, frame_rate=_RATE) as writer:
        for t, image_HW3 in enumerate(islice(to_and_fro, frames)):
            writer.write(
                cv2.resize(image_HW3, sides, interpolation=cv2.INTER_AREA), float(t / _RATE)
            )


class _Stopwatch:
    """Adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def timed(self, stage: str, function: Callable[..., _Result]) -> Callable[..., _Result]:
        """Return the function, timed."""

        def run(*inputs: Any, **named: Any) -> _Result:
            begin = time.perf_counter()
            try:
                return function(*inputs, **named)
            finally:
                self.seconds[stage] += time.perf_counter() - begin

        return run

    def each(self, stage: str, items: Iterable[_Result]) -> Iterator[_Result]:
        """Yield the items; the time until each of them is there is the stage's."""
        iterator = iter(items)
        step = self.timed(stage, lambda: next(iterator, None))
        while (item := step()) is not None:
            yield item


class _Timed:
    """A model whose steps are timed."""

    def __init__(self, asked: Any, watch: _Stopwatch) -> None:
        self.sides, self.encode_text = asked.sides, asked.encode_text
        self.resize = watch.timed("see", asked.resize)
        self.encode_vision = watch.timed("see", asked.encode_vision)
        self.decode = watch.timed("decode", asked.decode)


def _measure_stages(
    segmenter: Segmenter, video: Path, sentences: Sequence[str], folder: Path
) -> tuple[BoolArray, dict[str, float]]:
    """Do what ``slvp segment`` does, one stage after the other; return masks_ETHW and seconds."""
    watch = _Stopwatch()
    segmenter.overlaps = False
    segmenter.ask_through(lambda asked: _Timed(asked, watch))
    draw = watch.timed("draw", draw_overlay)
    masks = []
    with (
        VideoReader(video) as reader,
        VideoWriter(folder / "overlay.mp4", frame_rate=_RATE) as writer,
        (folder / "result.json").open("w") as file,
    ):
        records = FrameRecords(
            file, "", 0.5, "", list(sentences), size=segmenter.size, engine=segmenter.engine
        )
        frames = answered(segmenter, watch.each("read", reader), sentences)
        for frame, prediction, t in watch.each("stream", frames):
            masks_EHW = prediction.masks_ETHW[:, t]
            presence_E = prediction.presence_ET[:, t].tolist()
            overlay_HW3 = draw(frame.image_HW3, masks_EHW, sentences, presence_E)
            watch.timed("encode", writer.write)(overlay_HW3, frame.time)
            for mask_HW in masks_EHW:
                png = watch.timed("masks", mask_png)(mask_HW)
                (folder / "mask.png").write_bytes(png)
            watch.timed("masks", records.add)("", frame.time, prediction, t)
            masks.append(masks_EHW)
    inner = sum(watch.seconds[stage] for stage in ("read", "see", "decode"))
    watch.seconds["finish"] = watch.seconds["stream"] - inner
    return np.stack(masks, axis=1), watch.seconds


def _run(
    video: Path, sentences: Sequence[str], options: list[str], out: Path
) -> tuple[float, float]:
    """Run the command; return seconds and the most megabytes that it held."""
    command = [sys.executable, "-m", "slvp", "segment", str(video), *sentences, *options]
    begin = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--out", str(out), "--overwrite"], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise UserError("slvp segment failed, as it says above")
    most = usage.ru_maxrss if sys.platform == "darwin" else 1024 * usage.ru_maxrss
    return seconds, most / 1e6


def _mean_j(ours_ETHW: BoolArray, theirs_ETHW: BoolArray) -> float:
    pairs = zip(chain(*ours_ETHW), chain(*theirs_ETHW), strict=True)
    return fmean(frame_scores(ours_HW, theirs_HW).j for ours_HW, theirs_HW in pairs)
