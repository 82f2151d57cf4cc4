"""Our own model, grounded: candidates of its own, linked along time, and a closer look at each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
import torch

from slvp.models.grounded.candidates import overlap_of
from slvp.segmenter.cropping import Framing, Region, crop, near, put_back
from slvp.segmenter.finishing import Finisher, Meant, resized
from slvp.segmenter.first_masks import FirstMask, FirstMasks
from slvp.segmenter.following import finer
from slvp.segmenter.grounding import Grounding, check_no_masks
from slvp.segmenter.linking import LAG, NO_LINK, Found, Grounded, StepCosts, link
from slvp.segmenter.overlapping import Helpers
from slvp.segmenter.proposing import propose
from slvp.segmenter.segmenter import Segmenter
from slvp.segmenter.specks import names_one
from slvp.types import Float32Array, Prediction, UInt8Array
from slvp.video import Video

_ABSENT = 0.5
"""What a candidate is worth whose presence is as likely as not: a piece's mean probability is well
below one, and the presence alone should decide whether anything is to be seen."""
_ELSEWHERE = -6.0  # logit of what is far from the box
_FINER = 2  # places of the maps that both looks are put together on, for one of those finished on
_ANOTHER = 0.3  # overlap of boxes in neighbouring frames below which they aren't of one object

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Look(Found):
    """A frame, what a model of ours says of it, and what may be in it.

    Attributes:
        logits_EHW: of each place.
        presence_E: in 0..1.
    """

    logits_EHW: torch.Tensor
    presence_E: Float32Array


class GroundedSegmenter(Segmenter, Grounding[Look]):
    """Asks a model of ours twice: of whole frames, and of what is around the box that was linked.

    Pieces of what the model marks are candidates (:mod:`slvp.segmenter.proposing`); one of each
    frame is chosen, or none (:mod:`slvp.segmenter.linking`); then the model is asked about that
    part of the frames alone (:mod:`slvp.segmenter.cropping`). An answer comes when ``lag`` later
    frames and the windows of both looks are there.

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
        check_no_masks(first_masks)
        return super().stream(video, sentences)

    @torch.inference_mode()
    def _ground(
        self, images: Iterator[UInt8Array], sentences: list[str]
    ) -> Iterator[Grounded[Look]]:
        with closing(Helpers(self.overlaps)) as helpers:
            looks = self._look(images, sentences, helpers)
            yield from link(looks, len(sentences), self.lag, self.steps)

    @torch.inference_mode()
    def _stream(
        self,
        images: Iterator[UInt8Array],
        sentences: list[str],
        masks: list[FirstMask | None] | None,
    ) -> Iterator[Prediction]:
        with closing(Helpers(self.overlaps)) as helpers:
            looks = self._look(images, sentences, helpers)
            grounded = link(looks, len(sentences), self.lag, self.steps)
            frames, *copies = _fan_out(grounded, 1 + len(sentences))
            closer = [
                self._look_closer(copy, e, sentences, helpers) for e, copy in enumerate(copies)
            ]
            together = _Together(self, sentences)
            for frame, *closer_E in zip(frames, *closer, strict=True):
                grid = self._grid(frame.found.image_HW3.shape[:2])
                with helpers.sharing():
                    prediction = together.next(frame, closer_E, grid)
                yield prediction

    def _look(
        self, images: Iterator[UInt8Array], sentences: list[str], helpers: Helpers
    ) -> Iterator[Look]:
        """Ask about whole frames, and propose of what is marked what the sentences may mean."""
        one_E = [names_one(sentence) for sentence in sentences]
        meant = Meant(self.quality, self.threshold, sentences)
        for answers in self._ask(images, self.views(sentences), helpers):
            for t, image_HW3 in enumerate(answers.images):
                logits_EHW = answers.logits_ETHW[:, t].float().cpu()
                presence_E = answers.presence_ET[:, t].float().cpu().numpy()
                believed_E = [self._believed(float(presence)) for presence in presence_E]
                grid = self._grid(image_HW3.shape[:2])
                with helpers.sharing():
                    rough_EHW = resized(logits_EHW, grid).numpy()
                    maps_EHW = meant.next(finer(image_HW3, grid), rough_EHW)
                candidates_E = [
                    propose(
                        logits_HW,
                        believed,
                        image_HW3.shape[:2],
                        one=one,
                        threshold=self.threshold,
                    )
                    for logits_HW, believed, one in zip(maps_EHW, believed_E, one_E, strict=True)
                ]
                absent_E = [_ABSENT * (1 - believed) for believed in believed_E]
                yield Look(image_HW3, candidates_E, absent_E, logits_EHW, presence_E)

    def _believed(self, presence: float) -> float:
        """Return a presence as a score: a half where it is at the segmenter's threshold."""
        least = min(max(self.presence_threshold, 1e-3), 1 - 1e-3)
        there, gone = presence * (1 - least), (1 - presence) * least
        return there / (there + gone)

    def _look_closer(
        self, frames: Iterator[Grounded[Look]], e: int, sentences: list[str], helpers: Helpers
    ) -> Iterator[tuple[Region, Float32Array]]:
        """Ask about a sentence's part of each frame, and return which that is and its logits_HW."""
        framing, regions = Framing(), deque[Region]()

        def crops() -> Iterator[UInt8Array]:
            for frame in frames:
                image_HW3 = frame.found.image_HW3
                regions.append(framing.next(frame.boxes[e], image_HW3.shape[:2]))
                yield crop(image_HW3, regions[-1])

        # Of all sentences together no more windows are on the way than of one.
        ahead = helpers.ahead // len(sentences)
        for answers in self._ask(crops(), self.views([sentences[e]]), helpers, ahead=ahead):
            for logits_HW in answers.logits_ETHW[0].float().cpu().numpy():
                yield regions.popleft(), logits_HW


