"""What both fusions give."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass
class Fused:
    """What a fusion hands to the decoder and the heads.

    Attributes:
        levels: strides 4 to 32; the first as the backbone gave it (one per clip), the others of
            ``width`` channels. Vision as query: one per expression. Language as query: one per
            clip.
        outlines_BTCHW: see :class:`slvp.models.vision.Pyramid`.
        per_expression: whether strides 8 to 32 are one per expression.
        queries_ENC: language as query only.
        sentence_EC: the sentence, projected to ``width``.
    """

    levels: list[torch.Tensor]
    outlines_BTCHW: torch.Tensor
    per_expression: bool
    queries_ENC: torch.Tensor | None
    sentence_EC: torch.Tensor
