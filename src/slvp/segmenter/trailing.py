"""Frame by frame, each answered at once: for video that is still being made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from slvp.errors import UserError
from slvp.models.text import check_sentences
from slvp.segmenter.finishing import STRIDE, Finisher, resized
from slvp.segmenter.segmenter import Segmenter
from slvp.types import Prediction, UInt8Array


class Trailing:
    """Answers each frame from a window that ends with it.

    ``Segmenter.stream`` holds frames back until the windows that overlap them are complete. Here
    nothing is held back, so that a mask is as old as the model is slow; the price is that no later
    frame has a say in it. Memory does not grow: what vision made of the last frames is kept, one
    less than the segmenter's window.

    Args:
        segmenter: whose model, size, window, thresholds and quality are used.
        sentences: E sentences.

    Raises:
        UserError: a sentence can't be asked.
    """

    def __init__(self, segmenter: Segmenter, sentences: Sequence[str]) -> None:
        check_sentences(sentences)
        self._segmenter, self._sentences = segmenter, list(sentences)
        self._finisher = Finisher(segmenter.quality, segmenter.threshold, sentences)
        self._shape: tuple[int, ...] | None = None
        self._kept = 0
        self._count = 0
        with torch.inference_mode():
            self._views = segmenter.views(self._sentences)

    @property
    def kept(self) -> int:
        """How many earlier frames the next one will be seen together with."""
        return self._kept

    @torch.inference_mode()
    def add(self, image_HW3: UInt8Array) -> Prediction:
        """Return what the model says of the next frame, a prediction of T = 1.

        Args:
            image_HW3: uint8 RGB, of the size of the frames before.

        Raises:
            UserError: it has another size; begin anew for such frames.
        """
        self._shape = self._shape or image_HW3.shape
        if image_HW3.shape != self._shape:
            raise UserError(
                f"a frame is {image_HW3.shape[1]} x {image_HW3.shape[0]} pixels, but those before "
                f"it are {self._shape[1]} x {self._shape[0]}; give frames of one size"
            )
        answers = [view.answer(view.see([image_HW3])) for view in self._views]
        self._forget_what_is_too_old()
        size = answers[0][0].shape[-2:]
        newest = [resized(logits_ETHW[:, -1], size) for logits_ETHW, _ in answers]
        logits_EHW = torch.stack(newest).mean(0)
        presence_E = torch.stack([presence_ET[:, -1] for _, presence_ET in answers]).mean(0)
        height, width = self._views[0].sides(image_HW3.shape[:2])
        grid = height // STRIDE, width // STRIDE
        probability_EHW = self._finisher.finish(image_HW3, logits_EHW, grid)
        prediction = Prediction(
            sentences=self._sentences,
            probability_ETHW=probability_EHW.half().cpu().numpy()[:, np.newaxis],
            presence_ET=presence_E.sigmoid().float().cpu().numpy()[:, np.newaxis],
            threshold=self._segmenter.threshold,
            presence_threshold=self._segmenter.presence_threshold,
            first_frame=self._count,
        )
        self._count += 1
        return prediction

    def _forget_what_is_too_old(self) -> None:
        self._kept += 1
        too_old = self._kept - (self._segmenter.window - 1)
        if too_old > 0:
            for view in self._views:
                view.forget(too_old)
            self._kept -= too_old
