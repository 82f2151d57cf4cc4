"""Where sentence and video meet: vision as query, or language as query.

Both have one interface, ``fusion(pyramid, words, clip_of_E) -> Fused``, and both are our own
design; the paper's abstract gives only their names.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.config import ModelConfig
from slvp.models.layers import Attention, Mlp, PositionEmbedding, TimeEmbedding, run
from slvp.models.motion import LocalCorrelation
from slvp.models.text import Words
from slvp.models.vision import Pyramid

_QUERY_LAYERS = 4
_LEAST_DEVIATION = 0.02  # of likenesses: where they differ less, nothing is told by them


@dataclass
class Fused:
    """What a fusion hands to the decoder and the heads.

    Attributes:
        levels: strides 4 to 32; the first as the backbone gave it (one per clip), the others of
            ``width`` channels. Vision as query: one per expression. Language as query: one per
            clip.
        colours_BTCHW: the frames' own, at stride 2, one per clip.
        per_expression: whether strides 8 to 32 are one per expression.
        queries_ENC: language as query only.
        sentence_EC: the sentence, projected to ``width``.
    """

    levels: list[torch.Tensor]
    colours_BTCHW: torch.Tensor
    per_expression: bool
    queries_ENC: torch.Tensor | None
    sentence_EC: torch.Tensor


class ConvFeedForward(nn.Module):
    """Two-layer perceptron with a depth-wise convolution between, so that neighbours talk."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = nn.Linear(width, 2 * width)
        self.neighbours = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.out = nn.Linear(2 * width, width)

    def forward(self, x_FHWC: torch.Tensor) -> torch.Tensor:
        """Map F frames of H x W places; channels come last in and out."""
        hidden_FCHW = self.into(x_FHWC).permute(0, 3, 1, 2)
        hidden_FCHW = hidden_FCHW + self.neighbours(hidden_FCHW)
        return self.out(F.gelu(hidden_FCHW).permute(0, 2, 3, 1))


class VisionAsQueryLevel(nn.Module):
    """One stride of the vision-as-query fusion.

    Each pixel reads the words that matter to it, through a gate; then each place looks along
    time, then over its frame (keys pooled to stride 32, so the cost is linear in pixels).
    """

    def __init__(
        self,
        channels: int,
        text_width: int,
        width: int,
        heads: int,
        stride: int,
        recompute: bool = False,
        class_words: bool = False,
    ) -> None:
        super().__init__()
        self.pool = 32 // stride
        self.recompute = recompute
        if class_words:
            self.alike = nn.Linear(1, width)
        self.project = nn.Linear(channels, width)
        self.place = PositionEmbedding(width)
        self.time = TimeEmbedding(width)
        self.normalise_words = nn.LayerNorm(width)
        self.read = Attention(width, heads, text_width)
        self.value = nn.Linear(width, width)
        self.gate = Mlp(width, width, width)
        self.normalise_time = nn.LayerNorm(width)
        self.over_time = Attention(width, heads)
        self.normalise_space = nn.LayerNorm(width)
        self.over_space = Attention(width, heads)
        self.normalise_mlp = nn.LayerNorm(width)
        self.mlp = ConvFeedForward(width)

    def forward(
        self,
        feature_BTCHW: torch.Tensor,
        added_BTHWC: torch.Tensor | None,
        alike_ETHW1: torch.Tensor | None,
        words: Words,
        clip_of_E: torch.Tensor,
    ) -> torch.Tensor:
        """Return the language-conditioned feature_ETCHW.

        Args:
            feature_BTCHW: of the backbone, at this stride.
            added_BTHWC: what else is known of each place, if something is.
            alike_ETHW1: likeness of each place's class words to the sentence, if it has some.
            words: of the sentences.
            clip_of_E: the clip that each sentence asks of.
        """
        again = self.recompute
        x = run(self._place_pixels, feature_BTCHW, recompute=again)
        x = (x if added_BTHWC is None else x + added_BTHWC)[clip_of_E]
        if alike_ETHW1 is not None:
            x = x + self.alike(alike_ETHW1)
        x = run(self._read_words, x, words.words_ELC, words.mask_EL, recompute=again)
        x = run(self._look_along_time, x, recompute=again)
        x = run(self._look_over_frame, x, recompute=again)
        x = run(self._think, x, recompute=again)
        return x.permute(0, 1, 4, 2, 3)

    def _place_pixels(self, feature_BTCHW: torch.Tensor) -> torch.Tensor:
        pixels_BTHWC = self.project(feature_BTCHW.permute(0, 1, 3, 4, 2))
        return pixels_BTHWC + self.place(*feature_BTCHW.shape[-2:])

    def _read_words(
        self, x_ETHWC: torch.Tensor, words_ELC: torch.Tensor, mask_EL: torch.Tensor
    ) -> torch.Tensor:
        normal = self.normalise_words(x_ETHWC)
        read = self.read(normal.flatten(1, 3), words_ELC, mask_EL).view_as(x_ETHWC)
        joint = read * self.value(normal)
        return x_ETHWC + torch.tanh(self.gate(joint)) * joint + read

    def _look_along_time(self, x_ETHWC: torch.Tensor) -> torch.Tensor:
        """Let every place look at itself in the other frames: (E H W) T C."""
        expressions, frames, height, width = x_ETHWC.shape[:4]
        normal = self.normalise_time(x_ETHWC) + self.time(frames)[:, None, None]
        line = normal.permute(0, 2, 3, 1, 4).flatten(0, 2)
        along = self.over_time(line, line).unflatten(0, (expressions, height, width))
        return x_ETHWC + along.permute(0, 3, 1, 2, 4)

    def _look_over_frame(self, x_ETHWC: torch.Tensor) -> torch.Tensor:
        """Let every place look over its own frame: (E T) (H W) C."""
        frame = self.normalise_space(x_ETHWC).flatten(0, 1)
        pooled = F.avg_pool2d(frame.permute(0, 3, 1, 2), self.pool).flatten(2).transpose(1, 2)
        return x_ETHWC + self.over_space(frame.flatten(1, 2), pooled).view_as(x_ETHWC)

    def _think(self, x_ETHWC: torch.Tensor) -> torch.Tensor:
        return x_ETHWC + self.mlp(self.normalise_mlp(x_ETHWC).flatten(0, 1)).view_as(x_ETHWC)


