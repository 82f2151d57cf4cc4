"""Our own model, grounded: candidates of its own, linked along time, and a closer look at each."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from slvp.errors import UserError
from slvp.models.grounded.candidates import Candidates
from slvp.models.text import check_sentences
from slvp.segmenter.cropping import Framing, Region, crop, put_back, shares
from slvp.segmenter.finishing import Finisher, resized
from slvp.segmenter.first_masks import FirstMask, FirstMasks
from slvp.segmenter.linking import LAG, NO_LINK, Chosen, Linker, Scene, StepCosts, boxes_of
from slvp.segmenter.overlapping import Helpers
from slvp.segmenter.proposing import propose
from slvp.segmenter.segmenter import Segmenter
from slvp.segmenter.specks import names_one
from slvp.types import Float32Array, Prediction, UInt8Array
from slvp.video import Video, images_of

NO_FIRST_MASKS = (
    "a first mask says where its object is, and needs no grounding; choose a model without a prefix"
)

_ABSENT = 0.5
"""What a candidate is worth whose presence is as likely as not: a piece's mean probability is well
below one, and the presence alone should decide whether anything is to be seen."""
_FINER = 2  # places of the maps that both looks are put together on, for one of those finished on


@dataclass(frozen=True, eq=False)
class Look:
    """A frame and what is said of it.

    Attributes:
        image_HW3: uint8 RGB.
        logits_EHW: of each place.
        presence_E: in 0..1.
    """

    image_HW3: UInt8Array
    logits_EHW: torch.Tensor
    presence_E: Float32Array


@dataclass(frozen=True, eq=False)
class Grounded:
    """A frame whose boxes are chosen.

    Attributes:
        look: the frame.
        candidates_E: what could be chosen for each sentence.
        boxes_E: box_4 in pixels for each sentence, None where it isn't to be seen.
        regions_E: what is looked at closer.
    """

    look: Look
    candidates_E: list[Candidates]
    boxes_E: list[Float32Array | None]
    regions_E: list[Region]


class GroundedSegmenter(Segmenter):
    """Asks a model of ours twice: of whole frames, and of what is around the box that was linked.

    Pieces of what the model marks are candidates (:mod:`slvp.segmenter.proposing`); one of each
    frame is chosen, or none (:mod:`slvp.segmenter.linking`); then the model is asked about that
    part of the frames alone (:mod:`slvp.segmenter.cropping`). Answers come ``LAG`` frames late.

    Attributes:
        lag: frames later than one that have a say in its box.
        steps: what steps from a frame's candidates to the next one's cost.
    """

    lag: ClassVar[int] = LAG
    steps: ClassVar[StepCosts] = StepCosts()

    def stream(
        self, video: Video, sentences: Sequence[str], first_masks: FirstMasks | None = None
    ) -> Iterator[Prediction]:
        """Segment a video of any length; see :meth:`BaseSegmenter.stream`.

        Raises:
            UserError: a first mask is given: it says already where its object is.
        """
        if first_masks is not None:
            raise UserError(NO_FIRST_MASKS)
        return super().stream(video, sentences)

    def ground(self, video: Video, sentences: Sequence[str]) -> Iterator[Grounded]:
        """Choose boxes without looking closer.

        Args:
            video: a file or folder, or frames in order: uint8 RGB, HW3, of equal size.
            sentences: E sentences.

        Yields:
            Each frame, in order.

        Raises:
            UserError: as of :meth:`stream`.
        """
        check_sentences(sentences)
        return self._ground(images_of(video), list(sentences))

    def _ground(self, images: Iterator[UInt8Array], sentences: list[str]) -> Iterator[Grounded]:
        with closing(Helpers(self.overlaps)) as helpers:
            yield from self._link(self._look(images, sentences, helpers), sentences)

    @torch.inference_mode()
    def _stream(
        self,
        images: Iterator[UInt8Array],
        sentences: list[str],
        masks: list[FirstMask | None] | None,
    ) -> Iterator[Prediction]:
        with closing(Helpers(self.overlaps)) as helpers:
            grounded = self._link(self._look(images, sentences, helpers), sentences)
            frames, *copies = itertools.tee(grounded, 1 + len(sentences))
            closer = [
                self._look_closer(copy, e, sentence, helpers)
                for e, (copy, sentence) in enumerate(zip(copies, sentences, strict=True))
            ]
            finisher = Finisher(self.quality, self.threshold, sentences)
            for t, (frame, *closer_E) in enumerate(zip(frames, *closer, strict=True)):
                with helpers.sharing():
                    prediction = self._put_together(frame, closer_E, finisher, sentences, t)
                yield prediction

    def _look(
        self, images: Iterator[UInt8Array], sentences: list[str], helpers: Helpers
    ) -> Iterator[Look]:
        for answers in self._ask(images, self.views(sentences), helpers):
            for t, image_HW3 in enumerate(answers.images):
                presence_E = answers.presence_ET[:, t].float().cpu().numpy()
                yield Look(image_HW3, answers.logits_ETHW[:, t].float().cpu(), presence_E)

    def _link(self, looks: Iterator[Look], sentences: list[str]) -> Iterator[Grounded]:
        """Choose boxes; what is chosen of is held back as long as later frames have a say."""
        one_E = [names_one(sentence) for sentence in sentences]
        linkers = [Linker(self.lag, self.steps) for _ in sentences]
        framings = [Framing() for _ in sentences]
        held: deque[tuple[Look, list[Candidates]]] = deque()
        scene: Scene | None = None

        def grounded(chosen_E: Sequence[Chosen | None]) -> Grounded:
            look, candidates_E = held.popleft()
            size, boxes_E = look.image_HW3.shape[:2], boxes_of(chosen_E)
            regions_E = [
                framing.next(box_4, size) for framing, box_4 in zip(framings, boxes_E, strict=True)
            ]
            return Grounded(look, candidates_E, boxes_E, regions_E)

        for look in looks:
            scene = Scene(look.image_HW3, scene)
            size, believed_E = look.image_HW3.shape[:2], list(map(self._believed, look.presence_E))
            candidates_E = [
                propose(logits_HW, believed, size, one=one)
                for logits_HW, believed, one in zip(
                    look.logits_EHW.numpy(), believed_E, one_E, strict=True
                )
            ]
            held.append((look, candidates_E))
            decided = [
                linker.add(candidates, _ABSENT * (1 - believed), scene)
                for linker, candidates, believed in zip(
                    linkers, candidates_E, believed_E, strict=True
                )
            ]
            for chosen_E in zip(*decided, strict=True):
                yield grounded(chosen_E)
        for chosen_E in zip(*(linker.finish() for linker in linkers), strict=True):
            yield grounded(chosen_E)

    def _believed(self, presence: float) -> float:
        """Return a presence as a score: a half where it is at the segmenter's threshold."""
        odds = float(presence) * (1 - self.presence_threshold)
        against = (1 - presence) * self.presence_threshold
        return odds / max(odds + against, 1e-9)

    def _look_closer(
        self, frames: Iterator[Grounded], e: int, sentence: str, helpers: Helpers
    ) -> Iterator[Float32Array]:
        """Give for each frame logits_HW of a sentence's region."""
        crops = (crop(frame.look.image_HW3, frame.regions_E[e]) for frame in frames)
        for answers in self._ask(crops, self.views([sentence]), helpers):
            yield from answers.logits_ETHW[0].float().cpu().numpy()

    def _put_together(
        self,
        frame: Grounded,
        closer_E: list[Float32Array],
        finisher: Finisher,
        sentences: list[str],
        t: int,
    ) -> Prediction:
        look = frame.look
        size = look.image_HW3.shape[:2]
        grid = self._grid(size)
        fine_EHW = resized(look.logits_EHW, (_FINER * grid[0], _FINER * grid[1])).numpy()
        maps_EHW = [
            put_back(map_HW, region, closer_HW, None if box_4 is None else shares(box_4, size))
            for map_HW, region, closer_HW, box_4 in zip(
                fine_EHW, frame.regions_E, closer_E, frame.boxes_E, strict=True
            )
        ]
        probability_EHW = finisher.finish(
            look.image_HW3, torch.from_numpy(np.stack(maps_EHW)), grid
        )
        # What was chosen is to be seen, and what wasn't isn't, whatever its frame alone says.
        chosen_E = np.array([box_4 is not None for box_4 in frame.boxes_E])
        least = np.float32(self.presence_threshold)
        below = np.nextafter(least, np.float32(-1))
        presence_E = np.where(
            chosen_E, np.maximum(look.presence_E, least), np.minimum(look.presence_E, below)
        )
        return Prediction(
            sentences=sentences,
            probability_ETHW=probability_EHW.half().cpu().numpy()[:, None],
            presence_ET=presence_E[:, None],
            threshold=self.threshold,
            presence_threshold=self.presence_threshold,
            first_frame=t,
        )


class UnlinkedSegmenter(GroundedSegmenter):
    """The same without the link: each frame's best candidate, whatever its neighbours say."""

    lag = 0
    steps = NO_LINK
