"""Pixels ask, words answer."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.config import ModelConfig
from slvp.models.fusion.fused import Fused
from slvp.models.fusion.surroundings import Surroundings
from slvp.models.layers import Attention, Mlp, PositionEmbedding, TimeEmbedding, run
from slvp.models.onednn import Linear
from slvp.models.text import TextEncoder, Words
from slvp.models.vision import Pyramid

_LEAST_DEVIATION = 0.02  # of likenesses: where they differ less, nothing is told by them


class ConvFeedForward(nn.Module):
    """Two-layer perceptron with a depth-wise convolution between, so that neighbours talk."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = Linear(width, 2 * width)
        self.neighbours = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.out = Linear(2 * width, width)

    def forward(self, x_FHWC: torch.Tensor) -> torch.Tensor:
        """Map F frames of H x W places; channels come last in and out."""
        hidden_FCHW = self.into(x_FHWC).permute(0, 3, 1, 2)
        hidden_FCHW = hidden_FCHW + self.neighbours(hidden_FCHW)
        return self.out(F.gelu(hidden_FCHW).permute(0, 2, 3, 1))


class VisionAsQueryLevel(nn.Module):
    """One stride of the vision-as-query fusion.

    Each pixel reads the words that matter to it, through a gate; then each place looks along
    time, then over its frame (keys pooled to stride 32, so the cost is linear in pixels).

    Args:
        config: of the model.
        channels: of the backbone's level.
        stride: of the level.
        word_width: of the words.
    """

    def __init__(self, config: ModelConfig, channels: int, stride: int, word_width: int) -> None:
        super().__init__()
        width, heads = config.width, config.attention_heads
        self.pool = 32 // stride
        self.recompute = config.checkpoint_activations
        self.reads_places = config.reads_places
        if config.class_words:
            self.alike = nn.Linear(1, width)
        self.project = Linear(channels, width)
        self.place = PositionEmbedding(width)
        self.time = TimeEmbedding(width)
        self.normalise_words = nn.LayerNorm(width)
        self.read = Attention(width, heads, word_width)
        self.value = Linear(width, width)
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

    def _placed(self, normal_ETHWC: torch.Tensor) -> torch.Tensor:
        """Tell each place anew where it is."""
        if not self.reads_places:
            return normal_ETHWC
        return normal_ETHWC + self.place(*normal_ETHWC.shape[2:4])

    def _read_words(
        self, x_ETHWC: torch.Tensor, words_ELC: torch.Tensor, mask_EL: torch.Tensor
    ) -> torch.Tensor:
        normal = self._placed(self.normalise_words(x_ETHWC))
        read = self.read(normal.flatten(1, 3), words_ELC, mask_EL).view_as(x_ETHWC)
        joint = read * self.value(normal)
        return x_ETHWC + torch.tanh(self.gate(joint)) * joint + read

    def _look_along_time(self, x_ETHWC: torch.Tensor) -> torch.Tensor:
        """Let every place look at itself in the other frames."""
        frames = x_ETHWC.shape[1]
        normal = self.normalise_time(x_ETHWC) + self.time(frames)[:, None, None]
        return x_ETHWC + self.over_time.along_time(normal.flatten(2, 3)).view_as(x_ETHWC)

    def _look_over_frame(self, x_ETHWC: torch.Tensor) -> torch.Tensor:
        """Let every place look over its own frame: (E T) (H W) C."""
        frame = self._placed(self.normalise_space(x_ETHWC)).flatten(0, 1)
        pooled = F.avg_pool2d(frame.permute(0, 3, 1, 2), self.pool).flatten(2).transpose(1, 2)
        return x_ETHWC + self.over_space(frame.flatten(1, 2), pooled).view_as(x_ETHWC)

    def _think(self, x_ETHWC: torch.Tensor) -> torch.Tensor:
        return x_ETHWC + self.mlp(self.normalise_mlp(x_ETHWC).flatten(0, 1)).view_as(x_ETHWC)


class VisionAsQuery(nn.Module):
    """Pixels ask, words answer: strides 8, 16 and 32 become a language-conditioned pyramid.

    Args:
        config: of the model.
        channels: of the backbone's levels.
        text: whose words are read.
    """

    def __init__(self, config: ModelConfig, channels: list[int], text: TextEncoder) -> None:
        super().__init__()
        self.surroundings = Surroundings(config, channels, text.width)
        self.levels = nn.ModuleList(
            VisionAsQueryLevel(config, c, stride, text.word_width)
            for c, stride in zip(channels[1:], (8, 16, 32), strict=True)
        )
        self.sentence = Linear(text.width, config.width)

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
            outlines_BTCHW=pyramid.outlines_BTCHW,
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
