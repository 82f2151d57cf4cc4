"""Batches of clips with pseudo masks, cut from a benchmark's videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch

from slvp.data.benchmark_clips import BenchmarkClips
from slvp.data.benchmarks.records import BenchmarkExpression, Group
from slvp.data.flow import SceneFlow
from slvp.data.labels.records import Box
from slvp.data.pseudo_masks.priors import box_mask
from slvp.data.pseudo_masks.scene import chosen_frames
from slvp.data.pseudo_masks.store import PseudoMasks, path_of, read_pseudo_masks
from slvp.types import Sample, UInt8Array

_UNKNOWN = 255  # of a frame's map of boxes: nobody has labelled it
_VIDEOS = 64  # whose pseudo masks are kept in memory

_FLOW = SceneFlow(subtract_camera=False)


@dataclass
class WeakClips(BenchmarkClips):
    """The same as benchmark clips, with pseudo masks and boxes in place of masks.

    Of each sample, ``masks_ETHW`` is the likelier side of the pseudo masks, ``trust_ETHW`` how sure
    they are, ``boxes_ETHW`` the boxes of the labels, and ``flow_T2HW`` takes pixels to the next
    frame. Nothing but ``labels`` of the expressions is looked at.

    Attributes:
        pseudo: folder of the pseudo masks, a file for each video.
        most_frames: of a video that have pseudo masks.
    """

    pseudo: Path = field(kw_only=True)
    most_frames: int = field(kw_only=True)

    def __post_init__(self) -> None:
        self.expressions = [
            replace(one, scored=pseudo_frames(one, self.most_frames)) for one in self.expressions
        ]
        super().__post_init__()

    def _has_windows(self) -> bool:
        """Chosen frames lie evenly."""
        return any(len(one.scored) > 1 for one in self.expressions)

    def _maps(
        self, asked: Group, window_T: Sequence[int], size: tuple[int, ...]
    ) -> tuple[UInt8Array, ...]:
        """Return likely masks, their probability, and boxes: 1 inside, 0 outside, 255 unknown."""
        pseudo = _read(path_of(self.pseudo, asked[0].sequence))
        places = np.searchsorted(pseudo.frames, window_T)
        probability = [
            [
                cv2.resize(map_HW, size[::-1], interpolation=cv2.INTER_LINEAR)
                for map_HW in pseudo.of(pseudo_names(one), places)
            ]
            for one in asked
        ]
        boxes = [[_boxes(one, frame, size) for frame in window_T] for one in asked]
        probability_ETHW = np.array(probability, np.uint8)
        likely_ETHW = (probability_ETHW > 127).astype(np.uint8)
        return likely_ETHW, probability_ETHW, np.array(boxes, np.uint8)

    def _with_targets(self, sample: Sample, frames_THWC: UInt8Array, *maps: UInt8Array) -> Sample:
        likely_ETHW, probability_ETHW, boxes_ETHW = (torch.from_numpy(one).float() for one in maps)
        flow_T2HW, valid_THW = _flow(frames_THWC)
        return replace(
            sample,
            masks_ETHW=likely_ETHW,
            trust_ETHW=(2 * probability_ETHW / 255 - 1).abs(),
            boxes_ETHW=boxes_ETHW.where(boxes_ETHW < _UNKNOWN, -1.0),
            flow_T2HW=flow_T2HW,
            valid_THW=valid_THW,
        )


def pseudo_frames(expression: BenchmarkExpression, most: int) -> tuple[int, ...]:
    """Return the frames of an expression's video that have pseudo masks.

    Args:
        expression: with labels.
        most: frames of a video.
    """
    assert expression.labels is not None
    of_objects = expression.labels.frames.values()
    labelled = {*expression.labels.labelled, *(frame for one in of_objects for frame in one)}
    return chosen_frames(len(expression.frames.names), sorted(labelled), most)


def pseudo_names(expression: BenchmarkExpression) -> tuple[str, ...]:
    """Return the names of the pseudo masks that make up what a sentence describes."""
    assert expression.labels is not None
    if expression.labels.kind == "sentence" and expression.object_ids:
        return (f"sentence {expression.annotation_set} {expression.expression_id}",)
    return tuple(str(one) for one in expression.object_ids)


@lru_cache(_VIDEOS)
def _read(path: Path) -> PseudoMasks:
    return read_pseudo_masks(path)


def _boxes(expression: BenchmarkExpression, frame: int, size: tuple[int, ...]) -> UInt8Array:
    """Return the boxes of an expression's objects in a frame, as a map."""
    labels = expression.labels
    assert labels is not None
    boxes_HW = np.zeros(size, np.uint8)
    for one in expression.object_ids:
        label = labels.frames.get(one, {}).get(frame)
        if isinstance(label, Box):
            boxes_HW[box_mask(label, size)] = 1
        elif frame not in labels.labelled or labels.kind != "box":
            return np.full(size, _UNKNOWN, np.uint8)
    return boxes_HW


def _flow(frames_THWC: UInt8Array) -> tuple[torch.Tensor, torch.Tensor]:
    """Return flow_T2HW to the next frame, and valid_THW; of the last frame nothing is known."""
    frames, height, width, _ = frames_THWC.shape
    flow_T2HW, valid_THW = torch.zeros(frames, 2, height, width), torch.zeros(frames, height, width)
    if frames > 1:
        flow_THW2, trusted_THW = _FLOW(frames_THWC)
        flow_T2HW[:-1] = torch.from_numpy(flow_THW2).permute(0, 3, 1, 2)
        valid_THW[:-1] = torch.from_numpy(trusted_THW).float()
    return flow_T2HW, valid_THW
