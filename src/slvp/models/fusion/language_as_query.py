"""Words ask, pixels answer."""

from __future__ import annotations

import torch
from torch import nn

from slvp.models.config import ModelConfig
from slvp.models.fusion.fused import Fused
from slvp.models.fusion.surroundings import Surroundings
from slvp.models.layers import Attention, Mlp, PositionEmbedding, TimeEmbedding, run
from slvp.models.text import TextEncoder, Words
from slvp.models.vision import Pyramid

_LAYERS = 4


class QueryLayer(nn.Module):
    """Queries talk among themselves, read the words, then look at the clip."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.normalise = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))
        self.among = Attention(width, heads)
        self.read = Attention(width, heads)
        self.look = Attention(width, heads)
        self.mlp = Mlp(width, 4 * width, width)

    def forward(
        self,
        queries_ENC: torch.Tensor,
        words_ELC: torch.Tensor,
        mask_EL: torch.Tensor,
        tokens_BKC: torch.Tensor,
        clip_of_E: torch.Tensor,
    ) -> torch.Tensor:
        """Return the refined queries; K tokens are all places of all frames of a clip."""
        x = queries_ENC
        normal = self.normalise[0](x)
        x = x + self.among(normal, normal)
        x = x + self.read(self.normalise[1](x), words_ELC, mask_EL)
        x = x + self.look(self.normalise[2](x), tokens_BKC[clip_of_E])
        return x + self.mlp(self.normalise[3](x))


class LanguageAsQuery(nn.Module):
    """Queries born from the sentence attend over the whole clip: one query, one object.

    The pyramid stays free of language, so decoder and pixels are computed once per clip.

    Args:
        config: of the model.
        channels: of the backbone's levels.
        text: whose words are read.
    """

    def __init__(self, config: ModelConfig, channels: list[int], text: TextEncoder) -> None:
        super().__init__()
        width = config.width
        self.recompute = config.checkpoint_activations
        self.surroundings = Surroundings(config, channels, text.width)
        self.project = nn.ModuleList(nn.Linear(c, width) for c in channels[1:])
        self.place = PositionEmbedding(width)
        self.time = TimeEmbedding(width)
        self.words = nn.Linear(text.word_width, width)
        self.sentence = nn.Linear(text.width, width)
        self.query_embedding_NC = nn.Parameter(torch.randn(config.queries, width) * width**-0.5)
        self.layers = nn.ModuleList(
            QueryLayer(width, config.attention_heads) for _ in range(_LAYERS)
        )

    def forward(self, pyramid: Pyramid, words: Words, clip_of_E: torch.Tensor) -> Fused:
        """Let the sentence's queries look at its clip."""
        levels = []
        surroundings = self.surroundings(pyramid)
        for feature_BTCHW, project, added_BTHWC in zip(
            pyramid.levels[1:], self.project, surroundings, strict=True
        ):
            frames, _, height, width = feature_BTCHW.shape[1:]
            pixels_BTHWC = project(feature_BTCHW.permute(0, 1, 3, 4, 2))
            pixels_BTHWC = pixels_BTHWC + self.place(height, width)
            if added_BTHWC is not None:
                pixels_BTHWC = pixels_BTHWC + added_BTHWC
            levels.append(pixels_BTHWC + self.time(frames)[:, None, None])
        # Strides 16 and 32 only: stride 8 has four times the places and is left to the kernels.
        tokens_BKC = torch.cat([level.flatten(1, 3) for level in levels[1:]], dim=1)
        sentence_EC = self.sentence(words.sentence_EC)
        words_ELC = self.words(words.words_ELC)
        queries_ENC = self.query_embedding_NC + sentence_EC[:, None]
        for layer in self.layers:
            queries_ENC = run(
                layer,
                queries_ENC,
                words_ELC,
                words.mask_EL,
                tokens_BKC,
                clip_of_E,
                recompute=self.recompute,
            )
        return Fused(
            levels=[pyramid.levels[0], *(level.permute(0, 1, 4, 2, 3) for level in levels)],
            outlines_BTCHW=pyramid.outlines_BTCHW,
            per_expression=False,
            queries_ENC=queries_ENC,
            sentence_EC=sentence_EC,
        )
