"""From a video, its labels and what a model says to pseudo masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from slvp.data.labels.records import Label, VideoLabels
from slvp.data.pseudo_masks.evidence import Looks
from slvp.data.pseudo_masks.outlining import outlined
from slvp.data.pseudo_masks.priors import Prior, prior_of
from slvp.data.pseudo_masks.scene import Scene
from slvp.types import BoolArray, Float32Array, UInt8Array

TEACHER = 0.5
"""How much a model's log-odds count beside those of the label, colour and motion."""

_SURE = 4.0  # of a model, in log-odds, at most
_KEEPS = 0.8  # what is left of an answer a frame further, in log-odds
_STILL = 1.5  # log-odds of what doesn't move, where motion is all that is known
_MOVING = 1.0  # of it, in hundredths of the longer side a frame: as likely as not


def make_pseudo_masks(
    scene: Scene,
    chosen: Sequence[int],
    labels: VideoLabels,
    objects: Sequence[int],
    teacher: Mapping[int, Float32Array],
) -> UInt8Array:
    """Make the pseudo masks of some objects.

    In labelled frames the label says what is certain. What is found there is carried along the flow
    to the others, where it is no more than likely.

    Args:
        scene: the chosen frames.
        chosen: their indices in the video, ascending.
        labels: of the video.
        objects: that are labelled.
        teacher: by object, probability_THW that a model gives; of none or of some objects.

    Returns:
        probability_NTHW, uint8: 255 is certainly the object's.
    """
    looks = Looks(scene.frames_THWC, scene.motion_THW2)
    found = []
    for one in objects:
        priors = _priors(scene, chosen, labels, one)
        more_THW = np.zeros(scene.frames_THWC.shape[:3], np.float32)
        if one in teacher:
            more_THW += np.float32(TEACHER) * _log_odds(teacher[one])
        found.append(_settled(scene, looks, priors, more_THW))
    return np.stack(found)


def make_from_sentence(scene: Scene, teacher_THW: Float32Array | None) -> UInt8Array:
    """Make the pseudo mask of what a sentence describes, of which nothing else is known.

    Args:
        scene: frames of the video.
        teacher_THW: probability that a model gives; None takes what moves for the object.

    Returns:
        probability_THW, uint8.
    """
    looks = Looks(scene.frames_THWC, scene.motion_THW2)
    if teacher_THW is None:
        speed_THW = np.linalg.norm(scene.motion_THW2, axis=-1)
        logit_THW = np.float32(_STILL) * np.clip(speed_THW / _MOVING - 1, -1, 1)
    else:
        logit_THW = _log_odds(teacher_THW)
    nothing_THW = np.zeros(logit_THW.shape, np.bool_)
    probability_THW = looks.settle(logit_THW.astype(np.float32), nothing_THW, nothing_THW)
    boxes: list[BoolArray | None] = [None] * len(logit_THW)
    return _with_outlines(scene, probability_THW, nothing_THW, nothing_THW, boxes)


def _priors(
    scene: Scene, chosen: Sequence[int], labels: VideoLabels, one: int
) -> list[Prior | None]:
    """Return what the label says in each frame; None in frames without one."""
    labelled = set(labels.labelled)
    of_object = labels.frames.get(one, {})
    priors: list[Prior | None] = []
    for t, frame in enumerate(chosen):
        label: Label | None = of_object.get(frame)
        if label is None and frame not in labelled:
            priors.append(None)
            continue
        others = [of[frame] for other, of in labels.frames.items() if other != one and frame in of]
        motion_HW2 = scene.motion_THW2[t]
        priors.append(prior_of(label, others, scene.frames_THWC[t], motion_HW2, scene.scale))
    return priors


def _settled(
    scene: Scene, looks: Looks, priors: Sequence[Prior | None], more_THW: Float32Array
) -> UInt8Array:
    """Return probability_THW of an object, from its priors and what else is known in log-odds."""
    known = [t for t, prior in enumerate(priors) if prior is not None]
    logit_THW = more_THW.copy()
    inside_THW, outside_THW = np.zeros((2, *logit_THW.shape), np.bool_)
    for t, prior in enumerate(priors):
        if prior is not None:
            logit_THW[t] += prior.logit_HW
            inside_THW[t], outside_THW[t] = prior.inside_HW, prior.outside_HW
    if 0 < len(known) < len(priors):
        of_known_KHW = looks.of(known).settle(
            logit_THW[known], inside_THW[known], outside_THW[known]
        )
        logit_THW += _carried(scene, dict(zip(known, _log_odds(of_known_KHW), strict=True)))
    probability_THW = looks.settle(logit_THW, inside_THW, outside_THW)
    boxes = [None if prior is None else prior.box_HW for prior in priors]
    return _with_outlines(scene, probability_THW, inside_THW, outside_THW, boxes)


def _with_outlines(
    scene: Scene,
    probability_THW: Float32Array,
    inside_THW: BoolArray,
    outside_THW: BoolArray,
    boxes: Sequence[BoolArray | None],
) -> UInt8Array:
    finished = map(outlined, scene.frames_THWC, probability_THW, inside_THW, outside_THW, boxes)
    return np.stack([np.round(255 * one_HW) for one_HW in finished]).astype(np.uint8)


def _carried(scene: Scene, known: Mapping[int, Float32Array]) -> Float32Array:
    """Carry log-odds of some frames along the flow to all others; zero in the known ones.

    A frame between two known ones gets the mean of both. The further, the less is left.
    """
    frames = len(scene.frames_THWC)
    total_THW = np.zeros(scene.frames_THWC.shape[:3], np.float32)
    count_T = np.zeros(frames, np.float32)
    for order in (range(frames), range(frames - 1, -1, -1)):
        at_hand_HW: Float32Array | None = None
        before = -1
        for t in order:
            if t in known:
                at_hand_HW = known[t]
            elif at_hand_HW is not None:
                at_hand_HW = np.float32(_KEEPS) * _moved(scene, at_hand_HW, before, t)
                total_THW[t] += at_hand_HW
                count_T[t] += 1
            before = t
    return np.asarray(total_THW / np.maximum(count_T, 1)[:, None, None], np.float32)


def _moved(scene: Scene, values_HW: Float32Array, source: int, target: int) -> Float32Array:
    """Take what was said of a frame to the next one, or the one before."""
    ahead = target > source
    flow_HW2 = scene.flow_THW2[source] if ahead else scene.flow_THW2[target]
    height, width = values_HW.shape
    y_HW, x_HW = np.mgrid[:height, :width].astype(np.float32)
    # Forward, where a pixel comes from is told by the flow at the place where it arrives.
    sign = np.float32(-1 if ahead else 1)
    return np.asarray(
        cv2.remap(
            values_HW,
            x_HW + sign * flow_HW2[..., 0],
            y_HW + sign * flow_HW2[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _log_odds(probability: Float32Array) -> Float32Array:
    bounded = np.clip(probability, 1e-4, 1 - 1e-4)
    return np.clip(np.log(bounded / (1 - bounded)), -_SURE, _SURE).astype(np.float32)
