"""Answers in bfloat16: half the bytes, and twice the products where a processor has them."""

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

    Frames and sentences come in, and logits go out, in single precision, in which the backbone
    sees, too: by far most of what masks lost when all was in bfloat16 was lost there. Sums within
    normalisations and softmax are PyTorch's own, in single precision.

    Args:
        model: with a mask head, in evaluation mode; left as it is.
    """

    def __init__(self, model: SLVP) -> None:
        self._asked = copy(model)
        self._asked._modules = dict(model._modules)
        for name in ("fusion", "decoder", "head"):
            self._asked._modules[name] = deepcopy(getattr(model, name)).to(_DTYPE)
        self.sides, self.resize = model.sides, model.resize

    def encode_vision(self, frames_BTCHW: torch.Tensor) -> Pyramid:
        """Encode frames once for all sentences."""
        seen = self._asked.see(frames_BTCHW)
        rounded = Pyramid.made_of([tensor.to(_DTYPE) for tensor in seen.tensors()])
        return self._asked.draw(rounded)

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
