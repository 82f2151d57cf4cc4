"""Models of others: boxes of a detector, linked along time, and masks of what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
import torch

from slvp.models.device import choose_device
from slvp.models.grounded.loading import GroundedModel
from slvp.models.text import check_sentences
from slvp.segmenter.base import BaseSegmenter, check_threshold
from slvp.segmenter.first_masks import FirstMasks
from slvp.segmenter.grounding import Grounding, check_no_masks
from slvp.segmenter.linking import LAG, NO_LINK, Chosen, Found, Grounded, StepCosts, link
from slvp.segmenter.quality import Quality, quality_of
from slvp.types import Prediction, UInt8Array
from slvp.video import Video, images_of

_ABSENT = 0.1
"""Score of a box at which its object is as likely as not to be in the frame."""


class DetectedSegmenter(BaseSegmenter, Grounding[Found]):
    """Grounds sentences with a zero-shot detector and segments with a promptable segmenter.

    Masks are as the segmenter gives them: there is nothing that a quality adds.

    Args:
        model: both.
        device: where they run.
        linked: False takes each frame's best box, whatever its neighbours say.
        threshold: probability above which a pixel belongs to the object.
        presence_threshold: presence below which a frame's mask is empty; that of a box is its
            score's share beside the score of nothing.
        quality: is kept and changes nothing.
    """

    def __init__(
        self,
        model: GroundedModel,
        *,
        device: str | torch.device = "cpu",
        linked: bool = True,
        threshold: float = 0.5,
        presence_threshold: float | None = None,
        quality: str | Quality = "good",
    ) -> None:
        check_threshold("threshold", threshold)
        self.presence_threshold = 0.5 if presence_threshold is None else presence_threshold
        check_threshold("presence threshold", self.presence_threshold)
        self.device = choose_device(device) if isinstance(device, str) else device
        self.model: GroundedModel = model.to(self.device).eval()
        self.linked = linked
        self.threshold = threshold
        self.quality = quality_of(quality)
        self.size, self.window, self.engine = None, 1, "float32"

    def again(self, *, threshold: float, quality: str | Quality) -> Self:
        """Return a segmenter that asks the same models and differs in these."""
        return type(self)(
            self.model,
            device=self.device,
            linked=self.linked,
            threshold=threshold,
            presence_threshold=self.presence_threshold,
            quality=quality,
        )

    def stream(
        self, video: Video, sentences: Sequence[str], first_masks: FirstMasks | None = None
    ) -> Iterator[Prediction]:
        """Segment a video of any length; see :meth:`BaseSegmenter.stream`.

        Raises:
            UserError: a first mask is given: it says already where its object is.
        """
        check_no_masks(first_masks)
        check_sentences(sentences)
        return self._stream(images_of(video), list(sentences))

    @torch.inference_mode()
    def _stream(self, images: Iterator[UInt8Array], sentences: list[str]) -> Iterator[Prediction]:
        masks = self.model.prompter.begin(len(sentences))
        for t, frame in enumerate(self._ground(images, sentences)):
            probability_EHW = masks.next(frame.found.image_HW3, frame.boxes)
            presence_E = [self._presence(chosen) for chosen in frame.chosen_E]
            yield Prediction(
                sentences=sentences,
                probability_ETHW=probability_EHW.half().numpy()[:, None],
                presence_ET=np.array(presence_E, np.float32)[:, None],
                threshold=self.threshold,
                presence_threshold=self.presence_threshold,
                first_frame=t,
            )

    @torch.inference_mode()
    def _ground(
        self, images: Iterator[UInt8Array], sentences: list[str]
    ) -> Iterator[Grounded[Found]]:
        # A box with this score has a presence at the threshold.
        absent = min(
            1.0, _ABSENT * self.presence_threshold / max(1 - self.presence_threshold, 1e-3)
        )
        lag, steps = (LAG, StepCosts()) if self.linked else (0, NO_LINK)
        frames = (
            Found(
                image_HW3,
                self.model.detector.detect(image_HW3, sentences),
                [absent] * len(sentences),
            )
            for image_HW3 in images
        )
        yield from link(frames, len(sentences), lag, steps)

    def _presence(self, chosen: Chosen | None) -> float:
        if chosen is None:
            return 0.0
        return max(self.presence_threshold, chosen.score / (chosen.score + _ABSENT))
