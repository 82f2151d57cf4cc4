"""SLVP pre-training for ReferFormer: its masks as moving layers. Ours, not ReferFormer's.

The weights of the dynamic masks are then trained before any mask exists, as those of language as
query are (:class:`slvp.models.heads.LayeredFlowHead`).
"""

from __future__ import annotations

import torch
from torch import nn

from slvp.models.heads import FlowOutput, flow_of_layers
from slvp.models.layers import Mlp

_LEAST_SPREAD = 1e-3


class QueryMotion(nn.Module):
    """Each query's mask moves as the query says, frame by frame."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.motion = Mlp(width, width, 6)
        # Without motion at first, what stands still leaves the masks alone.
        for parameter in self.motion[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, logits_ETNHW: torch.Tensor, queries_ETNC: torch.Tensor) -> FlowOutput:
        """Add the layers up.

        Each layer's logits are divided by their spread. They tell how far a pixel is from the box,
        in pixels, and would otherwise leave a single place of a layer that any gradient reaches.
        """
        spread = logits_ETNHW.std((1, 3, 4), keepdim=True).clamp(min=_LEAST_SPREAD)
        affine_ETN6 = self.motion(queries_ETNC)
        return flow_of_layers((logits_ETNHW / spread).transpose(1, 2), affine_ETN6.transpose(1, 2))
