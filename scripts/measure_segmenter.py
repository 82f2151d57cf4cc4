"""Measure what stands in docs/experiments.md under 'Inference': gains and costs of each lever.

::

    OMP_NUM_THREADS=1 python scripts/measure_segmenter.py DATA --split train

DATA is in the layout of Ref-DAVIS17. Of each sequence a few runs of consecutive frames are
segmented by every variant; figures are means over sequences. What the model says is asked once and
remembered for all variants that ask the same, but its time is counted for each of them. Times are
processor time of one core. ``fast`` is J on the third of the frames in which the truth overlaps
least with that of the frame before; ``flicker`` is how much J changes from frame to frame;
``absent`` is the share of frames with an empty mask, for a sentence of another sequence.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import torch

from slvp.data.benchmarks.records import Group, sequences_of
from slvp.data.benchmarks.ref_davis17 import ANNOTATION_SETS, load_ref_davis17
from slvp.evaluation.metrics import frame_scores
from slvp.models.checkpoint import from_pretrained
from slvp.segmenter import QUALITIES, Quality, Segmenter
from slvp.types import BoolArray

FAST, GOOD, BEST = QUALITIES["fast"], QUALITIES["good"], QUALITIES["best"]
REFINE = Quality(follow=False, choose=False)
NO_COLOURS = ("slvp.segmenter.finishing.COLOUR", 0.0)
NO_SPECKS = ("slvp.segmenter.specks.SHARE", 0.0)


@dataclass(frozen=True)
class Variant:
    """What is set otherwise; ``size`` is a multiple of the model's own."""

    quality: Quality
    constants: tuple[tuple[str, float], ...] = ()
    size: float = 1.0
    threshold: float = 0.5
    presence: float | None = None


