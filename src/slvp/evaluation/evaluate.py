"""Run a segmenter over a benchmark and score what it says, one sequence at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol as StructuralType

import numpy as np
from tqdm import tqdm

from slvp.data.benchmarks.records import BenchmarkExpression, read_frame, read_mask
from slvp.errors import UserError
from slvp.evaluation.metrics import boundary_accuracy, region_similarity
from slvp.evaluation.protocols import (
    ExpressionScore,
    Protocol,
    Score,
    Summary,
    exclusive_masks,
)
from slvp.types import BoolArray, Prediction, UInt8Array


class StreamsMasks(StructuralType):
    """Whatever answers sentences about a stream of frames, as ``slvp.Segmenter`` does."""

    def stream(self, video: Iterable[UInt8Array], sentences: Sequence[str]) -> Iterator[Prediction]:
        """Yield predictions of consecutive frames, in order, until each frame has had one."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        protocol: how the numbers were made.
        summary: the benchmark's numbers.
        expressions: what each expression got, in the benchmark's order.
        threshold: probability above which a pixel belonged to the object.
        frames: number of frames seen.
        seconds: time that reading and segmenting them took, without scoring.
    """

    protocol: Protocol
    summary: Summary
    expressions: tuple[ExpressionScore, ...]
    threshold: float
    frames: int
    seconds: float


def evaluate(
    segmenter: StreamsMasks,
    expressions: Sequence[BenchmarkExpression],
    protocol: Protocol,
    *,
    progress: bool = True,
) -> Evaluation:
    """Ask every expression of its video and score the masks by the benchmark's protocol.

    All sentences of a sequence are asked in one pass over it, equal ones once. No more than the
    segmenter's own window of frames is in memory.

    Args:
        segmenter: gives masks at the resolution of the frames.
        expressions: from one of the parsers; those of a sequence stand together.
        protocol: how the benchmark scores.
        progress: show a bar with the time left on stderr.

    Raises:
        UserError: there is nothing to score, or a frame or mask can't be read or differ in size.
    """
    unscored = next((one for one in expressions if not one.mask_paths), None)
    if unscored is not None or not expressions:
        raise UserError(
            "There is no mask to score against"
            + (f" for sequence {unscored.sequence}" if unscored else "")
            + ": evaluate a split whose masks are public."
        )
    sequences = [list(group) for _, group in groupby(expressions, key=lambda one: one.sequence)]
    frames = sum(len(group[0].frame_paths) for group in sequences)
    watch = _Stopwatch()
    scored: list[ExpressionScore] = []
    threshold = float("nan")
    with tqdm(total=frames, unit="frame", disable=not progress, dynamic_ncols=True) as bar:
        for group in sequences:
            bar.set_description(group[0].sequence)
            j_ET = np.full((len(group), len(group[0].frame_paths)), np.nan)
            f_ET = j_ET.copy()
            for prediction in watch.timed(_answers(segmenter, group)):
                _score_window(group, prediction, protocol, j_ET, f_ET)
                threshold = prediction.threshold
                bar.update(prediction.masks_ETHW.shape[1])
            for one, j_T, f_T in zip(group, j_ET, f_ET, strict=True):
                score = Score(float(j_T.mean()), float(f_T.mean()))
                scored.append(ExpressionScore(one, score))
    return Evaluation(
        protocol=protocol,
        summary=protocol.summarise(scored),
        expressions=tuple(scored),
        threshold=threshold,
        frames=frames,
        seconds=watch.seconds,
    )


def _answers(segmenter: StreamsMasks, group: Sequence[BenchmarkExpression]) -> Iterator[Prediction]:
    frames = _read_frames(group[0].frame_paths)
    return segmenter.stream(frames, list(dict.fromkeys(one.text for one in group)))


def _read_frames(paths: Sequence[Path]) -> Iterator[UInt8Array]:
    expected = None
    for path in paths:
        frame_HWC = read_frame(path)
        height, width, _ = frame_HWC.shape
        expected = expected or (height, width)
        if (height, width) != expected:
            raise UserError(
                f"{path} is {width} x {height} pixels, the frames before it {expected[1]} x "
                f"{expected[0]}: unpack the benchmark again."
            )
        yield frame_HWC


def _score_window(
    group: Sequence[BenchmarkExpression],
    prediction: Prediction,
    protocol: Protocol,
    j_ET: np.ndarray,
    f_ET: np.ndarray,
) -> None:
    """Fill in the scores of the window's frames: rows are ``group``'s expressions."""
    row_of_text = {text: row for row, text in enumerate(prediction.sentences)}
    rows_E = [row_of_text[one.text] for one in group]
    for offset in range(prediction.masks_ETHW.shape[1]):
        t = prediction.first_frame + offset
        path = group[0].mask_paths[t]
        ids_HW = read_mask(path)
        masks_EHW = prediction.masks_ETHW[rows_E, offset]
        if masks_EHW.shape[1:] != ids_HW.shape:
            raise UserError(
                f"{path} is {ids_HW.shape[1]} x {ids_HW.shape[0]} pixels, its frame "
                f"{masks_EHW.shape[2]} x {masks_EHW.shape[1]}: unpack the benchmark again."
            )
        if protocol.exclusive:
            masks_EHW = _share_out(group, prediction.probability_ETHW[rows_E, offset], masks_EHW)
        truth_EHW = np.stack([np.isin(ids_HW, one.object_ids) for one in group])
        j_ET[:, t] = region_similarity(masks_EHW, truth_EHW)
        f_ET[:, t] = boundary_accuracy(masks_EHW, truth_EHW)


def _share_out(
    group: Sequence[BenchmarkExpression],
    probability_EHW: np.ndarray,
    masks_EHW: BoolArray,
) -> BoolArray:
    """Let the objects of each annotation set compete for pixels."""
    shared_EHW = np.empty_like(masks_EHW)
    sets = np.array([one.annotation_set for one in group])
    for name in dict.fromkeys(sets.tolist()):
        rows = sets == name
        shared_EHW[rows] = exclusive_masks(probability_EHW[rows], masks_EHW[rows])
    return shared_EHW


class _Stopwatch:
    """Adds up the time that an iterator takes to give its items."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, predictions: Iterator[Prediction]) -> Iterator[Prediction]:
        while True:
            start = time.perf_counter()
            prediction = next(predictions, None)
            self.seconds += time.perf_counter() - start
            if prediction is None:
                return
            yield prediction
