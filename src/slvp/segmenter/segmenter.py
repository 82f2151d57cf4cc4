"""A model of ours, asked about a video and its answers finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

import numpy as np
import torch

from slvp.errors import UserError
from slvp.models.checkpoint import from_pretrained
from slvp.models.device import choose_device, keep_freed_memory
from slvp.models.referring_model import MAX_SIDE, MULTIPLE, ReferringModel
from slvp.models.slvp import SLVP
from slvp.models.text import check_sentences
from slvp.segmenter.base import BaseSegmenter, check_threshold
from slvp.segmenter.engines import Asked, Engine, choose_engine, ready
from slvp.segmenter.finishing import STRIDE, Finisher
from slvp.segmenter.first_masks import FirstMask, FirstMasks, check_first_masks
from slvp.segmenter.overlapping import Helpers
from slvp.segmenter.propagation import MaskFollower
from slvp.segmenter.quality import Quality, quality_of
from slvp.segmenter.views import View
from slvp.segmenter.windows import Answers, ask_windows
from slvp.types import Prediction, UInt8Array
from slvp.video import Video, images_of


class Segmenter(BaseSegmenter):
    """Finds, in every frame, what each sentence describes.

    >>> segmenter = Segmenter.from_pretrained("default")
    >>> prediction = segmenter.segment(frames, ["a brown dog"])
    >>> prediction.masks_ETHW.shape

    Args:
        model: one with a mask head.
        device: where it runs.
        size: short side that frames are resized to, in pixels; the model's own by default.
        window: frames that the model sees at a time; the model's own by default.
        threshold: probability above which a pixel belongs to the object.
        presence_threshold: presence below which a frame's mask is empty; the model's own by
            default.
        quality: what is done for better masks: ``fast``, ``good`` or ``best``, or a ``Quality``.
        engine: what computes; see :data:`slvp.segmenter.engines.Engine`.

    Attributes:
        overlaps: whether several windows are worked on at a time, where there are two cores.
    """

    def __init__(
        self,
        model: ReferringModel,
        *,
        device: str | torch.device = "cpu",
        size: int | None = None,
        window: int | None = None,
        threshold: float = 0.5,
        presence_threshold: float | None = None,
        quality: str | Quality = "good",
        engine: Engine = "float32",
    ) -> None:
        size = model.config.frame_size if size is None else size
        if presence_threshold is None:
            presence_threshold = model.config.presence_threshold
        if not MULTIPLE <= size <= MAX_SIDE:
            raise UserError(f"size {size}: expected a short side of {MULTIPLE} to {MAX_SIDE} px")
        check_threshold("threshold", threshold)
        check_threshold("presence threshold", presence_threshold)
        window = model.config.window if window is None else window
        if window < 1:
            raise UserError(f"window {window}: expected at least one frame")
        if model.config.head != "mask":
            raise UserError(
                "the model has a flow head, which gives no masks; expected a model that "
                "'slvp finetune' wrote"
            )
        self.quality = quality_of(quality)
        keep_freed_memory()
        self.device = choose_device(device) if isinstance(device, str) else device
        self.model: ReferringModel = model.to(self.device).eval()
        self.engine: Engine = choose_engine(engine, self.model, self.device)
        self._asked = ready(self.engine, self.model)
        self.overlaps = True
        self.size: int = size
        self.window = window
        self.threshold = threshold
        self.presence_threshold = presence_threshold

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path = "default",
        *,
        device: str = "auto",
        size: int | None = None,
        window: int | None = None,
        threshold: float = 0.5,
        presence_threshold: float | None = None,
        quality: str | Quality = "good",
        engine: Engine = "float32",
    ) -> Self:
        """Load a shipped model, a folder or a hub's ``owner/name``; one that isn't grounded.

        Raises:
            UserError: no such model, no such device, or an option that can't be.
        """
        quality = quality_of(quality)  # told before a model is fetched
        return cls(
            from_pretrained(name_or_path),
            device=device,
            size=size,
            window=window,
            threshold=threshold,
            presence_threshold=presence_threshold,
            quality=quality,
            engine=engine,
        )

    def stream(
        self, video: Video, sentences: Sequence[str], first_masks: FirstMasks | None = None
    ) -> Iterator[Prediction]:
        """Segment a video of any length; see :meth:`BaseSegmenter.stream`."""
        if first_masks is None:
            check_sentences(sentences)
            return self._stream(images_of(video), list(sentences), None)
        if not isinstance(self.model, SLVP):
            raise UserError("a first mask is followed by the features of SLVP; choose such a model")
        masks = check_first_masks(sentences, first_masks)
        return self._stream(images_of(video), list(sentences), masks)

    def again(self, *, threshold: float, quality: str | Quality) -> Self:
        """Return a segmenter that asks the same model and differs in these."""
        return type(self)(
            self.model,
            device=self.device,
            size=self.size,
            window=self.window,
            threshold=threshold,
            presence_threshold=self.presence_threshold,
            quality=quality,
            engine=self.engine,
        )

    @torch.inference_mode()
    def _stream(
        self,
        images: Iterator[UInt8Array],
        sentences: list[str],
        masks: list[FirstMask | None] | None,
    ) -> Iterator[Prediction]:
        asked = [sentence for sentence in sentences if sentence]
        views = self.views(asked)[: None if asked else 1]  # one sees all that masks need
        finisher: Finisher | MaskFollower
        if masks is None:
            finisher = Finisher(self.quality, self.threshold, sentences)
        else:
            finisher = MaskFollower(self.quality, self.threshold, sentences, masks)
        first = 0
        with closing(Helpers(self.overlaps)) as helpers:
            for answers in self._ask(images, views, helpers, keep_levels=masks is not None):
                with helpers.sharing():
                    part = self._finished(answers, finisher, sentences, first)
                yield part
                first += len(answers.images)

    def _ask(
        self,
        images: Iterator[UInt8Array],
        views: list[View],
        helpers: Helpers,
        *,
        ahead: int | None = None,
        keep_levels: bool = False,
    ) -> Iterator[Answers]:
        hop = self.model.config.hop(self.window)
        return ask_windows(
            images, views, self.window, hop, helpers, ahead=ahead, keep_levels=keep_levels
        )

    def ask_through(self, wrap: Callable[[Asked], Asked]) -> None:
        """Put something between this and the model, such as what takes the time."""
        self._asked = wrap(self._asked)

    def views(self, sentences: list[str]) -> list[View]:
        """Return the ways of asking the model that the quality names, for a video yet to come."""
        return [
            View(self._asked, self.device, sentences, size, mirrored=mirrored)
            for size in self._sizes()
            for mirrored in ([False, True] if self.quality.flip else [False])
        ]

    def _sizes(self) -> list[int]:
        """Return the short sides of the frames that the model sees."""
        return [
            min(MAX_SIDE, max(MULTIPLE, round(self.size * scale))) for scale in self.quality.scales
        ]

    def _finished(
        self,
        answers: Answers,
        finisher: Finisher | MaskFollower,
        sentences: list[str],
        first: int,
    ) -> Prediction:
        grid = self._grid(answers.images[0].shape[:2])
        probabilities, presences = [], []
        for t, image_HW3 in enumerate(answers.images):
            logits_EHW, presence_E = answers.logits_ETHW[:, t], answers.presence_ET[:, t]
            if isinstance(finisher, MaskFollower):
                seen = [level_TCHW[t] for level_TCHW in answers.levels]
                probability_EHW, presence_E = finisher.finish(
                    image_HW3, seen, logits_EHW, presence_E, grid
                )
            else:
                probability_EHW = finisher.finish(image_HW3, logits_EHW, grid)
            probabilities.append(probability_EHW.half().cpu().numpy())
            presences.append(presence_E.float().cpu().numpy())
        return Prediction(
            sentences=sentences,
            probability_ETHW=np.stack(probabilities, axis=1),
            presence_ET=np.stack(presences, axis=1),
            threshold=self.threshold,
            presence_threshold=self.presence_threshold,
            first_frame=first,
        )

    def _grid(self, size: tuple[int, ...]) -> tuple[int, int]:
        """Return height and width of the maps that frames of a size are finished on."""
        height, width = self._asked.sides(size, self._sizes()[0])
        return height // STRIDE, width // STRIDE