VARIANTS = {
    "fast: the model alone": Variant(FAST),
    "threshold 0.4": Variant(FAST, threshold=0.4),
    "threshold 0.6": Variant(FAST, threshold=0.6),
    "flip": Variant(replace(FAST, flip=True)),
    "scales 1, 1.375": Variant(replace(FAST, scales=(1.0, 1.375))),
    "size 1.375": Variant(FAST, size=1.375),
    "follow": Variant(Quality(refine=False, choose=False)),
    "outlines": Variant(REFINE, (NO_COLOURS, NO_SPECKS)),
    "outlines, colours": Variant(REFINE, (NO_SPECKS,)),
    "outlines, specks": Variant(REFINE, (NO_COLOURS,)),
    "refine: outlines, colours, specks": Variant(REFINE),
    "refine, follow": Variant(replace(GOOD, choose=False)),
    "good: refine, follow, choose": Variant(GOOD),
    "good, threshold 0.45": Variant(GOOD, threshold=0.45),
    "good, threshold 0.55": Variant(GOOD, threshold=0.55),
    "good, presence 0.7": Variant(GOOD, presence=0.7),
    "good, presence 0.9": Variant(GOOD, presence=0.9),
    "good, presence 0.98": Variant(GOOD, presence=0.98),
    "good, size 1.375": Variant(GOOD, size=1.375),
    "good, flip": Variant(replace(GOOD, flip=True)),
    "good, scales 1, 1.375": Variant(replace(GOOD, scales=(1.0, 1.375))),
    "best: good, flip, scales": Variant(BEST),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--model", default="default")
    parser.add_argument("--sets", nargs="+", choices=ANNOTATION_SETS, default=ANNOTATION_SETS[::3])
    parser.add_argument("--runs", type=int, default=2, help="of consecutive frames a sequence")
    parser.add_argument("--frames", type=int, default=12, help="of a run")
    parser.add_argument("--every", type=int, default=1, help="of how many sequences one is taken")
    parser.add_argument("--only", nargs="+", metavar="VARIANT", help="variants' first words")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    variants = {
        name: variant
        for name, variant in VARIANTS.items()
        if not options.only or any(name.startswith(start) for start in options.only)
    }
    model = Remembered(from_pretrained(options.model))
    groups = sequences_of(load_ref_davis17(options.data, options.split))
    found = {name: Found() for name in variants}
    for number in range(0, len(groups), options.every):
        group, other = groups[number], groups[(number + len(groups) // 3) % len(groups)]
        for run in runs(len(group[0].frames.names), options.runs, options.frames):
            model.forget()
            for name, variant in variants.items():
                measure(model, variant, group, run, options.sets, other[0].text, found[name])
    print(f"{options.model}, {options.data}: {len(next(iter(found.values())).j)} sequences")
    print(f"{'':36}    J     F    J&F   fast  flicker  absent  ms a frame and sentence")
    for name, one in found.items():
        print(f"{name:36}{one}")


def runs(frames: int, count: int, length: int) -> Iterator[range]:
    """Return runs of consecutive frames, spread evenly over a sequence."""
    for k in range(count):
        middle = frames * (2 * k + 1) // (2 * count)
        start = max(0, min(middle - length // 2, frames - length))
        yield range(start, min(frames, start + length))


@dataclass
class Found:
    """What a variant got so far, by sequence."""

    j: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    f: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    overlap: list[tuple[float, float]] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    seconds: float = 0.0
    frames: int = 0

    def __str__(self) -> str:
        j, f = (100 * np.mean([np.mean(v) for v in one.values()]) for one in (self.j, self.f))
        overlap, of_fast = np.array(self.overlap).T
        fast = 100 * of_fast[overlap <= np.quantile(overlap, 1 / 3)].mean()
        flicker, absent = 100 * np.mean(self.change), 100 * np.mean(self.empty)
        return (
            f" {j:5.1f} {f:5.1f} {(j + f) / 2:6.2f} {fast:6.1f} {flicker:8.2f} {absent:7.1f}"
            f" {1e3 * self.seconds / self.frames:8.1f}"
        )


def measure(
    model: Remembered,
    variant: Variant,
    group: Group,
    run: range,
    sets: list[str],
    absent: str,
    found: Found,
) -> None:
    """Segment and score one run of frames."""
    asked = [one for one in group if one.annotation_set in sets]
    frames = list(asked[0].frames.read(list(run)))
    model.seconds = 0.0
    with ExitStack() as stack:
        for name, value in variant.constants:
            stack.enter_context(patch(name, value))
        size = round(variant.size * model.config.frame_size)
        segmenter = Segmenter(
            model,
            size=size,
            quality=variant.quality,
            threshold=variant.threshold,
            presence_threshold=variant.presence,
        )
        start = time.process_time()
        prediction = segmenter.segment(frames, [one.text for one in asked] + [absent])
        found.seconds += time.process_time() - start + model.seconds
    found.frames += len(frames) * (len(asked) + 1)
    found.empty += (~prediction.masks_ETHW[-1].any(axis=(1, 2))).tolist()
    for one, masks_THW in zip(asked, prediction.masks_ETHW, strict=False):
        score(masks_THW, [truth_of(one, t) for t in run], one.sequence, found)


def truth_of(one, t: int) -> BoolArray:
    """Return the true mask of a frame."""
    return one.masks.read(t).mask(one.object_ids)


def score(masks_THW: BoolArray, truth: list[BoolArray], sequence: str, found: Found) -> None:
    """Add the scores of one sentence."""
    before = None
    for t, (mask_HW, truth_HW) in enumerate(zip(masks_THW, truth, strict=True)):
        scores = frame_scores(np.ascontiguousarray(mask_HW), truth_HW)
        found.j[sequence].append(scores.j)
        found.f[sequence].append(scores.f)
        if before is not None:
            found.overlap.append((frame_scores(truth[t - 1], truth_HW).j, scores.j))
            found.change.append(abs(scores.j - before))
        before = scores.j


class Remembered:
    """A model that answers the same question once, and says how long that took each time."""

    def __init__(self, model) -> None:
        self._model, self.config = model, model.config
        self.seconds = 0.0
        self.forget()

    def forget(self) -> None:
        """Forget all answers."""
        self._known = {}

    def to(self, device) -> Remembered:
        """Stay where it is."""
        return self

    def eval(self) -> Remembered:
        """Stay as it is."""
        return self

    def encode_text(self, sentences: list[str]):
        """Encode sentences; remembered by the model itself."""
        return self._model.encode_text(sentences)

    def encode_vision(self, frames_BTCHW: torch.Tensor):
        """Encode frames."""
        return self._once(
            ("vision", key(frames_BTCHW)), lambda: self._model.encode_vision(frames_BTCHW)
        )

    def decode(self, pyramid, words, clip_of_E: torch.Tensor):
        """Answer sentences."""
        asked = ("decode", key(pyramid.outlines_BTCHW), key(words.words_ELC))
        return self._once(asked, lambda: self._model.decode(pyramid, words, clip_of_E))

    def _once(self, asked, answer):
        if asked in self._known:
            result, seconds = self._known[asked]
            self.seconds += seconds
            return result
        start = time.process_time()
        result = answer()
        self._known[asked] = result, time.process_time() - start
        return result


def key(tensor: torch.Tensor) -> tuple[object, ...]:
    """Return what tells tensors apart."""
    return tuple(tensor.shape), hash(tensor.contiguous().numpy().tobytes())


if __name__ == "__main__":
    main()
