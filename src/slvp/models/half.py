"""A model asked in bfloat16: half the bytes, and twice the products where a processor has them."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace

import torch

from slvp.models.heads import MaskOutput
from slvp.models.slvp import SLVP
from slvp.models.text import Words
from slvp.models.vision import Pyramid

_DTYPE = torch.bfloat16


class InBfloat16:
    """Answers as a model does, but for the rounding of bfloat16.

    Frames and sentences come in, and logits go out, in single precision. Sums within
    normalisations and softmax are PyTorch's own, in single precision.

    Args:
        model: in evaluation mode; left as it is.
    """

    def __init__(self, model: SLVP) -> None:
        asked = copy(model)
        asked._modules = dict(model._modules)
        for name in ("vision", "class_words", "fusion", "decoder", "head"):
            part = getattr(model, name)
            if part is not None:
                asked._modules[name] = deepcopy(part).to(_DTYPE)
        for statistic in ("mean", "std"):
            setattr(asked.vision, statistic, getattr(model.vision, statistic))
        asked.vision.dtype = _DTYPE
        self._asked = asked
        self.sides, self.resize = model.sides, model.resize

    def encode_vision(self, frames_BTCHW: torch.Tensor) -> Pyramid:
        """Encode frames once for all sentences."""
        return self._asked.encode_vision(frames_BTCHW)

    def encode_text(self, sentences: list[str]) -> Words:
        """Encode sentences."""
        words = self._asked.encode_text(sentences)
        return replace(
            words,
            words_ELC=words.words_ELC.to(_DTYPE),
            sentence_EC=words.sentence_EC.to(_DTYPE),
        )

    def decode(self, pyramid: Pyramid, words: Words, clip_of_E: torch.Tensor) -> MaskOutput:
        """Answer E sentences about encoded clips."""
        output = self._asked.decode(pyramid, words, clip_of_E)
        assert isinstance(output, MaskOutput)
        return MaskOutput(output.logits_ENTHW.float(), output.presence_ENT.float())