class UnlinkedSegmenter(GroundedSegmenter):
    """The same without the link: each frame's best candidate, whatever its neighbours say."""

    lag = 0
    steps = NO_LINK


class _Together:
    """Puts both looks at the frames of a video together.

    Args:
        segmenter: whose thresholds and quality are used.
        sentences: E sentences.
    """

    def __init__(self, segmenter: Segmenter, sentences: list[str]) -> None:
        self._segmenter, self._sentences = segmenter, sentences
        self._finisher = Finisher(segmenter.quality, segmenter.threshold, sentences)
        self._before_E: list[Float32Array | None] = [None] * len(sentences)
        self._count = 0

    def next(
        self,
        frame: Grounded[Look],
        closer_E: list[tuple[Region, Float32Array]],
        grid: tuple[int, int],
    ) -> Prediction:
        """Return what is said of the next frame, a prediction of T = 1.

        What is far from a chosen box isn't its object, and without one there is none.

        Args:
            frame: with what was said at the first look.
            closer_E: for each sentence, which part was looked at closer and logits_HW of it.
            grid: height and width of the maps to finish on.
        """
        look, boxes_E = frame.found, frame.boxes
        size, fine = look.image_HW3.shape[:2], (_FINER * grid[0], _FINER * grid[1])
        maps_EHW = np.stack(
            [
                np.where(near(box_4, size, fine), put_back(map_HW, *closer), _ELSEWHERE)
                for map_HW, closer, box_4 in zip(
                    resized(look.logits_EHW, fine).numpy(), closer_E, boxes_E, strict=True
                )
            ]
        ).astype(np.float32)
        probability_EHW = self._finisher.finish(
            look.image_HW3, torch.from_numpy(maps_EHW), grid, self._anew(boxes_E)
        ).numpy()
        near_EHW = np.stack([near(box_4, size, size) for box_4 in boxes_E])
        # What was chosen is to be seen, and what wasn't isn't, whatever its frame alone says.
        least = np.float32(self._segmenter.presence_threshold)
        below = np.maximum(np.nextafter(least, np.float32(0)), 0)
        chosen_E = np.array([box_4 is not None for box_4 in boxes_E])
        presence_E = np.where(
            chosen_E, np.maximum(look.presence_E, least), np.minimum(look.presence_E, below)
        )
        self._count += 1
        return Prediction(
            sentences=self._sentences,
            probability_ETHW=(probability_EHW * near_EHW).astype(np.float16)[:, None],
            presence_ET=presence_E[:, None],
            threshold=self._segmenter.threshold,
            presence_threshold=self._segmenter.presence_threshold,
            first_frame=self._count - 1,
        )

    def _anew(self, boxes_E: list[Float32Array | None]) -> list[bool]:
        """Return for which sentences the frame before says nothing: another object was chosen."""
        anew = [
            box_4 is None or before_4 is None or overlap_of(box_4, before_4) < _ANOTHER
            for box_4, before_4 in zip(boxes_E, self._before_E, strict=True)
        ]
        self._before_E = boxes_E
        return anew


def _fan_out(items: Iterator[Item], readers: int) -> list[Iterator[Item]]:
    """Give the same items to several readers; what all have read is forgotten at once.

    ``itertools.tee`` keeps up to 57 more, and these are frames.
    """
    unread: list[deque[Item]] = [deque() for _ in range(readers)]

    def read(mine: deque[Item]) -> Iterator[Item]:
        while True:
            if not mine:
                try:
                    item = next(items)
                except StopIteration:
                    return
                for queue in unread:
                    queue.append(item)
            yield mine.popleft()

    return [read(queue) for queue in unread]
