"""From a frame's blended logits to probabilities at the frame's size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from slvp.data.colour_histograms import colour_bins
from slvp.data.guided import apply_to_colours, centred, fit_to_colours, guide_terms
from slvp.segmenter.choosing import Chooser
from slvp.segmenter.colours import ColourMemory
from slvp.segmenter.following import Follower, finer, shrink
from slvp.segmenter.quality import Quality
from slvp.segmenter.specks import names_one, specks
from slvp.segmenter.wishes import Wish, wish_of
from slvp.types import Float32Array, UInt8Array

STRIDE = 4
"""Pixels of the model's input per place of the maps that are followed and refined. Finer maps are
averaged: outlines come from the picture."""

RADIUS = 3
EPSILON = 5e-5
COLOUR = 0.7
"""How much colours say beside the model, both being logits."""


class Meant:
    """Makes maps agree with those of the frame before, and drops what sentences don't mean.

    Args:
        quality: which of both to do.
        threshold: probability above which a pixel belongs to the object.
        sentences: what is asked.
    """

    def __init__(self, quality: Quality, threshold: float, sentences: Sequence[str]) -> None:
        self._follower = Follower() if quality.follow else None
        self._choosers = [
            Chooser(
                wish_of(sentence) if quality.choose and names_one(sentence) else Wish(), threshold
            )
            for sentence in sentences
        ]

    def next(
        self, fine_HW3: UInt8Array, maps_EHW: Float32Array, anew_E: Sequence[bool] = ()
    ) -> Float32Array:
        """Return the next frame's maps.

        Args:
            fine_HW3: the frame, as ``finer`` makes it for the maps.
            maps_EHW: its logits, of the same size for all frames of the video.
            anew_E: for which sentences the frame before says nothing; of none by default.
        """
        motion_HW2 = None
        if self._follower is not None:
            maps_EHW = self._follower.follow(fine_HW3, maps_EHW, anew_E)
            motion_HW2 = self._follower.motion_HW2
        small_HW3 = shrink(fine_HW3, *maps_EHW.shape[1:])
        return np.stack(
            [
                chooser.choose(map_HW, small_HW3, motion_HW2)
                for chooser, map_HW in zip(self._choosers, maps_EHW, strict=True)
            ]
        )


class Finisher:
    """Does what a quality asks for, frame by frame, for all sentences of one video.

    Args:
        quality: what to do.
        threshold: probability above which a pixel belongs to the object.
        sentences: what is asked.
    """

    def __init__(self, quality: Quality, threshold: float, sentences: Sequence[str]) -> None:
        self._threshold = threshold
        self._one_E = [names_one(sentence) for sentence in sentences]
        self._refine = quality.refine
        self._meant = Meant(quality, threshold, sentences)
        self._colours = [ColourMemory() for _ in sentences]
        self._works_on_maps = quality.follow or quality.refine or quality.choose

    def finish(
        self,
        image_HW3: UInt8Array,
        logits_EHW: torch.Tensor,
        grid: tuple[int, int],
        anew_E: Sequence[bool] = (),
    ) -> torch.Tensor:
        """Return the next frame's probability_EHW, float32, at the frame's size.

        Args:
            image_HW3: the frame.
            logits_EHW: what the model says, at any stride.
            grid: height and width of the maps to work on.
            anew_E: for which sentences the frame before says nothing; of none by default.
        """
        if not self._works_on_maps:
            return resized(logits_EHW, image_HW3.shape[:2]).sigmoid()
        fine_HW3, rough_EHW = finer(image_HW3, grid), resized(logits_EHW, grid)
        maps_EHW = self._meant.next(fine_HW3, rough_EHW.float().cpu().numpy(), anew_E)
        if not self._refine:
            return resized(torch.from_numpy(maps_EHW), image_HW3.shape[:2]).sigmoid()
        return torch.from_numpy(self._refined(image_HW3, shrink(fine_HW3, *grid), maps_EHW))

    def _refined(
        self, image_HW3: UInt8Array, small_HW3: UInt8Array, maps_EHW: Float32Array
    ) -> Float32Array:
        bins_HW, terms_HWC = colour_bins(small_HW3), guide_terms(centred(small_HW3))
        picture_HW3 = centred(image_HW3)
        refined = []
        for memory, one, map_HW in zip(self._colours, self._one_E, maps_EHW, strict=True):
            evidence_HW = memory.evidence(bins_HW, _sigmoid(map_HW))
            rough_HW = _sigmoid(map_HW + np.float32(COLOUR) * evidence_HW)
            # Where the model is sure, there is no outline: what it isn't sure of decides the fit.
            weights_HW = np.reciprocal(np.abs(2 * rough_HW - 1) + np.float32(0.1))
            function_HW4 = fit_to_colours(terms_HWC, rough_HW, weights_HW, RADIUS, EPSILON)
            probability_HW = np.clip(apply_to_colours(function_HW4, picture_HW3), 0, 1)
            if one:
                probability_HW[specks(probability_HW, self._threshold)] = 0
            refined.append(probability_HW)
        return np.stack(refined)


def resized(logits_EHW: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
    """Return maps at another size; averaged where that is smaller."""
    if logits_EHW.shape[1:] == size:
        return logits_EHW
    shrinks = logits_EHW.shape[1] > size[0]
    return F.interpolate(
        logits_EHW[None], size=size, mode="bilinear", align_corners=False, antialias=shrinks
    )[0]


def _sigmoid(logits: Float32Array) -> Float32Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float32)
