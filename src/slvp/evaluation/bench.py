"""How long scoring an object in a frame takes on one core, and how long DAVIS's code takes."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from slvp.data.benchmarks.masks import VOID, read_mask
from slvp.data.palette import write_ids
from slvp.errors import UserError
from slvp.evaluation.metrics import Float64Array, frame_scores
from slvp.models.device import keep_freed_memory
from slvp.types import BoolArray, UInt8Array

Scorer = Callable[[BoolArray, BoolArray], tuple[float, float]]
"""Prediction and truth (HW) to J and F."""

OFFICIAL = "https://github.com/davisvideochallenge/davis2017-evaluation"

FRAMES = 40
"""How many frames are scored, spread over all that there are."""

LATER = 3
"""The truth of so many frames later stands in for a prediction: near, but not the same."""


def bench_evaluator(
    truth: Path | None = None, official: Path | None = None, rounds: int = 10
) -> str:
    """Time the evaluator on one core, and return a few lines that say what was found.

    Each time is the least of ``rounds`` runs; in every round both evaluators do all the work.

    Args:
        truth: folder of DAVIS 2017 or of Ref-DAVIS17, to use its masks; None draws some.
        official: unpacked ``OFFICIAL``, to time it on the same masks and to compare the scores;
            it needs scikit-image.
        rounds: how often everything is done and timed.

    Raises:
        UserError: a folder doesn't hold what it should, or scikit-image is missing.
    """
    evaluators = [_Evaluator(lambda *masks: frame_scores(*masks)[:2], read_mask)]
    if official is not None:
        evaluators.append(_Evaluator(_official_scorer(official), _read_with_pillow))

    with tempfile.TemporaryDirectory() as folder:
        frames = _draw_frames(Path(folder)) if truth is None else _find_frames(truth)
        pairs = [pair for frame in frames for pair in frame.masks(read_mask)]
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        keep_freed_memory()  # as scoring does
        alone = _least_times(
            [[partial(e.score, *one) for one in pairs] for e in evaluators], rounds
        )
        whole = _least_times(
            [[partial(e.score_files, one) for one in frames] for e in evaluators], rounds
        )
        cv2.setNumThreads(threads)

    sizes = sorted({f"{mask_HW.shape[1]} x {mask_HW.shape[0]}" for mask_HW, _ in pairs})
    lines = [
        f"{len(pairs)} objects in {len(frames)} {'drawn' if truth is None else 'real'} frames of "
        f"{', '.join(sizes)} pixels; one core, the least of {rounds} runs each.",
        _line("J and F alone", alone / len(pairs)),
        _line("With reading both PNGs", whole / len(pairs)),
    ]
    if official is None:
        lines.append(
            f"To time the official evaluation beside it, unpack {OFFICIAL}, install scikit-image "
            "and give the folder."
        )
    else:
        scores = np.array([[e.score(*pair) for pair in pairs] for e in evaluators])
        j, f = np.abs(scores[0] - scores[1]).max(axis=0)
        lines.append(f"Largest difference between the scores: J {j:.1e}, F {f:.1e}.")
    return "\n".join(lines)


@dataclass(frozen=True)
class _Frame:
    truth: Path
    prediction: Path
    object_ids: list[int]

    def masks(self, read: Callable[[Path], UInt8Array]) -> list[tuple[BoolArray, BoolArray]]:
        """Return prediction and truth of each object."""
        truth_HW, prediction_HW = read(self.truth), read(self.prediction)
        return [(prediction_HW == i, truth_HW == i) for i in self.object_ids]


@dataclass(frozen=True)
class _Evaluator:
    score: Scorer
    read: Callable[[Path], UInt8Array]

    def score_files(self, frame: _Frame) -> list[tuple[float, float]]:
        return [self.score(*pair) for pair in frame.masks(self.read)]


def _line(what: str, seconds: Float64Array) -> str:
    ours, *official = (1000 * seconds).tolist()
    beside = [
        f"; official {theirs:.3f} ms, {theirs / ours:.1f} times as long" for theirs in official
    ]
    return f"{what}: {ours:.3f} ms per object and frame{''.join(beside)}."


def _least_times(work: Sequence[Sequence[Callable[[], object]]], rounds: int) -> Float64Array:
    """Return, for each evaluator's list of jobs, the seconds that they take, each at its best."""
    times = np.empty((rounds, len(work), len(work[0])))
    for round_ in range(rounds):
        for which, jobs in enumerate(work):
            for number, job in enumerate(jobs):
                start = time.perf_counter()
                job()
                times[round_, which, number] = time.perf_counter() - start
    seconds: Float64Array = times.min(axis=0).sum(axis=1)
    return seconds


def _official_scorer(folder: Path) -> Scorer:
    path = folder / "davis2017" / "metrics.py"
    if not path.is_file():
        raise UserError(
            f"{path} is missing, yet the official evaluation has it: give the folder that holds "
            f"the unpacked {OFFICIAL}."
        )
    if importlib.util.find_spec("skimage") is None:
        raise UserError(f"{path} needs scikit-image, which isn't here: pip install scikit-image.")
    spec = importlib.util.spec_from_file_location("davis2017_metrics", path)
    assert spec is not None and spec.loader is not None
    metrics: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(metrics)

    def score(prediction_HW: BoolArray, truth_HW: BoolArray) -> tuple[float, float]:
        return (
            metrics.db_eval_iou(truth_HW, prediction_HW),
            metrics.db_eval_boundary(truth_HW, prediction_HW),
        )

    return score


def _read_with_pillow(path: Path) -> UInt8Array:
    return np.array(Image.open(path))


def _find_frames(root: Path) -> list[_Frame]:
    folders = sorted(root.glob("Annotations/480p/*")) or sorted(
        root.glob("DAVIS/Annotations/480p/*")
    )
    frames = _pair(folders)
    if not frames:
        raise UserError(
            f"{root} has no masks Annotations/480p/SEQUENCE/00000.png and so on: give the folder "
            "of DAVIS 2017 or of Ref-DAVIS17."
        )
    return frames


def _draw_frames(folder: Path) -> list[_Frame]:
    """Write palette PNGs of a blob that moves and changes its shape."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    for t in range(FRAMES + LATER):
        radius = 130 + 25 * np.sin(3 * angle + t / 7) + 15 * np.sin(7 * angle - t / 3)
        x = 250 + 8 * t + 1.2 * radius * np.cos(angle)
        y = 240 + 40 * np.sin(t / 9) + radius * np.sin(angle)
        ids_HW = np.zeros((480, 854), np.uint8)
        cv2.fillPoly(ids_HW, [np.stack([x, y], axis=-1).astype(np.int32)], 1)
        write_ids(ids_HW, folder / f"{t:05d}.png")
    return _pair([folder])


def _pair(folders: Sequence[Path]) -> list[_Frame]:
    """Pair masks with later ones of their folder; take some that show an object, far apart."""
    pairs = []
    for folder in folders:
        paths = sorted(folder.glob("*.png"))
        pairs += list(zip(paths, paths[LATER:], strict=False))
    step = max(len(pairs) / FRAMES, 1)
    frames = []
    for number in range(min(FRAMES, len(pairs))):
        truth, prediction = pairs[int(number * step)]
        object_ids = [i for i in np.unique(read_mask(truth)).tolist() if i not in (0, VOID)]
        if object_ids:
            frames.append(_Frame(truth, prediction, object_ids))
    return frames
