"""Draw a run's pseudo masks, stage by stage, and measure them where masks are known.

::

    python scripts/draw_pseudo_masks.py runs/boxes pseudo.png --rows 4

Each row is a frame of a training video with a sentence, its label, and what each stage took for its
mask: the more violet the surer. Overlap (IoU) with the true masks, where the benchmark has them, is
printed for each stage, over all videos: it is for people to look at, nothing learns from it. Rows
are then at equal distances from where overlap fell most between stages to where it rose most.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from slvp.data.benchmark_clips import keep_videos, split_videos
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.labels.records import Box, Outlined, Point
from slvp.data.pseudo_masks.priors import box_mask
from slvp.data.pseudo_masks.store import path_of, read_pseudo_masks
from slvp.data.weak_clips import pseudo_names
from slvp.training.config import TrainConfig
from slvp.training.run import Run
from slvp.training.sheet import Cell, Row, Sheet, tinted
from slvp.training.stages import Stages
from slvp.training.weak_data import load_benchmark, with_masks
from slvp.types import BoolArray, Float32Array, UInt8Array

LABEL, OUTLINE = (255, 214, 10), 3
HOT = np.array([200, 0, 255], np.float32)


@dataclass(frozen=True)
class Looked:
    """A frame of a video, and what each stage says of a sentence's object in it."""

    expression: BenchmarkExpression
    frame: int
    probability_SHW: Float32Array
    true_HW: BoolArray | None


def main() -> None:
    """Print a line for each stage, and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a run of finetune --supervision")
    parser.add_argument("picture", type=Path, help="PNG to write")
    parser.add_argument("--rows", type=int, default=4, help="frames to draw")
    asked = parser.parse_args()
    every = list(looked(Run(asked.run)))
    scored = [one for one in every if one.true_HW is not None and one.true_HW.any()]
    stages = len(every[0].probability_SHW)
    for stage in range(stages) if scored else ():
        overlaps = [overlap(one.probability_SHW[stage] > 0.5, one.true_HW) for one in scored]
        print(f"stage {stage + 1}  IoU {np.mean(overlaps):.3f}  of {len(overlaps)} masks")
    every.sort(key=gained)
    titles = ["frame", "label", *(f"stage {number + 1}" for number in range(stages))]
    places = np.linspace(0, len(every) - 1, min(asked.rows, len(every))).round().astype(int)
    rows = [drawn(every[place]) for place in places]
    Sheet(titles, rows, "Pseudo masks: the more violet the surer.").write(asked.picture)


def looked(run: Run) -> Iterator[Looked]:
    """Yield the middle frame with pseudo masks of each training sentence of a run."""
    config = TrainConfig.load(run.config_file)
    data, stages = config.data, Stages(config, run.pseudo)
    made = [stages.pseudo(number) for number in range(config.weak.stages)]
    for number, (name, folder, _) in enumerate(data.benchmarks):
        seen, _ = split_videos(load_benchmark(name, folder, data.supervision), data.held_out)
        used = keep_videos(seen, data.labels)
        masked = with_masks(name, folder, used) or [None] * len(used)
        for expression, true in zip(used, masked, strict=True):
            if not expression.object_ids:
                continue
            path = path_of(Path(), expression.sequence)
            found = [
                read_pseudo_masks(one.of(number, name) / path)
                for one in made
                if one is not None and one.path.is_dir()
            ]
            place = len(found[0].frames) // 2
            frame = found[0].frames[place]
            told = [
                one.of(pseudo_names(expression), np.array([place]))[0].astype(np.float32) / 255
                for one in found
            ]
            true_HW = None
            if true is not None and true.masks is not None:
                true_HW = true.masks.read(frame).mask(true.object_ids)
                told = [cv2.resize(one_HW, true_HW.shape[::-1]) for one_HW in told]
            yield Looked(expression, frame, np.stack(told), true_HW)


def overlap(one_HW: BoolArray, other_HW: BoolArray | None) -> float:
    """Return intersection over union."""
    assert other_HW is not None
    return float((one_HW & other_HW).sum() / max(1, (one_HW | other_HW).sum()))


def gained(one: Looked) -> float:
    """Return by how much overlap with the true mask rose from the first stage to the last."""
    if one.true_HW is None:
        return 0.0
    first, last = (overlap(one.probability_SHW[at] > 0.5, one.true_HW) for at in (0, -1))
    return last - first


def drawn(one: Looked) -> Row:
    """Return a row of pictures."""
    (frame_HW3,) = one.expression.frames.read([one.frame])
    cells = [Cell(frame_HW3), Cell(with_label(frame_HW3, one.expression, one.frame))]
    for probability_HW in one.probability_SHW:
        share_HW1 = cv2.resize(probability_HW, frame_HW3.shape[1::-1])[..., None] * 0.7
        mixed_HW3 = frame_HW3 * (1 - share_HW1) + HOT * share_HW1
        note = (
            "" if one.true_HW is None else f"IoU {overlap(probability_HW > 0.5, one.true_HW):.2f}"
        )
        cells.append(Cell(mixed_HW3.astype(np.uint8), note))
    return Row(one.expression.text, cells)


def with_label(frame_HW3: UInt8Array, expression: BenchmarkExpression, frame: int) -> UInt8Array:
    """Draw what is known of a sentence's objects into a frame."""
    picture_HW3 = frame_HW3.copy()
    assert expression.labels is not None
    width = max(1, round(min(frame_HW3.shape[:2]) / 100)) * OUTLINE
    for one in expression.object_ids:
        match expression.labels.frames.get(one, {}).get(frame):
            case Box() as box:
                inside = box_mask(box, frame_HW3.shape[:2]).astype(np.uint8)
                corners, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
                cv2.drawContours(picture_HW3, corners, -1, LABEL, width)
            case Point(x, y):
                cv2.circle(picture_HW3, (x, y), 2 * width, LABEL, -1)
            case Outlined() as label:
                picture_HW3 = tinted(picture_HW3, label.mask_HW, LABEL)
    return picture_HW3


if __name__ == "__main__":
    main()
