"""Boxes to masks, frame by frame: transformers' promptable segmenters of pictures.

- SAM: Kirillov et al., 2023, "Segment Anything"; SAM-HQ: Ke et al., 2023, "Segment Anything in
  High Quality"; SAM 2: Ravi et al., 2024, "SAM 2: Segment Anything in Images and Videos".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from PIL import Image
from torch import nn

from slvp.models.grounded.detecting import moved
from slvp.types import Float32Array, UInt8Array


class BoxMasks(Protocol):
    """Masks of one video's objects, frame after frame."""

    def next(self, image_HW3: UInt8Array, boxes: Sequence[Float32Array | None]) -> torch.Tensor:
        """Return probability_EHW (float32, CPU, frame size) of the next frame.

        Args:
            image_HW3: the frame, uint8 RGB.
            boxes: of each object left, top, right, bottom in pixels; None where it isn't there,
                which gives zeros.
        """
        ...


class ImagePrompter(nn.Module):
    """Segments what boxes hold, every frame by itself.

    Args:
        model: one of transformers' models for mask generation.
        processor: what prepares its pictures and boxes.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__()
        self.model, self.processor = model, processor

    def begin(self, objects: int) -> BoxMasks:
        """Return what segments ``objects`` objects of a video."""
        return _FrameByFrame(self)

    @torch.no_grad()
    def masks(self, image_HW3: UInt8Array, boxes: Sequence[Float32Array]) -> torch.Tensor:
        """Return probability_EHW of what each of E boxes, at least one, holds."""
        inputs = self.processor(
            images=Image.fromarray(image_HW3),
            input_boxes=[[box.tolist() for box in boxes]],
            return_tensors="pt",
        )
        sizes = {
            name: inputs.pop(name)
            for name in ("original_sizes", "reshaped_input_sizes")
            if name in inputs
        }
        output = self.model(**moved(inputs, self.model))
        # Of each box, several: whole, part, part of a part.
        best_E = output.iou_scores[0].argmax(-1).cpu()
        logits_EHW = output.pred_masks[0].float().cpu()[torch.arange(len(best_E)), best_E]
        resized = self.processor.post_process_masks([logits_EHW[:, None]], **sizes, binarize=False)
        return resized[0][:, 0].sigmoid()


class _FrameByFrame:
    def __init__(self, prompter: ImagePrompter) -> None:
        self._prompter = prompter

    def next(self, image_HW3: UInt8Array, boxes: Sequence[Float32Array | None]) -> torch.Tensor:
        probability_EHW = torch.zeros(len(boxes), *image_HW3.shape[:2])
        there = {number: box for number, box in enumerate(boxes) if box is not None}
        if there:
            probability_EHW[list(there)] = self._prompter.masks(image_HW3, list(there.values()))
        return probability_EHW