class Surroundings(nn.Module):
    """What is known of places besides the backbone's features: motion, and class words.

    Args:
        config: tells which of them.
        channels: of the backbone's levels.
        text_width: of class words.
    """

    def __init__(self, config: ModelConfig, channels: list[int], text_width: int) -> None:
        super().__init__()
        reach, width = config.motion_reach, config.width
        self.motion = LocalCorrelation(channels[0], channels[1], width, reach) if reach else None
        self.named = nn.Linear(text_width, width) if config.class_words else None

    def forward(self, pyramid: Pyramid) -> list[torch.Tensor | None]:
        """Return added_BTHWC for strides 8, 16 and 32."""
        added: list[torch.Tensor | None] = [None, None, None]
        if self.motion is not None:
            motion_BTHWC = self.motion(pyramid.levels[0], pyramid.levels[1])
            added[:2] = motion_BTHWC, _halved(motion_BTHWC)
        if self.named is not None:
            assert pyramid.named_BTCHW is not None
            added[2] = self.named(pyramid.named_BTCHW.permute(0, 1, 3, 4, 2))
        return added


def _halved(x_BTHWC: torch.Tensor) -> torch.Tensor:
    batch, frames, height, width, channels = x_BTHWC.shape
    halved = F.avg_pool2d(x_BTHWC.flatten(0, 1).permute(0, 3, 1, 2), 2)
    return halved.permute(0, 2, 3, 1).view(batch, frames, height // 2, width // 2, channels)


class VisionAsQuery(nn.Module):
    """Pixels ask, words answer: strides 8, 16 and 32 become a language-conditioned pyramid.

    Args:
        config: of the model.
        channels: of the backbone's levels.
        text_width: of the words.
    """

    def __init__(self, config: ModelConfig, channels: list[int], text_width: int) -> None:
        super().__init__()
        self.surroundings = Surroundings(config, channels, text_width)
        self.levels = nn.ModuleList(
            VisionAsQueryLevel(
                c,
                text_width,
                config.width,
                config.attention_heads,
                stride,
                config.checkpoint_activations,
                config.class_words,
            )
            for c, stride in zip(channels[1:], (8, 16, 32), strict=True)
        )
        self.sentence = nn.Linear(text_width, config.width)

    def forward(self, pyramid: Pyramid, words: Words, clip_of_E: torch.Tensor) -> Fused:
        """Condition the pyramid of each sentence's clip on that sentence."""
        conditioned = [
            level(feature, added, alike, words, clip_of_E)
            for level, feature, added, alike in zip(
                self.levels,
                pyramid.levels[1:],
                self.surroundings(pyramid),
                self._alike(pyramid, words, clip_of_E),
                strict=True,
            )
        ]
        return Fused(
            levels=[pyramid.levels[0], *conditioned],
            colours_BTCHW=pyramid.colours_BTCHW,
            per_expression=True,
            queries_ENC=None,
            sentence_EC=self.sentence(words.sentence_EC),
        )

    def _alike(
        self, pyramid: Pyramid, words: Words, clip_of_E: torch.Tensor
    ) -> list[torch.Tensor | None]:
        """Return alike_ETHW1 for strides 8, 16 and 32.

        Against the frame's mean, in units of its deviation: how much a sentence is like the names
        of all classes depends on its length and style.
        """
        if pyramid.named_BTCHW is None:
            return [None, None, None]
        sentence_EC = F.normalize(words.sentence_EC, dim=-1)
        alike_ETHW = torch.einsum("etchw,ec->ethw", pyramid.named_BTCHW[clip_of_E], sentence_EC)
        variance, mean = torch.var_mean(alike_ETHW, dim=(-2, -1), correction=0, keepdim=True)
        alike_ETHW = (alike_ETHW - mean) / (variance.sqrt() + _LEAST_DEVIATION)
        return [
            F.interpolate(alike_ETHW, size=level.shape[-2:], mode="bilinear")[..., None]
            for level in pyramid.levels[1:]
        ]


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
    """

    def __init__(self, config: ModelConfig, channels: list[int], text_width: int) -> None:
        super().__init__()
        width = config.width
        self.recompute = config.checkpoint_activations
        self.surroundings = Surroundings(config, channels, text_width)
        self.project = nn.ModuleList(nn.Linear(c, width) for c in channels[1:])
        self.place = PositionEmbedding(width)
        self.time = TimeEmbedding(width)
        self.words = nn.Linear(text_width, width)
        self.sentence = nn.Linear(text_width, width)
        self.query_embedding_NC = nn.Parameter(torch.randn(config.queries, width) * width**-0.5)
        self.layers = nn.ModuleList(
            QueryLayer(width, config.attention_heads) for _ in range(_QUERY_LAYERS)
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
            colours_BTCHW=pyramid.colours_BTCHW,
            per_expression=False,
            queries_ENC=queries_ENC,
            sentence_EC=sentence_EC,
        )
