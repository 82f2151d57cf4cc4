"""Models of others: boxes of a detector, linked along time, and masks of what they hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
import torch

from slvp.errors import UserError
from slvp.models.device import choose_device
from slvp.models.grounded.loading import GroundedModel
from slvp.models.text import check_sentences
from slvp.segmenter.base import BaseSegmenter, check_threshold
from slvp.segmenter.first_masks import FirstMasks
from slvp.segmenter.grounded import NO_FIRST_MASKS
from slvp.segmenter.linking import LAG, NO_LINK, Chosen, Linker, Scene, StepCosts, boxes_of
from slvp.segmenter.quality import Quality, quality_of
from slvp.types import Prediction, UInt8Array
from slvp.video import Video, images_of

_ABSENT = 0.1
"""Score that a box must surpass to be likelier than that the object isn't to be seen."""


class DetectedSegmenter(BaseSegmenter):
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
        if first_masks is not None:
            raise UserError(NO_FIRST_MASKS)
        check_sentences(sentences)
        return self._stream(images_of(video), list(sentences))

    @torch.inference_mode()
    def _stream(self, images: Iterator[UInt8Array], sentences: list[str]) -> Iterator[Prediction]:
        masks = self.model.prompter.begin(len(sentences))
        for t, (image_HW3, chosen_E) in enumerate(self._ground(images, sentences)):
            probability_EHW = masks.next(image_HW3, boxes_of(chosen_E))
            presence_E = [self._presence(chosen) for chosen in chosen_E]
            yield Prediction(
                sentences=sentences,
                probability_ETHW=probability_EHW.half().numpy()[:, None],
                presence_ET=np.array(presence_E, np.float32)[:, None],
                threshold=self.threshold,
                presence_threshold=self.presence_threshold,
                first_frame=t,
            )

    def _ground(
        self, images: Iterator[UInt8Array], sentences: list[str]
    ) -> Iterator[tuple[UInt8Array, Sequence[Chosen | None]]]:
        """Give each frame with what is chosen in it for each sentence."""
        lag, steps = (LAG, StepCosts()) if self.linked else (0, NO_LINK)
        linkers = [Linker(lag, steps) for _ in sentences]
        held: deque[UInt8Array] = deque()
        scene: Scene | None = None
        for image_HW3 in images:
            held.append(image_HW3)
            scene = Scene(image_HW3, scene)
            found = self.model.detector.detect(image_HW3, sentences)
            decided = [
                linker.add(candidates, _ABSENT, scene)
                for linker, candidates in zip(linkers, found, strict=True)
            ]
            for chosen_E in zip(*decided, strict=True):
                yield held.popleft(), chosen_E
        for chosen_E in zip(*(linker.finish() for linker in linkers), strict=True):
            yield held.popleft(), chosen_E

    def _presence(self, chosen: Chosen | None) -> float:
        if chosen is None:
            return 0.0
        return max(self.presence_threshold, chosen.score / (chosen.score + _ABSENT))
