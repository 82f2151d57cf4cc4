"""Sentences to boxes of one picture: transformers' zero-shot object detectors.

- Grounding DINO: Liu et al., 2023, "Grounding DINO: Marrying DINO with Grounded Pre-Training for
  Open-Set Object Detection"; MM Grounding DINO: Zhao et al., 2024.
- OWL-ViT: Minderer et al., 2022, "Simple Open-Vocabulary Object Detection with Vision
  Transformers"; OWLv2: Minderer et al., 2023, "Scaling Open-Vocabulary Object Detection".
- OmDet-Turbo: Zhao et al., 2024, "Real-time Transformer-based Open-Vocabulary Detection with
  Efficient Fusion Head".
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from PIL import Image
from torch import nn

from slvp.models.grounded.candidates import Candidates, best
from slvp.types import UInt8Array

_THRESHOLD = 0.01
"""Least score of a box. It only saves work: which box is right is decided later, over time."""


class Detector(nn.Module):
    """Finds boxes that sentences may mean, each sentence as if it were the only one asked.

    It is asked by one thread at a time.

    Args:
        model: one of transformers' models for zero-shot object detection.
        processor: what prepares its pictures and sentences.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__()
        self.model, self.processor = model, processor

    @torch.no_grad()
    def detect(self, image_HW3: UInt8Array, sentences: Sequence[str]) -> list[Candidates]:
        """Return, of each sentence, the boxes (best first) of a frame, uint8 RGB.

        A box counts for the sentence as a whole, whichever of its words it is found for.
        """
        if not sentences:
            return []
        # Of an array, processors guess which axis holds the colours.
        image, size = Image.fromarray(image_HW3), image_HW3.shape[:2]
        kind = self.model.config.model_type
        if kind in ("owlvit", "owlv2"):
            found = self._owl(image, list(sentences), size)
        elif kind == "omdet-turbo":
            found = [self._omdet(image, sentence, size) for sentence in sentences]
        else:
            found = self._grounding_dino(image, sentences, size)
        return [
            best(
                Candidates(
                    boxes_N4=result["boxes"].float().cpu().numpy(),
                    score_N=result["scores"].float().cpu().numpy(),
                ),
                size,
            )
            for result in found
        ]

    def _owl(
        self, image: Image.Image, sentences: list[str], size: tuple[int, int]
    ) -> list[dict[str, Any]]:
        """All sentences at once; these models compare each by itself with what they see."""
        inputs = self.processor(
            images=image,
            text=[sentences],
            return_tensors="pt",
            # Unless told so, the tokenizer gives more words than the model has places for.
            truncation=True,
            max_length=self.model.config.text_config.max_position_embeddings,
        )
        output = self.model(**moved(inputs, self.model))
        return [
            # Given all sentences, it would count each place for one of them only.
            self.processor.post_process_grounded_object_detection(
                SimpleNamespace(logits=output.logits[..., [number]], pred_boxes=output.pred_boxes),
                threshold=_THRESHOLD,
                target_sizes=[size],
            )[0]
            for number in range(len(sentences))
        ]

    def _omdet(self, image: Image.Image, sentence: str, size: tuple[int, int]) -> dict[str, Any]:
        """One sentence; its task, a sentence too, would name all that are asked at once."""
        inputs = self.processor(images=image, text=[[sentence]], return_tensors="pt")
        output = self.model(**moved(inputs, self.model))
        return self.processor.post_process_grounded_object_detection(
            SimpleNamespace(  # it takes no half precision
                decoder_coord_logits=output.decoder_coord_logits.float(),
                decoder_class_logits=output.decoder_class_logits.float(),
                classes_structure=output.classes_structure,
            ),
            threshold=_THRESHOLD,
            target_sizes=[size],
        )[0]

    def _grounding_dino(
        self, image: Image.Image, sentences: Sequence[str], size: tuple[int, int]
    ) -> list[dict[str, Any]]:
        """One sentence after the other.

        The model looks at a picture in the light of its text, so that each pass has one answer
        only. Sentences of one batch would differ by rounding from one asked alone.
        """
        picture = moved(
            self.processor.image_processor(images=image, return_tensors="pt"), self.model
        )
        found = []
        with _seen_once(self.model.model.backbone):
            for sentence in sentences:
                text = self.processor.tokenizer(
                    _phrase(sentence),
                    return_tensors="pt",
                    return_token_type_ids=True,
                    truncation=True,
                    max_length=self.model.config.max_text_len,
                )
                words = moved(text, self.model)
                found += self.processor.post_process_grounded_object_detection(
                    self.model(**picture, **words),
                    words["input_ids"],
                    threshold=_THRESHOLD,
                    target_sizes=[size],
                )
        return found


def _phrase(sentence: str) -> str:
    """Return a sentence as Grounding DINO was trained on: lower case, one full stop at its end.

    The words before a full stop or question mark are not seen together with those after it.
    """
    inner = re.sub(r"[.?]+", ",", sentence.lower().strip(" .?\t\n"))
    return f"{inner}."


@contextlib.contextmanager
def _seen_once(backbone: nn.Module) -> Iterator[None]:
    """Let a backbone of Grounding DINO, whose output knows no sentence, see a picture only once."""
    look = backbone.forward
    seen: list[tuple[list[Any], list[Any]]] = []

    def remembered(*picture: torch.Tensor) -> tuple[list[Any], list[Any]]:
        if not seen:
            seen.append(look(*picture))
        features, places = seen[0]
        return list(features), list(places)  # the model appends to them

    backbone.forward = remembered
    try:
        yield
    finally:
        del backbone.forward


def moved(inputs: Any, model: Any) -> dict[str, Any]:
    """Return a processor's tensors where ``model`` is, floating-point ones as precise as it."""
    return {
        name: value.to(model.device, model.dtype)
        if value.is_floating_point()
        else value.to(model.device)
        for name, value in inputs.items()
    }
