"""Objects whose masks are given in a frame, followed through a video; with or without sentences.

How well a sentence does against a first frame's mask, and both together, was asked by Khoreva,
Rohrbach and Schiele, "Video Object Segmentation with Language Referring Expressions" (ACCV 2018).
The method here is our own choice of known parts, none of which is trained: what an object looks
like (:mod:`slvp.segmenter.target`), where it was (:mod:`slvp.segmenter.affinity`) and, where there
is a sentence, what the model says. All speak in log-odds, or in proportion to them, and are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from slvp.segmenter.affinity import GivenFrame, NewestFrame
from slvp.segmenter.finishing import Finisher, resized
from slvp.segmenter.first_masks import FirstMask, check_sizes
from slvp.segmenter.places import Places
from slvp.segmenter.quality import Quality
from slvp.segmenter.target import TargetModel
from slvp.types import UInt8Array

_NEVER = -12.0  # logit of what isn't there yet
_DOUBT = 0.01  # of shares: however plain it is where an object was, it isn't proof


@dataclass(frozen=True)
class Weights:
    """By what the parts are multiplied before they are added.

    Attributes:
        looks: what was learnt of looks as the video went by.
        first_looks: looks in the frame whose mask is given.
        place: where the object was in the frame before.
        anywhere: which places of the frame whose mask is given look alike.
        sentence: what the model says.
    """

    looks: float
    first_looks: float
    place: float
    anywhere: float
    sentence: float = 0.0


MASK = Weights(looks=5.0, first_looks=1.0, place=0.9, anywhere=0.5)
BOTH = Weights(looks=4.0, first_looks=1.0, place=0.9, anywhere=0.5, sentence=0.8)
"""What did best on development clips: see ``docs/first-mask.md``."""


class MaskFollower:
    """Finishes the frames of one video in order, as :class:`Finisher` does, and follows masks.

    Objects whose masks are given in the same frame and don't overlap there stay apart: a pixel is
    of one of them at most.

    Args:
        quality: what to do for better masks. Which of several things is meant, a mask has said.
        threshold: probability above which a pixel belongs to the object.
        sentences: E sentences, empty where there is a mask alone.
        masks: E masks, None where there is a sentence alone.
    """

    def __init__(
        self,
        quality: Quality,
        threshold: float,
        sentences: Sequence[str],
        masks: Sequence[FirstMask | None],
    ) -> None:
        self._masks = masks
        self._asked_E = np.array([sentence != "" for sentence in sentences])
        self._alone_E = np.array([mask is None for mask in masks])
        # What is begun in the same frame is finished together: where it was before is known of all
        # or of none.
        self._begun_in: dict[int, list[int]] = {}
        for e, mask in enumerate(masks):
            self._begun_in.setdefault(mask.frame if mask else 0, []).append(e)
        self._finishers = {
            begin: Finisher(quality, threshold, ["" if masks[e] else sentences[e] for e in objects])
            for begin, objects in self._begun_in.items()
        }
        self._frame = 0
        self._rivals_EE = torch.zeros(len(masks), len(masks), dtype=torch.bool)
        self._places: Places | None = None
        self._targets: dict[int, TargetModel] = {}
        self._given: dict[int, GivenFrame] = {}
        self._newest: NewestFrame | None = None

    def finish(
        self,
        image_HW3: UInt8Array,
        levels: Sequence[torch.Tensor],
        logits_AHW: torch.Tensor,
        presence_A: torch.Tensor,
        grid: tuple[int, int],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next frame's probability_EHW at the frame's size, and presence_E.

        In the frame in which a mask is given, it is the answer.

        Args:
            image_HW3: the frame.
            levels: its features at strides 4 to 32, each CHW.
            logits_AHW: what the model says of the A sentences that aren't empty, at any stride.
            presence_A: in 0..1, likewise.
            grid: height and width of the maps to work on: those of stride 4.

        Raises:
            UserError: a mask hasn't the size of the frame.
        """
        if self._places is None:
            check_sizes(self._masks, image_HW3.shape[:2])
            self._rivals_EE = _rivals(self._masks)
            self._places = Places(levels)
        seen = self._places.see(levels)
        given = {
            e: torch.from_numpy(mask.mask_HW).float()
            for e, mask in enumerate(self._masks)
            if mask is not None and mask.frame == self._frame
        }
        maps_EHW = self._combined(seen, resized(logits_AHW, grid).float().cpu())
        for e, mask_HW in given.items():
            maps_EHW[e] = _logit(resized(mask_HW[None], grid)[0])
        maps_EHW = self._shared_out(maps_EHW)
        probability_EHW = torch.zeros(len(self._masks), *image_HW3.shape[:2])
        for begin, objects in self._begun_in.items():
            if begin <= self._frame:
                finisher = self._finishers[begin]
                probability_EHW[objects] = finisher.finish(image_HW3, maps_EHW[objects], grid)
        for e, mask_HW in given.items():
            probability_EHW[e] = mask_HW
        probability_EHW = self._kept_apart(probability_EHW)
        self._learn(seen, resized(probability_EHW, grid), list(given))
        self._frame += 1
        presence_E = probability_EHW.amax((1, 2))
        presence_E[self._alone_E] = presence_A.float().cpu()[self._alone_E[self._asked_E]]
        return probability_EHW, presence_E

    def _combined(self, seen: list[torch.Tensor], logits_AHW: torch.Tensor) -> torch.Tensor:
        """Return maps_EHW: for each object, what all parts say together."""
        said_EHW = logits_AHW.new_zeros((len(self._masks), *logits_AHW.shape[1:]))
        said_EHW[self._asked_E] = logits_AHW
        maps_EHW = torch.full_like(said_EHW, _NEVER)
        maps_EHW[self._alone_E] = said_EHW[self._alone_E]
        if self._newest is None:
            return maps_EHW
        looks_PC, ways_CHW = _looks(seen), _ways(seen)
        share_EHW = self._newest.tell(ways_CHW)
        for e, target in self._targets.items():
            weights = BOTH if self._asked_E[e] else MASK
            looks_P, first_looks_P = target.tell(looks_PC)
            told_P = weights.looks * looks_P + weights.first_looks * first_looks_P
            alike_HW = self._given[e].tell(ways_CHW)
            told_HW = told_P.view(alike_HW.shape) + weights.anywhere * _logit(alike_HW)
            maps_EHW[e] = (
                resized(told_HW[None], maps_EHW.shape[1:])[0]
                + weights.place * _logit(share_EHW[e])
                + weights.sentence * said_EHW[e]
            )
        return maps_EHW

    def _shared_out(self, maps_EHW: torch.Tensor) -> torch.Tensor:
        """Weigh each object's odds against those of its likeliest rival in each place."""
        odds_EHW = [
            map_HW - F.softplus(maps_EHW[rivals_E].amax(0)) if rivals_E.any() else map_HW
            for map_HW, rivals_E in zip(maps_EHW, self._rivals_EE, strict=True)
        ]
        return torch.stack(odds_EHW)

    def _kept_apart(self, probability_EHW: torch.Tensor) -> torch.Tensor:
        """Take from each object the pixels that are likelier a rival's, or as likely an earlier's.

        At the frame's size, as refined masks of neighbours may overlap by a pixel or two.
        """
        apart_EHW = probability_EHW.clone()
        for e, rivals_E in enumerate(self._rivals_EE):
            for rival in torch.nonzero(rivals_E)[:, 0].tolist():
                more_HW = probability_EHW[rival] > probability_EHW[e]
                if rival < e:
                    more_HW |= probability_EHW[rival] == probability_EHW[e]
                apart_EHW[e][more_HW] = 0
        return apart_EHW

    def _learn(
        self, seen: list[torch.Tensor], probability_EHW: torch.Tensor, given: list[int]
    ) -> None:
        looks_PC, ways_CHW = _looks(seen), _ways(seen)
        probability_EP = F.avg_pool2d(probability_EHW[None], 2)[0].flatten(1)
        for e, target in self._targets.items():
            target.learn(looks_PC, probability_EP[e])
        for e in given:
            self._targets[e] = TargetModel(looks_PC, probability_EP[e])
            self._given[e] = GivenFrame(ways_CHW, probability_EP[e])
        if self._targets:
            self._newest = NewestFrame(ways_CHW, probability_EHW)


def _looks(seen: list[torch.Tensor]) -> torch.Tensor:
    """Return what looks are told by: all levels, and 1."""
    looks_PC = torch.cat(seen).flatten(1).T
    return torch.cat([looks_PC, torch.ones_like(looks_PC[:, :1])], dim=1)


def _ways(seen: list[torch.Tensor]) -> torch.Tensor:
    """Return what places are found again by: the finest level, of few channels, says little."""
    return torch.cat(seen[1:])


def _rivals(masks: Sequence[FirstMask | None]) -> torch.Tensor:
    return torch.tensor(
        [
            [
                a is not None
                and b is not None
                and a.frame == b.frame
                and not (a.mask_HW & b.mask_HW).any()
                for b in masks
            ]
            for a in masks
        ]
    )


def _logit(share_HW: torch.Tensor) -> torch.Tensor:
    return torch.logit(share_HW.clamp(_DOUBT, 1 - _DOUBT))
