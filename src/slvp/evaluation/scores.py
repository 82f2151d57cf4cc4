"""What scoring finds: numbers per frame and expression, and a benchmark's summary of them.

Scores are shares between 0 and 1. J is region similarity (intersection over union), F boundary
accuracy, J&F their mean; recall and decay are those of DAVIS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Example:
    """A predicted mask that a report can show: name of the frame and COCO run-length encoding.

    ``rle`` is ``{"size": [height, width], "counts": str}``.
    """

    frame: str
    rle: dict[str, Any]


@dataclass(frozen=True)
class Detection:
    """A predicted mask as average precision sees it: how sure it is, and its overlap in 0..1."""

    score: float
    iou: float


@dataclass(frozen=True)
class ExpressionScore:
    """What one expression got, frame by frame.

    Attributes:
        sequence: name of the video.
        expression_id: as the benchmark's parser has it; empty for an object that is scored though
            no sentence describes it.
        annotation_set: as the benchmark's parser has it.
        text: the sentence.
        object_ids: the objects that it describes.
        frames: names of the frames that count, in order.
        j_T: J in each of them; 1 where prediction and truth are both empty.
        f_T: F in each of them; None where the benchmark knows no F.
        truth_T: size of the true mask in each of them, in pixels.
        union_T: size of the union of prediction and truth in each of them, in pixels.
        frame_pixels: size of a whole frame, in pixels.
        detections_T: all candidates in each frame, the surest first; empty where the benchmark
            doesn't look at more than one.
        examples: a few predicted masks, for pictures.
    """

    sequence: str
    expression_id: str
    annotation_set: str
    text: str
    object_ids: tuple[int, ...]
    frames: tuple[str, ...]
    j_T: Float64Array
    f_T: Float64Array | None
    truth_T: Int64Array
    union_T: Int64Array
    frame_pixels: int
    detections_T: tuple[tuple[Detection, ...], ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, tuple[int, ...]]:
        """What tells it apart from all others of a benchmark."""
        return self.sequence, self.annotation_set, self.expression_id, self.object_ids


@dataclass(frozen=True)
class SetSummary:
    """The numbers of one annotation set, and of each sequence within it."""

    name: str
    metrics: dict[str, float]
    sequences: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Summary:
    """A benchmark's numbers: the ones to report and the ones they are made of.

    ``metrics`` are named ``j``, ``f``, ``jf``, ``j_recall``, ``j_decay``, ``f_recall``, ``f_decay``
    or, for benchmarks scored by detection, ``map``, ``map_50``, ``map_75``, ``precision_50`` to
    ``precision_90``, ``overall_iou``, ``mean_iou``. ``sequences`` has means over the annotation
    sets.
    """

    metrics: dict[str, float]
    annotation_sets: tuple[SetSummary, ...]
    sequences: dict[str, dict[str, float]]
