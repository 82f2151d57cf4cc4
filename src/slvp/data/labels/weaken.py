"""Weak labels from masks: what annotators would have given who had less time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context

import cv2
import numpy as np
from tqdm import tqdm

from slvp.data.benchmarks.records import BenchmarkExpression, Group, Masks, sequences_of
from slvp.data.labels.kinds import WeakKind
from slvp.data.labels.records import Box, Label, Outlined, Point, VideoLabels
from slvp.processes import process_count
from slvp.types import BoolArray


def weaken(
    masks: Masks,
    frames: Sequence[int],
    object_ids: Iterable[int],
    kind: WeakKind,
    *,
    every: int = 1,
) -> VideoLabels:
    """Label a video's objects by their masks; same masks, same labels.

    Pixels that nobody is to be judged by belong to no object.

    Args:
        masks: of the video's objects.
        frames: ascending indices of the annotated frames, at least one.
        object_ids: the objects to label.
        kind: ``box`` is the smallest rectangle around an object, ``point`` the pixel deepest inside
            it, ``first-frame`` its mask in the first frame that shows it.
        every: label each n-th of the annotated frames only, counted from the first.

    Raises:
        UserError: a frame's masks can't be read.
    """
    found: dict[int, dict[int, Label]] = {one: {} for one in sorted(object_ids)}
    once = kind == "first-frame"
    label = _LABEL[kind]
    looked_at = tuple(frames[::every])
    for t in looked_at:
        objects = masks.read(t)
        void_HW = objects.void()
        for object_id, labels in found.items():
            if once and labels:
                continue
            mask_HW = objects.mask((object_id,))
            if void_HW is not None:
                mask_HW = mask_HW & ~void_HW
            if mask_HW.any():
                labels[t] = label(mask_HW)
        if once and all(found.values()):
            break
    return VideoLabels(
        kind=kind,
        size=objects.size,
        frames=found,
        labelled=looked_at[:1] if once else looked_at,
    )


def weaken_videos(
    expressions: Sequence[BenchmarkExpression],
    kind: WeakKind,
    *,
    every: int = 1,
    processes: int | None = None,
    progress: bool = False,
) -> dict[str, VideoLabels]:
    """Label the objects that sentences describe, by the masks of their videos.

    Args:
        expressions: with masks; those of a video stand together.
        kind: of labels, see ``weaken``.
        every: see ``weaken``.
        processes: how many videos to look at at a time; by default as many as there are processor
            cores, and one where there is little to do.
        progress: show a bar with the time left on stderr.

    Returns:
        Labels by the video's name, in the order of the expressions.

    Raises:
        UserError: masks can't be read.
    """
    groups = sequences_of(expressions)
    frames = sum(len(group[0].scored) for group in groups)
    # A frame takes a millisecond, about.
    count = process_count(processes, pieces=len(groups), work=frames, worthwhile=10_000)
    look = partial(_weaken_group, kind=kind, every=every)
    with ExitStack() as stack:
        labels: Iterator[VideoLabels] = map(look, groups)
        if count > 1:
            pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"))
            labels = stack.enter_context(pool).map(look, groups)
        bar = stack.enter_context(
            tqdm(labels, total=len(groups), unit="video", disable=not progress, dynamic_ncols=True)
        )
        return {group[0].sequence: one for group, one in zip(groups, bar, strict=True)}


def box_of(mask_HW: BoolArray) -> Box:
    """Return the smallest rectangle around a mask that isn't empty."""
    rows, columns = np.flatnonzero(mask_HW.any(1)), np.flatnonzero(mask_HW.any(0))
    left, top = int(columns[0]), int(rows[0])
    return Box(left, top, width=int(columns[-1]) - left + 1, height=int(rows[-1]) - top + 1)


def deepest_point(mask_HW: BoolArray) -> Point:
    """Return the pixel of a mask, not an empty one, that is farthest from all outside of it.

    Beyond the frame's edge is outside. Of several pixels it is the first in reading order.
    """
    box = box_of(mask_HW)
    inside_HW = mask_HW[box.top : box.top + box.height, box.left : box.left + box.width]
    # Around its box, all is outside of the mask.
    depth_HW = cv2.distanceTransform(
        np.pad(inside_HW, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    # Squares of these distances are whole numbers, so that equal ones are told for sure.
    y, x = np.unravel_index(np.argmax(np.rint(depth_HW**2)), depth_HW.shape)
    return Point(x=box.left + int(x) - 1, y=box.top + int(y) - 1)


_LABEL: dict[WeakKind, Callable[[BoolArray], Label]] = {
    "box": box_of,
    "point": deepest_point,
    "first-frame": Outlined.of,
}


def _weaken_group(group: Group, kind: WeakKind, every: int) -> VideoLabels:
    masks = group[0].masks
    assert masks is not None
    frames = sorted({t for one in group for t in one.scored})
    object_ids = {number for one in group for number in one.object_ids}
    return weaken(masks, frames, object_ids, kind, every=every)
