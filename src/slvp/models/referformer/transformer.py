"""The deformable transformer: frames are encoded, then queries find their object in each.

Every frame by itself, but all frames are asked by the same queries (Wu et al., 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.deformable import DeformableAttention, Shapes
from slvp.models.referformer.layers import FeedForward, ReluMlp, attend, inverse_sigmoid

LEVELS = 4
"""Strides 8, 16, 32 and 64."""


@dataclass
class Found:
    """What queries have found after each layer of the decoder.

    Attributes:
        queries: of each layer, FNC.
        boxes: of each layer, FN4: x and y of the centre, width, height, as shares of the frame.
        memory: encoded levels at strides 8, 16 and 32, each FCHW.
    """

    queries: list[torch.Tensor]
    boxes: list[torch.Tensor]
    memory: list[torch.Tensor]


class EncoderLayer(nn.Module):
    """Each place looks at points of all levels."""

    def __init__(self, config: ReferFormerConfig) -> None:
        super().__init__()
        self.look = DeformableAttention(config.width, config.attention_heads, LEVELS, config.points)
        self.normalise = nn.LayerNorm(config.width)
        self.feedforward = FeedForward(config.width, config.feedforward, config.dropout)
        self.dropout = config.dropout

    def forward(
        self,
        memory_FPC: torch.Tensor,
        place_FPC: torch.Tensor,
        references_FPV2: torch.Tensor,
        shapes: Shapes,
        padding_FP: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return memory_FPC with more of its surroundings in it."""
        seen = self.look(memory_FPC + place_FPC, references_FPV2, memory_FPC, shapes, padding_FP)
        seen = F.dropout(seen, self.dropout, self.training)
        return self.feedforward(self.normalise(memory_FPC + seen))


