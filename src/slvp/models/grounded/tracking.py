"""Boxes to masks that are followed over time: transformers' SAM 2 for videos.

Ravi et al., 2024, "SAM 2: Segment Anything in Images and Videos".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import nn

from slvp.models.grounded.candidates import box_of, overlap_of
from slvp.models.grounded.prompting import BoxMasks
from slvp.types import Float32Array, UInt8Array

_AGREES = 0.5
"""Intersection over union of the box given and the tracked mask's, below which the box is right.

Our own choice, as is asking it at all. The boxes given were chosen with the whole video in view;
what is tracked knows the past alone, and once it has slipped to another object, its memory keeps
it there. A box that merely fits loosely (a detector's box of a limb less, a shadow more) should
not cost the object its memory, though, and 0.5 is what detection counts as the same object.
"""


class VideoPrompter(nn.Module):
    """Segments what boxes hold, and follows it from there.

    A box prompts an object's first frame. It prompts again, and what was remembered of the object
    is forgotten, where the tracked mask has left its box (see ``_AGREES``), and in the first frame
    with a box after some without: while it was hidden, nothing was followed.

    Args:
        model: transformers' SAM 2 for videos.
        processor: what prepares its pictures and boxes.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__()
        self.model, self.processor = model, processor

    def begin(self, objects: int) -> BoxMasks:
        """Return what segments ``objects`` objects of a video."""
        return Tracks(self.model, self.processor, objects)


class Tracks:
    """The objects of one video; see :class:`VideoPrompter`.

    Each object has a session of its own. In one for all, a prompt of one object would harden the
    masks that are remembered of all others, and none could be forgotten.

    Attributes:
        sessions: of every object, transformers' record of what is remembered; None where the
            object has no box.
        prompts: how often each object was prompted.
    """

    def __init__(self, model: Any, processor: Any, objects: int) -> None:
        self._model, self._processor = model, processor
        self.sessions: list[Any | None] = [None] * objects
        self.prompts = [0] * objects
        self._frame = -1
        # Holds what the model sees in the current frame, for all objects.
        self._seen = self._session().cache

    def _session(self) -> Any:
        return self._processor.init_video_session(
            inference_device=self._model.device, dtype=self._model.dtype
        )

    def next(self, image_HW3: UInt8Array, boxes: Sequence[Float32Array | None]) -> torch.Tensor:
        """Return probability_EHW of the next frame; see :class:`BoxMasks`."""
        self._frame += 1
        size = image_HW3.shape[:2]
        probability_EHW = torch.zeros(len(boxes), *size)
        if all(box is None for box in boxes):
            self.sessions = [None] * len(boxes)
            return probability_EHW
        inputs = self._processor(images=Image.fromarray(image_HW3), return_tensors="pt")
        pixels_CHW = inputs["pixel_values"][0]
        for number, box in enumerate(boxes):
            if box is None:
                self.sessions[number] = None
            else:
                probability_EHW[number] = self._follow(number, pixels_CHW, size, box)
        return probability_EHW

    def _follow(
        self, number: int, pixels_CHW: torch.Tensor, size: tuple[int, int], box: Float32Array
    ) -> torch.Tensor:
        session = self.sessions[number]
        if session is not None:
            probability_HW = self._segment(session, pixels_CHW, size)
            tracked = box_of((probability_HW > 0.5).numpy())
            if tracked is not None and overlap_of(tracked, box) >= _AGREES:
                return probability_HW
        session = self._session()
        session.cache = self._seen
        self._processor.add_inputs_to_inference_session(
            session, self._frame, [0], input_boxes=[[box.tolist()]], original_size=size
        )
        self.sessions[number] = session
        self.prompts[number] += 1
        return self._segment(session, pixels_CHW, size)

    def _segment(
        self, session: Any, pixels_CHW: torch.Tensor, size: tuple[int, int]
    ) -> torch.Tensor:
        output = self._model(session, frame_idx=self._frame, frame=pixels_CHW)
        self._forget(session)
        logits = self._processor.post_process_masks(
            [output.pred_masks.float().cpu()], original_sizes=[size], binarize=False
        )
        return logits[0][0, 0].sigmoid()

    def _forget(self, session: Any) -> None:
        """Drop from a session what no later frame looks at; it would keep all frames otherwise.

        Of the prompted frame, and of some before the next one, its memory is asked for; of some
        more only a pointer that says what the object is.
        """
        config = self._model.config
        session.processed_frames.clear()
        session.point_inputs_per_obj[0].clear()
        session.frames_tracked_per_obj[0].clear()
        prompted, tracked = session.output_dict_per_obj[0].values()
        for output in (*prompted.values(), *tracked.values()):
            output.pop("pred_masks", None)
            output.pop("high_res_masks", None)
        for frame in list(tracked):
            age = self._frame + 1 - frame  # in the next frame
            if age >= config.num_maskmem:
                tracked[frame].pop("maskmem_features", None)
                tracked[frame].pop("maskmem_pos_enc", None)
            if age >= max(config.num_maskmem, config.max_object_pointers_in_encoder):
                del tracked[frame]
