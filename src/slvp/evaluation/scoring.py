"""From masks to scores: each expression of a sequence for itself, one frame at a time.

Only numbers are kept, and a few masks for pictures, so that memory hardly grows with the length of
a video.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from slvp.data.benchmarks.records import BenchmarkExpression, Group, ObjectMasks
from slvp.data.rle import encode_rle
from slvp.errors import UserError
from slvp.evaluation.answers import Answer, Candidate, MaskAnswer
from slvp.evaluation.metrics import FrameScores, frame_scores
from slvp.evaluation.scores import Detection, Example, ExpressionScore
from slvp.types import BoolArray


def score_masks(group: Group, answers: Iterable[Answer]) -> list[ExpressionScore]:
    """Score each expression's first candidate against the union of the objects it describes.

    Two empty masks agree: J = F = 1. No pixel is void.

    Args:
        group: all expressions of one sequence, each with masks and with its own frames that count.
        answers: ``MaskAnswer`` in ascending order of the frames, at least those that count.

    Raises:
        UserError: an answer differs in size from the truth, or the truth can't be read.
    """
    rows = [_Row(one, pictured=example_frames(one.scored)) for one in group]
    for row, t, candidates, truth_HW in _questions(rows, answers):
        mask_HW = _first(candidates, truth_HW)
        row.add(t, frame_scores(mask_HW, truth_HW), mask_HW)
    return [row.finish(with_f=True) for row in rows]


def score_detections(group: Group, answers: Iterable[Answer]) -> list[ExpressionScore]:
    """Score every candidate by its overlap with the union of the expression's objects.

    J is the first candidate's; there is no F. Arguments and errors are those of ``score_masks``.
    """
    rows = [_Row(one, pictured=example_frames(one.scored)) for one in group]
    for row, t, candidates, truth_HW in _questions(rows, answers):
        mask_HW = _first(candidates, truth_HW)
        row.add(t, _overlap(mask_HW, truth_HW), mask_HW)
        row.detections.append(
            tuple(Detection(one.score, _coco_iou(one.mask_HW, truth_HW)) for one in candidates)
        )
    return [row.finish(with_f=False) for row in rows]


def wanted_answers(answers: Iterable[Answer], wanted: Sequence[int]) -> Iterator[Answer]:
    """Yield the answers for the frames of ``wanted``, which ascend as the answers do.

    Raises:
        ValueError: one is missing or comes too late.
    """
    frames = iter(wanted)
    expected = next(frames, None)
    for answer in answers:
        if answer.t == expected:
            yield answer
            expected = next(frames, None)
    if expected is not None:
        raise ValueError(f"There is no answer for frame {expected}, or it came late.")


def require_size(
    answer_HW: np.ndarray, truth: ObjectMasks, expression: BenchmarkExpression, t: int, whose: str
) -> None:
    """Check that an answer for frame ``t`` has the height and width of the truth.

    Args:
        answer_HW: a mask or a map of objects.
        truth: of the same frame.
        expression: one of its video.
        t: the frame's index.
        whose: the expression or annotation set that the answer is for, for the message.

    Raises:
        UserError: it hasn't.
    """
    if answer_HW.shape != truth.size:
        (height, width), (true_height, true_width) = answer_HW.shape, truth.size
        raise UserError(
            f"The mask predicted for sequence {expression.sequence}, {whose}, frame "
            f"{expression.frames.names[t]}, is {width} x {height} pixels, the true one "
            f"{true_width} x {true_height}: predict masks of that size."
        )


def example_frames(scored: Sequence[int]) -> frozenset[int]:
    """Return up to three of the frames that count, at 1/6, 1/2 and 5/6 of them, for pictures."""
    return frozenset(scored[len(scored) * sixths // 6] for sixths in (1, 3, 5))


def make_example(frame: str, mask_HW: BoolArray) -> Example:
    """Encode a mask for a picture of the frame with this name."""
    return Example(frame, encode_rle(mask_HW))


@dataclass
class _Row:
    """What one expression got so far."""

    expression: BenchmarkExpression
    pictured: frozenset[int]
    scores: list[FrameScores] = field(default_factory=list)
    frame_pixels: int = 0
    detections: list[tuple[Detection, ...]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)

    def add(self, t: int, scores: FrameScores, mask_HW: BoolArray) -> None:
        self.scores.append(scores)
        self.frame_pixels = mask_HW.size
        if t in self.pictured:
            self.examples.append(make_example(self.expression.frames.names[t], mask_HW))

    def finish(self, *, with_f: bool) -> ExpressionScore:
        names = self.expression.frames.names
        j_T, f_T, truth_T, union_T = np.array(self.scores).T
        return ExpressionScore(
            sequence=self.expression.sequence,
            expression_id=self.expression.expression_id,
            annotation_set=self.expression.annotation_set,
            text=self.expression.text,
            object_ids=self.expression.object_ids,
            frames=tuple(names[t] for t in self.expression.scored),
            j_T=j_T,
            f_T=f_T if with_f else None,
            truth_T=truth_T.astype(np.int64),
            union_T=union_T.astype(np.int64),
            frame_pixels=self.frame_pixels,
            detections_T=tuple(self.detections),
            examples=tuple(self.examples),
        )


def _questions(
    rows: Sequence[_Row], answers: Iterable[Answer]
) -> Iterator[tuple[_Row, int, tuple[Candidate, ...], BoolArray]]:
    """Yield, for each frame and expression that counts in it, the candidates and truth_HW."""
    masks = rows[0].expression.masks
    assert masks is not None
    scored_E = [frozenset(row.expression.scored) for row in rows]
    for answer in wanted_answers(answers, sorted(frozenset.union(*scored_E))):
        assert isinstance(answer, MaskAnswer)
        truth = masks.read(answer.t)
        truths_HW: dict[tuple[int, ...], BoolArray] = {}
        for row, scored, candidates in zip(rows, scored_E, answer.candidates, strict=True):
            if answer.t not in scored:
                continue
            object_ids = row.expression.object_ids
            if object_ids not in truths_HW:
                truths_HW[object_ids] = truth.mask(object_ids)
            for candidate in candidates:
                whose = f"expression {row.expression.expression_id}"
                require_size(candidate.mask_HW, truth, row.expression, answer.t, whose)
            yield row, answer.t, candidates, truths_HW[object_ids]


def _first(candidates: tuple[Candidate, ...], truth_HW: BoolArray) -> BoolArray:
    return candidates[0].mask_HW if candidates else np.zeros_like(truth_HW)


def _overlap(mask_HW: BoolArray, truth_HW: BoolArray) -> FrameScores:
    """Score a mask without looking at its outline."""
    intersection = int(np.count_nonzero(mask_HW & truth_HW))
    union = int(np.count_nonzero(mask_HW | truth_HW))
    return FrameScores(
        j=intersection / union if union else 1.0,
        f=np.nan,
        truth=int(np.count_nonzero(truth_HW)),
        union=union,
    )


def _coco_iou(mask_HW: BoolArray, truth_HW: BoolArray) -> float:
    """Return the overlap as COCO has it: two empty masks don't overlap."""
    union = np.count_nonzero(mask_HW | truth_HW)
    return float(np.count_nonzero(mask_HW & truth_HW) / union) if union else 0.0
