"""Frames with what was found in them, and masks as files have them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from slvp.segmenter import BaseSegmenter, FirstMasks
from slvp.types import BoolArray, Prediction
from slvp.video import Frame


def answered(
    segmenter: BaseSegmenter,
    frames: Iterable[Frame],
    sentences: Sequence[str],
    first_masks: FirstMasks | None = None,
) -> Iterator[tuple[Frame, Prediction, int]]:
    """Segment a video; of its frames only those are kept whose answer is not out yet.

    Arguments are those of ``Segmenter.stream``.

    Yields:
        Each frame, a prediction, and which of the prediction's frames it is.

    Raises:
        UserError: a sentence can't be asked or a mask can't be followed (at the call).
    """
    waiting: deque[Frame] = deque()

    def images() -> Iterator[Frame]:
        for frame in frames:
            waiting.append(frame)
            yield frame

    predictions = segmenter.stream(images(), sentences, first_masks)
    return (
        (waiting.popleft(), prediction, t)
        for prediction in predictions
        for t in range(prediction.masks_ETHW.shape[1])
    )


def mask_png(mask_HW: BoolArray) -> bytes:
    """Return an 8-bit PNG, 0 or 255."""
    _, png = cv2.imencode(".png", mask_HW.astype(np.uint8) * 255)
    return png.tobytes()


def mean_probability(probability_HW: npt.NDArray[np.float16], mask_HW: BoolArray) -> float | None:
    """Return the mean probability inside the mask; None where the mask is empty."""
    return float(probability_HW[mask_HW].mean(dtype=np.float64)) if mask_HW.any() else None
