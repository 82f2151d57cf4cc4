"""What all segmenters have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Protocol, Self

import numpy as np
import torch

from slvp.errors import UserError
from slvp.models.referring_model import ParameterCounts
from slvp.segmenter.first_masks import FirstMasks
from slvp.segmenter.quality import Quality
from slvp.types import Prediction
from slvp.video import Video

NO_FIRST_MASKS = (
    "a first mask says where its object is, and needs no grounding; choose a model without a prefix"
)


class Weighted(Protocol):
    """What is asked of any segmenter's model: what it holds, for fingerprints and cards."""

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return all tensors by name."""

    def parameter_counts(self) -> ParameterCounts:
        """Count the parameters."""


class BaseSegmenter(ABC):
    """Finds, in every frame, what each sentence describes.

    Attributes:
        model: what is asked.
        device: where it runs.
        size: short side that frames are resized to, in pixels; None where models have their own.
        window: frames that the model sees at a time.
        threshold: probability above which a pixel belongs to the object.
        presence_threshold: presence below which a frame's mask is empty.
        quality: what is done for better masks.
        engine: what computes.
    """

    model: Weighted
    device: torch.device
    size: int | None
    window: int
    threshold: float
    presence_threshold: float
    quality: Quality
    engine: str

    @abstractmethod
    def stream(
        self, video: Video, sentences: Sequence[str], first_masks: FirstMasks | None = None
    ) -> Iterator[Prediction]:
        """Segment a video of any length in constant memory.

        Args:
            video: a file or folder, or frames in order: uint8 RGB, HW3, of equal size.
            sentences: E sentences; with masks, an empty one follows its mask alone.
            first_masks: a mask_HW (bool) of the first frame for each sentence, or None for the
                sentence alone; see :mod:`slvp.segmenter.propagation`.

        Yields:
            Predictions for consecutive runs of frames; every frame once, in order.

        Raises:
            UserError: a sentence can't be asked, a mask can't be followed or the video can't be
                read (at the call), or a frame is of another kind or size (when it is reached).
        """

    @abstractmethod
    def again(self, *, threshold: float, quality: str | Quality) -> Self:
        """Return a segmenter that asks the same model and differs in these."""

    def segment(
        self, video: Video, sentences: Sequence[str], first_masks: FirstMasks | None = None
    ) -> Prediction:
        """Segment a clip that fits in memory.

        Args:
            video: a file or folder, or its T frames: uint8 RGB, HW3, of equal size.
            sentences: E sentences.
            first_masks: see :meth:`stream`.

        Raises:
            UserError: a sentence can't be asked, or there are no frames or unsuitable ones.
        """
        parts = list(self.stream(video, sentences, first_masks))
        if not parts:
            raise UserError("no frames were given; expected at least one")
        return Prediction(
            sentences=list(sentences),
            probability_ETHW=np.concatenate([part.probability_ETHW for part in parts], axis=1),
            presence_ET=np.concatenate([part.presence_ET for part in parts], axis=1),
            threshold=self.threshold,
            presence_threshold=self.presence_threshold,
        )


def check_threshold(name: str, value: float) -> None:
    """Check that a number is one of 0..1.

    Raises:
        UserError: it isn't.
    """
    if not 0 <= value <= 1:
        raise UserError(f"{name} {value}: expected a number from 0 to 1")