class DecoderLayer(nn.Module):
    """Queries of a frame talk among themselves, then look at points of the frame."""

    def __init__(self, config: ReferFormerConfig) -> None:
        super().__init__()
        self.among = nn.MultiheadAttention(
            config.width, config.attention_heads, config.dropout, batch_first=True
        )
        self.normalise_among = nn.LayerNorm(config.width)
        self.look = DeformableAttention(config.width, config.attention_heads, LEVELS, config.points)
        self.normalise_look = nn.LayerNorm(config.width)
        self.feedforward = FeedForward(config.width, config.feedforward, config.dropout)
        self.dropout = config.dropout

    def forward(
        self,
        queries_FNC: torch.Tensor,
        who_NC: torch.Tensor,
        references: torch.Tensor,
        memory_FPC: torch.Tensor,
        shapes: Shapes,
        padding_FP: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return refined queries; ``who_NC`` tells them apart."""
        named = queries_FNC + who_NC
        told = attend(self.among, named, named, queries_FNC)
        told = F.dropout(told, self.dropout, self.training)
        queries_FNC = self.normalise_among(queries_FNC + told)
        seen = self.look(queries_FNC + who_NC, references, memory_FPC, shapes, padding_FP)
        seen = F.dropout(seen, self.dropout, self.training)
        return self.feedforward(self.normalise_look(queries_FNC + seen))


class DeformableTransformer(nn.Module):
    """Levels and a sentence to queries and boxes, refined layer by layer."""

    def __init__(self, config: ReferFormerConfig) -> None:
        super().__init__()
        width = config.width
        self.level_VC = nn.Parameter(torch.randn(LEVELS, width))
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.who_NC = nn.Parameter(torch.randn(config.queries, width))
        self.start = nn.Linear(width, 2)
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.box = nn.ModuleList(ReluMlp(width, 4) for _ in range(config.decoder_layers))
        for name, parameter in self.named_parameters():
            # What looks has its own beginning, and so have boxes.
            if parameter.dim() > 1 and ".look." not in name and name.startswith(("enc", "dec")):
                nn.init.xavier_uniform_(parameter)
        nn.init.xavier_uniform_(self.start.weight)
        nn.init.zeros_(self.start.bias)
        for number, box in enumerate(self.box):
            last: Any = box[-1]  # type: ignore[index]
            for parameter in last.parameters():
                nn.init.zeros_(parameter)
            if number == 0:
                nn.init.constant_(last.bias[2:], -2.0)  # a box of an eighth of the frame's side

    def forward(
        self,
        levels: list[torch.Tensor],
        places: list[torch.Tensor],
        paddings: list[torch.Tensor] | None,
        sentence_FC: torch.Tensor,
    ) -> Found:
        """Find what the sentence says in each frame.

        Args:
            levels: at strides 8, 16, 32 and 64, each FCHW.
            places: their place embeddings; one for all frames where F is 1.
            paddings: FHW of each level, True where a frame has ended; None if all are whole.
            sentence_FC: what the queries are born from.
        """
        shapes = [(level.shape[2], level.shape[3]) for level in levels]
        memory_FPC = torch.cat([_rows(level) for level in levels], dim=1)
        place_FPC = torch.cat(
            [_rows(place) + self.level_VC[v] for v, place in enumerate(places)], dim=1
        )
        padding_FP: torch.Tensor | None = None
        whole_FV2 = memory_FPC.new_ones(len(memory_FPC), LEVELS, 2)
        if paddings is not None:
            padding_FP = torch.cat([padding.flatten(1) for padding in paddings], dim=1)
            whole_FV2 = torch.stack([_inside(padding) for padding in paddings], dim=1)
        centres_FPV2 = _centres(shapes, whole_FV2)
        for encode in self.encoder:
            memory_FPC = encode(memory_FPC, place_FPC, centres_FPV2, shapes, padding_FP)

        queries_FNC = sentence_FC[:, None].expand(-1, len(self.who_NC), -1)
        start_FN2 = self.start(self.who_NC).sigmoid().expand(len(sentence_FC), -1, -1)
        references, queries, boxes = start_FN2, [], []
        for decode, box in zip(self.decoder, self.box, strict=True):
            scale_FV = whole_FV2.repeat(1, 1, references.shape[-1] // 2)
            seen_from = references[:, :, None] * scale_FV[:, None]
            queries_FNC = decode(
                queries_FNC, self.who_NC, seen_from, memory_FPC, shapes, padding_FP
            )
            moved_FN4 = box(queries_FNC)
            known = inverse_sigmoid(references)
            moved_FN4 = moved_FN4 + F.pad(known, (0, 4 - known.shape[-1]))
            queries.append(queries_FNC)
            boxes.append(moved_FN4.sigmoid())
            references = boxes[-1].detach()
        memory = [
            part.transpose(1, 2).unflatten(-1, shape)
            for part, shape in zip(
                memory_FPC.split([h * w for h, w in shapes], dim=1), shapes, strict=True
            )
        ]
        return Found(queries, boxes, memory[:-1])


def _rows(level_FCHW: torch.Tensor) -> torch.Tensor:
    return level_FCHW.flatten(2).transpose(1, 2)


def _inside(padding_FHW: torch.Tensor) -> torch.Tensor:
    """Return which share of width and height is no padding, F2."""
    height, width = padding_FHW.shape[1:]
    rows_F = (~padding_FHW[:, :, 0]).sum(1) / height
    columns_F = (~padding_FHW[:, 0]).sum(1) / width
    return torch.stack([columns_F, rows_F], dim=-1)


def _centres(shapes: Shapes, whole_FV2: torch.Tensor) -> torch.Tensor:
    """Return FPV2: for each place its centre as x and y in each level, padding included."""
    centres = []
    for level, (height, width) in enumerate(shapes):
        x_W = torch.linspace(0.5, width - 0.5, width, device=whole_FV2.device)
        y_H = torch.linspace(0.5, height - 0.5, height, device=whole_FV2.device)
        x_FW = x_W / (whole_FV2[:, level, :1] * width)
        y_FH = y_H / (whole_FV2[:, level, 1:] * height)
        x_FHW = x_FW[:, None].expand(-1, height, -1)
        y_FHW = y_FH[:, :, None].expand(-1, -1, width)
        centres.append(torch.stack([x_FHW, y_FHW], dim=-1).flatten(1, 2))
    return torch.cat(centres, dim=1)[:, :, None] * whole_FV2[:, None]
