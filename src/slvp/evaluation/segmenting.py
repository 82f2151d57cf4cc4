"""A model's answers to the expressions of a sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal, Protocol

import numpy as np

from slvp.data.benchmarks.records import Group
from slvp.evaluation.answers import Answer, Candidate, IdMapAnswer, MaskAnswer
from slvp.evaluation.matching import merge_to_ids
from slvp.evaluation.prompting import Prompt, questions
from slvp.segmenter import FirstMasks
from slvp.types import Prediction, UInt8Array

CONTEXT = 8
"""Frames that a model sees around a frame that counts, where only few of a video do."""


class StreamsMasks(Protocol):
    """Whatever answers sentences about a stream of frames, as ``slvp.Segmenter`` does."""

    def stream(
        self,
        video: Iterable[UInt8Array],
        sentences: Sequence[str],
        first_masks: FirstMasks | None = None,
    ) -> Iterator[Prediction]:
        """Yield predictions of consecutive frames, in order, until each frame has had one."""
        ...


def segmented_frames(group: Group) -> list[range]:
    """Return the runs of frames that must be seen to answer a sequence's expressions.

    All frames where all count, or where it isn't known which do; else half of ``CONTEXT`` frames on
    either side of each frame that counts, as far as there are any.
    """
    count = len(group[0].frames.names)
    scored = sorted({t for one in group for t in one.scored})
    if not scored:
        return [range(count)]
    runs: list[range] = []
    for t in scored:
        start, stop = max(0, t - CONTEXT // 2), min(count, t + CONTEXT // 2 + 1)
        if runs and start <= runs[-1].stop:
            start = runs.pop().start
        runs.append(range(start, stop))
    return runs


def segment_sequence(
    segmenter: StreamsMasks,
    group: Group,
    answers: Literal["id_maps", "masks"],
    prompt: Prompt = "sentence",
) -> Iterator[Answer]:
    """Ask all expressions of a sequence in one pass over its frames, what is equal once.

    First masks can be given where all frames count, see ``require_first_masks``.

    Yields:
        An answer for each frame of ``segmented_frames``, in order. A mask is as sure as the model
        is that its object is in the frame.

    Raises:
        UserError: a frame or a first mask can't be read.
    """
    runs = segmented_frames(group)
    frames = group[0].frames.read([t for run in runs for t in run])
    sentences, first_masks, rows_E = questions(group, prompt)
    for run in runs:
        for prediction in segmenter.stream(islice(frames, len(run)), sentences, first_masks):
            first = run.start + prediction.first_frame
            for offset in range(prediction.masks_ETHW.shape[1]):
                if answers == "masks":
                    yield _masks(prediction, offset, first + offset, rows_E)
                else:
                    yield _id_maps(prediction, offset, first + offset, rows_E, group)


def _masks(prediction: Prediction, offset: int, t: int, rows_E: list[int]) -> MaskAnswer:
    candidates = [
        (Candidate(mask_HW, float(presence)),)
        for mask_HW, presence in zip(
            prediction.masks_ETHW[:, offset], prediction.presence_ET[:, offset], strict=True
        )
    ]
    return MaskAnswer(t, tuple(candidates[row] for row in rows_E))


def _id_maps(
    prediction: Prediction,
    offset: int,
    t: int,
    rows_E: list[int],
    group: Group,
) -> IdMapAnswer:
    ids = {}
    for name in dict.fromkeys(one.annotation_set for one in group):
        members = [
            (row, one) for row, one in zip(rows_E, group, strict=True) if one.annotation_set == name
        ]
        rows = [row for row, _ in members]
        merged_HW = merge_to_ids(
            prediction.probability_ETHW[rows, offset],
            prediction.presence_ET[rows, offset] >= prediction.presence_threshold,
            prediction.threshold,
        )
        object_of = np.array([0, *(one.object_ids[0] for _, one in members)], np.uint8)
        ids[name] = object_of[merged_HW]
    return IdMapAnswer(t, ids)
