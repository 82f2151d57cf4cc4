"""The cross-modal feature pyramid: encoded levels and words to pixels at stride 4.

From coarse to fine, each level first looks at itself over the whole clip, at fewer places the finer
it is, and then at the words (Wu et al., 2022).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.onednn import PlaceConv
from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.layers import FeedForward, attend
from slvp.models.referformer.words import Sentences

THINNED = (8, 4, 2, 1)
"""At strides 4, 8, 16 and 32: every how many places one is looked at."""

_GROUPS = 8


class ConvNorm(nn.Sequential):
    """Convolution and group norm."""

    def __init__(self, channels_in: int, channels_out: int, side: int) -> None:
        convolution = (
            PlaceConv(channels_in, channels_out, bias=False)
            if side == 1
            else nn.Conv2d(channels_in, channels_out, side, padding=side // 2, bias=False)
        )
        nn.init.kaiming_uniform_(convolution.weight, a=1)
        super().__init__(convolution, nn.GroupNorm(_GROUPS, channels_out))


class CrossModalBlock(nn.Module):
    """A level looks at itself along the clip, then at the words.

    Args:
        config: of the model.
        thinned: every how many rows and columns one is looked at.
    """

    def __init__(self, config: ReferFormerConfig, thinned: int) -> None:
        super().__init__()
        width = config.width
        self.thinned = thinned
        self.itself, self.words = (
            nn.MultiheadAttention(width, config.attention_heads, config.dropout, batch_first=True)
            for _ in range(2)
        )
        self.normalise_itself = nn.LayerNorm(width)
        self.normalise_words = nn.LayerNorm(width)
        self.feedforward = FeedForward(width, config.feedforward, config.dropout)
        self.dropout = config.dropout
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(
        self,
        level_ETCHW: torch.Tensor,
        place_ECHW: torch.Tensor,
        padding_ETHW: torch.Tensor | None,
        sentences: Sentences,
    ) -> torch.Tensor:
        """Return the level, ETCHW, knowing clip and words; E may be 1 in ``place_ECHW``."""
        seen_ETHWC = self._itself(level_ETCHW, place_ECHW, padding_ETHW)
        level_ETHWC = self.normalise_itself(level_ETCHW.permute(0, 1, 3, 4, 2) + seen_ETHWC)
        place_EPC = place_ECHW.flatten(2).transpose(1, 2)
        keys_ELC = sentences.words_ELC + sentences.place_ELC
        # Frame by frame: each place reads the words by itself.
        done = []
        for frame_EHWC in level_ETHWC.unbind(1):
            tokens_EPC = frame_EHWC.flatten(1, 2)
            read_EPC = attend(
                self.words,
                tokens_EPC + place_EPC,
                keys_ELC,
                sentences.words_ELC,
                sentences.ignored_EL,
            )
            read_EPC = F.dropout(read_EPC, self.dropout, self.training)
            tokens_EPC = self.feedforward(self.normalise_words(tokens_EPC + read_EPC))
            done.append(tokens_EPC.view(frame_EHWC.shape))
        return torch.stack(done, dim=1).permute(0, 1, 4, 2, 3)

    def _itself(
        self,
        level_ETCHW: torch.Tensor,
        place_ECHW: torch.Tensor,
        padding_ETHW: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return ETHWC of what all frames of a clip tell each place."""
        expressions, frames = level_ETCHW.shape[:2]
        size = level_ETCHW.shape[-2:]
        thin = (size[0] // self.thinned, size[1] // self.thinned)
        few = F.interpolate(level_ETCHW.flatten(0, 1), size=thin, mode="nearest")
        few_ETHWC = few.unflatten(0, (expressions, frames)).permute(0, 1, 3, 4, 2)
        few_places = F.interpolate(place_ECHW, size=thin, mode="nearest")
        asked_EPC = (few_ETHWC + few_places.permute(0, 2, 3, 1)[:, None]).flatten(1, 3)
        ignored_EP = None
        if padding_ETHW is not None:
            ignored = F.interpolate(padding_ETHW.float(), size=thin, mode="nearest")
            ignored_EP = ignored.flatten(1).bool()
        told = attend(self.itself, asked_EPC, asked_EPC, few_ETHWC.flatten(1, 3), ignored_EP)
        told = told.unflatten(1, (frames, *thin)).flatten(0, 1).permute(0, 3, 1, 2)
        if thin != tuple(size):
            told = F.interpolate(told, size=size, mode="bilinear", align_corners=False)
        told = F.dropout(told, self.dropout, self.training)
        return told.permute(0, 2, 3, 1).unflatten(0, (expressions, frames))


class CrossModalPixelDecoder(nn.Module):
    """Levels at strides 4 to 32 and words to pixels at stride 4.

    Args:
        config: of the model.
        fine_channels: of the backbone's level at stride 4.
    """

    def __init__(self, config: ReferFormerConfig, fine_channels: int) -> None:
        super().__init__()
        width = config.width
        channels = (fine_channels, width, width, width)
        self.lateral = nn.ModuleList(ConvNorm(c, width, 1) for c in channels)
        self.cross = nn.ModuleList(CrossModalBlock(config, thinned) for thinned in THINNED)
        self.merge = nn.ModuleList(ConvNorm(width, width, 3) for _ in channels)
        # The last layer: whoever reads masks off the pixels may want to join it to its own.
        self.out = nn.Conv2d(width, config.pixel_width, 3, padding=1)
        nn.init.kaiming_uniform_(self.out.weight, a=1)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def fine(self, level_FCHW: torch.Tensor) -> torch.Tensor:
        """Narrow the backbone's level at stride 4: nothing of a sentence is in it yet."""
        return self.lateral[0](level_FCHW)

    def forward(
        self,
        fine_ETCHW: torch.Tensor,
        memory: list[torch.Tensor],
        places: list[torch.Tensor],
        paddings: list[torch.Tensor] | None,
        sentences: Sentences,
    ) -> torch.Tensor:
        """Return pixels before the last layer ``out``, ETCHW.

        Args:
            fine_ETCHW: what :meth:`fine` gives.
            memory: encoded levels at strides 8 to 32, each ETCHW.
            places: place embeddings of strides 4 to 32, each ECHW, where E may be 1.
            paddings: of strides 4 to 32, ETHW, True where a frame has ended; None if all are whole.
            sentences: what is asked.
        """
        shape = fine_ETCHW.shape[:2]
        merged: torch.Tensor | None = None
        for level in reversed(range(len(THINNED))):
            if level == 0:
                own = fine_ETCHW
            else:
                own = self.lateral[level](memory[level - 1].flatten(0, 1)).unflatten(0, shape)
            padding = None if paddings is None else paddings[level]
            known = self.cross[level](own, places[level], padding, sentences).flatten(0, 1)
            if merged is not None:
                known = known + F.interpolate(merged, size=known.shape[-2:], mode="nearest")
            merged = self.merge[level](known).relu_()
        assert merged is not None
        return merged.unflatten(0, shape)
