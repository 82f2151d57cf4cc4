"""Records that cross the boundaries between the parts, and the legend of shape letters.

Tensor and array names carry a suffix that spells their shape:

======  =====================================================================
letter  meaning
======  =====================================================================
B       clips of a batch
E       expressions (sentences) asked of them, all clips together
T       frames of a clip
N       queries of the language-as-query fusion (1 for vision as query)
L       words (tokens) of a sentence
C       channels
H, W    rows and columns of pixels, at the resolution that the text names
2       x and y (flow, in pixels per frame step; x to the right, y down)
======  =====================================================================

``frames_THWC`` is a clip of 8-bit RGB frames, ``flow_BT2HW`` a batch of flow fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Expression:
    """A sentence and the objects of a clip that it describes.

    ``object_ids`` are palette values of the clip's masks; empty where the sentence describes
    nothing in the clip. ``kind`` says what tells the object apart (``appearance``, ``place``,
    ``size``, ``relation``, ``motion``) or names the annotation set.
    """

    text: str
    object_ids: tuple[int, ...]
    kind: str = ""


@dataclass
class Clip:
    """A few frames with everything that is known about them. NumPy, CPU, 8-bit RGB.

    Attributes:
        frames_THWC: uint8 RGB.
        expressions: sentences that name objects of ``ids_THW``.
        captions: sentences that describe the clip as a whole (for pre-training).
        ids_THW: uint8 object ids, 0 is background; None where no mask is known.
        flow_THW2: float32 forward flow from frame t to frame t + 1, in pixels of this clip. The
            last frame has one, too (to the frame that would come next). None where not known.
        camera_T33: float32 homography that takes a still point of frame t to its place in frame
            t + 1, in pixels. None where not known.
        name: where the clip comes from, for messages and logs.
    """

    frames_THWC: UInt8Array
    expressions: tuple[Expression, ...] = ()
    captions: tuple[str, ...] = ()
    ids_THW: UInt8Array | None = None
    flow_THW2: Float32Array | None = None
    camera_T33: Float32Array | None = None
    name: str = ""


@dataclass
class Sample:
    """One training example: a clip as tensors, with the sentences that are asked of it.

    Attributes:
        frames_TCHW: float32 RGB in 0..1.
        sentences: E sentences.
        masks_ETHW: float32 in {0, 1}; None in pre-training.
        flow_T2HW: float32 target flow in pixels per frame step; None in fine-tuning.
        valid_THW: float32 in {0, 1}: pixels whose flow can be trusted; None in fine-tuning.
        name: where it comes from, for messages and logs.
        others: E sentences of other clips; or none.
    """

    frames_TCHW: torch.Tensor
    sentences: list[str]
    masks_ETHW: torch.Tensor | None = None
    flow_T2HW: torch.Tensor | None = None
    valid_THW: torch.Tensor | None = None
    trust_ETHW: torch.Tensor | None = None
    boxes_ETHW: torch.Tensor | None = None
    name: str = ""
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Skipped:
    """A sample that a batch should have had, and why it hasn't.

    Attributes:
        name: where it comes from.
        why: it can't be read, has no caption, nothing moves in it, or no window of it is free of
            scene cuts.
        reason: one sentence more about it.
    """

    name: str
    why: Literal["broken", "uncaptioned", "static", "cut"]
    reason: str = ""


@dataclass
class Batch:
    """Samples of equal size, stacked; the sentences of all clips in one list.

    ``clip_of_E`` (int64) says which of the B clips sentence e is asked of, so that vision runs
    once per clip however many sentences there are. ``names`` says where each clip comes from;
    ``skipped`` are the samples that should have been here, too. ``others`` has for each sentence
    one that another clip has (not one of this batch), or is empty.
    """

    frames_BTCHW: torch.Tensor
    sentences: list[str]
    clip_of_E: torch.Tensor
    masks_ETHW: torch.Tensor | None = None
    flow_BT2HW: torch.Tensor | None = None
    valid_BTHW: torch.Tensor | None = None
    trust_ETHW: torch.Tensor | None = None
    boxes_ETHW: torch.Tensor | None = None
    names: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    others: list[str] = field(default_factory=list)

    def to(self, device: torch.device | str) -> Batch:
        """Return the same batch with its tensors on ``device``."""

        def move(tensor: torch.Tensor | None) -> torch.Tensor | None:
            return None if tensor is None else tensor.to(device)

        return replace(
            self,
            frames_BTCHW=self.frames_BTCHW.to(device),
            clip_of_E=self.clip_of_E.to(device),
            masks_ETHW=move(self.masks_ETHW),
            flow_BT2HW=move(self.flow_BT2HW),
            valid_BTHW=move(self.valid_BTHW),
            trust_ETHW=move(self.trust_ETHW),
            boxes_ETHW=move(self.boxes_ETHW),
        )


@dataclass
class Prediction:
    """What the segmenter says of T frames and E sentences.

    Attributes:
        sentences: the E sentences, as asked.
        probability_ETHW: float16 in 0..1, at the resolution of the frames given.
        presence_ET: float32 in 0..1: is the object in this frame at all?
        threshold: probability above which a pixel belongs to the object.
        presence_threshold: presence below which a frame's mask is empty.
        first_frame: index of the first of the T frames in the video.
    """

    sentences: list[str]
    probability_ETHW: npt.NDArray[np.float16]
    presence_ET: Float32Array
    threshold: float = 0.5
    presence_threshold: float = 0.5
    first_frame: int = 0
    masks_ETHW: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        present_ET11 = (self.presence_ET >= self.presence_threshold)[:, :, None, None]
        self.masks_ETHW = (self.probability_ETHW > self.threshold) & present_ET11
