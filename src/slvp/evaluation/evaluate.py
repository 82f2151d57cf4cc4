"""Score a benchmark sequence by sequence: a model's masks, or those of another program's files."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from slvp.data.benchmarks.records import BenchmarkExpression, Group
from slvp.errors import UserError
from slvp.evaluation.answers import Answer
from slvp.evaluation.predictions import Predictions
from slvp.evaluation.prompting import Prompt
from slvp.evaluation.protocols import Protocol
from slvp.evaluation.segmenting import StreamsMasks, segment_sequence, segmented_frames
from slvp.evaluation.store import SequenceScores


def require_masks(expressions: Sequence[BenchmarkExpression], split: str) -> None:
    """Check that there is something to score.

    Raises:
        UserError: the split keeps its masks to itself or has no expression.
    """
    if not expressions:
        raise UserError(f"split {split} has no expression to score: check the benchmark's files.")
    hidden = next((one for one in expressions if one.masks is None), None)
    if hidden is not None:
        raise UserError(
            f"split {split} has no public masks for {hidden.sequence}: choose another with "
            "--split, or write the server's file with 'slvp submit'."
        )


def evaluate_sequence(
    segmenter: StreamsMasks, group: Group, protocol: Protocol, prompt: Prompt = "sentence"
) -> SequenceScores:
    """Segment one sequence and score the masks.

    Raises:
        UserError: a frame or mask can't be read, or they differ in size.
    """
    answers = _Timed(segment_sequence(segmenter, group, protocol.answers, prompt))
    scores = protocol.score(group, answers)
    frames = sum(map(len, segmented_frames(group)))
    return SequenceScores(group[0].sequence, tuple(scores), frames, answers.seconds)


def score_sequence(predictions: Predictions, group: Group, protocol: Protocol) -> SequenceScores:
    """Score the masks that another program wrote for one sequence.

    Raises:
        UserError: a mask can't be read, or its size is not that of the frame.
    """
    answers = _Timed(predictions.answers(group))
    scores = protocol.score(group, answers)
    frames = len({t for one in group for t in one.scored})
    return SequenceScores(group[0].sequence, tuple(scores), frames, answers.seconds)


class _Timed:
    """Passes answers on, and adds up the time that it takes to get them."""

    def __init__(self, answers: Iterator[Answer]) -> None:
        self._answers = answers
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Answer]:
        return self

    def __next__(self) -> Answer:
        start = time.perf_counter()
        try:
            return next(self._answers)
        finally:
            self.seconds += time.perf_counter() - start
