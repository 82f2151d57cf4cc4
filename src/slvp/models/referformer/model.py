"""ReferFormer: queries born from a sentence find its object in every frame."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.heads import FlowOutput
from slvp.models.onednn import PlaceConv
from slvp.models.referformer.backbones import FrameEncoder
from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.dynamic_masks import DynamicMasks
from slvp.models.referformer.flow_head import QueryMotion
from slvp.models.referformer.layers import attend
from slvp.models.referformer.pixel_decoder import CrossModalPixelDecoder
from slvp.models.referformer.positions import place_embedding
from slvp.models.referformer.records import QueryOutput, Seen
from slvp.models.referformer.transformer import DeformableTransformer, Found
from slvp.models.referformer.words import TOKENIZER, SentenceEncoder, Sentences
from slvp.models.referring_model import MAX_SIDE, ReferringModel, Weights
from slvp.types import UInt8Array

_GROUPS = 32
_RARE = 0.01  # chance that a query is meant, to begin with


class ReferFormer(ReferringModel):
    """Wu, Jiang, Sun, Yuan and Luo, CVPR 2022. See :mod:`slvp.models.referformer`.

    Args:
        config: the architecture.
        weights: of named encoders; see :class:`slvp.models.slvp.SLVP`.
        tokenizer: folder or hub's name of RoBERTa's tokenizer, where the configuration has
            RoBERTa; None for a stand-in.

    Raises:
        UserError: an encoder or the tokenizer can't be had.
    """

    config: ReferFormerConfig

    def __init__(
        self,
        config: ReferFormerConfig,
        *,
        weights: Weights = "named",
        tokenizer: str | Path | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        width = config.width
        named = config.vision_pretrained and (
            weights == "named" or (weights == "unstored" and not config.stores_vision)
        )
        self.vision = FrameEncoder(config.vision, pretrained=named, frozen=config.vision_frozen)
        self.text = SentenceEncoder(config, tokenizer, pretrained=weights != "random")
        channels = self.vision.channels
        # Strides 8 to 32, and 64, which is made of stride 32.
        convolutions: list[nn.Conv2d] = [PlaceConv(c, width) for c in channels[1:]]
        convolutions.append(nn.Conv2d(channels[-1], width, 3, stride=2, padding=1))
        self.narrow = nn.ModuleList(
            nn.Sequential(convolution, nn.GroupNorm(_GROUPS, width)) for convolution in convolutions
        )
        for narrow in self.narrow:
            convolution: Any = narrow[0]  # type: ignore[index]
            nn.init.xavier_uniform_(convolution.weight)
            nn.init.zeros_(convolution.bias)
        self.fusion = nn.MultiheadAttention(width, config.attention_heads, batch_first=True)
        self.transformer = DeformableTransformer(config)
        self.pixel_decoder = CrossModalPixelDecoder(config, channels[0])
        self.dynamic_masks = DynamicMasks(config)
        self.scores = nn.ModuleList(
            nn.Linear(width, config.classes) for _ in range(config.decoder_layers)
        )
        for score in self.scores:
            nn.init.constant_(score.bias, -math.log((1 - _RARE) / _RARE))  # type: ignore[arg-type]
        self.motion = QueryMotion(width) if config.head == "flow" else None
        for part in (self.narrow, self.pixel_decoder):
            part.to(memory_format=torch.channels_last)

    def encode_vision(
        self, frames_BTCHW: torch.Tensor, sizes_B2: torch.Tensor | None = None
    ) -> Seen:
        """Encode frames once for all sentences.

        Args:
            frames_BTCHW: RGB in 0..1, of any size.
            sizes_B2: height and width of each clip's frames, where clips of several sizes are
                padded, below and to the right, to the largest.
        """
        padding_BHW = None
        height, width = frames_BTCHW.shape[-2:]
        if sizes_B2 is None:
            sizes_B2 = frames_BTCHW.new_tensor([height, width]).expand(len(frames_BTCHW), 2)
        else:
            row_B, column_B = sizes_B2[:, 0, None, None], sizes_B2[:, 1, None, None]
            row_H1 = torch.arange(height, device=frames_BTCHW.device)[:, None]
            column_W = torch.arange(width, device=frames_BTCHW.device)
            padding_BHW = (row_H1 >= row_B) | (column_W >= column_B)
        levels = self.vision(frames_BTCHW, padding_BHW)
        batch = frames_BTCHW.shape[:2]
        flat = [level.flatten(0, 1) for level in levels]
        narrowed = [self.pixel_decoder.fine(flat[0])] + [
            narrow(level) for narrow, level in zip(self.narrow, [*flat[1:], flat[-1]], strict=True)
        ]
        return Seen([level.unflatten(0, batch) for level in narrowed], sizes_B2, padding_BHW)

    def sides(self, size: tuple[int, ...], short: int) -> tuple[int, int]:
        """Return height and width: the short side as asked, the other in proportion, cut off.

        A very long frame has a shorter short side.
        """
        short = min(short, MAX_SIDE * min(size) // max(size))
        height, width = (
            max(1, short if side == min(size) else short * side // min(size)) for side in size
        )
        return height, width

    def resize(self, image_HW3: UInt8Array, sides: tuple[int, int]) -> torch.Tensor:
        """Return frame_CHW in 0..1, on the model's device; in 8 bits by Pillow, as published."""
        height, width = sides
        image = Image.fromarray(image_HW3).resize((width, height), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).to(self.vision.mean.device)
        return pixels.permute(2, 0, 1).float() / 255

    def shared_parameters(self) -> int:
        """Count the parameters of a named text encoder."""
        return 0 if self.config.stores_text else self.text.encoder_parameters()

    def save_extras(self, folder: Path) -> None:
        """Write RoBERTa's tokenizer."""
        if self.config.stores_text:
            self.text.tokenizer.save_pretrained(str(folder / TOKENIZER))

    def encode_text(self, sentences: list[str]) -> Sentences:
        """Encode sentences."""
        encoded: Sentences = self.text(sentences)
        return encoded

    def decode(
        self, seen: Seen, sentences: Sentences, clip_of_E: torch.Tensor
    ) -> QueryOutput | FlowOutput:
        """Answer E sentences about encoded clips; ``clip_of_E`` says which clip each asks of.

        In training, what queries say after the earlier layers of the decoder comes with it.
        """
        if torch.is_grad_enabled():
            return self._decode(seen, sentences, clip_of_E)
        # One after the other, so that what is in between doesn't grow with them.
        answers = [
            self._decode(seen, sentences.of(slice(e, e + 1)), clip_of_E[e : e + 1])
            for e in range(len(clip_of_E))
        ]
        if isinstance(answers[0], FlowOutput):
            return FlowOutput(torch.cat([answer.flow_ET2HW for answer in answers]))  # type: ignore[union-attr]
        return QueryOutput.joined(answers)  # type: ignore[arg-type]

    def _decode(
        self, seen: Seen, sentences: Sentences, clip_of_E: torch.Tensor
    ) -> QueryOutput | FlowOutput:
        frames, width = seen.frames, self.config.width
        shape = (len(clip_of_E), frames)
        padding_EHW = None if seen.padding_BHW is None else seen.padding_BHW[clip_of_E]
        fine_ETCHW, *levels = (_of(level, clip_of_E) for level in seen.levels)
        sizes = [level.shape[-2:] for level in (fine_ETCHW, *levels)]
        paddings = None
        whole = [torch.zeros(1, *size, dtype=torch.bool, device=clip_of_E.device) for size in sizes]
        if padding_EHW is not None:
            paddings = [_shrunk(padding_EHW, size) for size in sizes]
        # Without padding, places are alike in all frames.
        places = [place_embedding(padding, width) for padding in paddings or whole]  # each ECHW
        found: Found = self.transformer(
            [self._fused(level, sentences) for level in levels],
            places[1:] if paddings is None else [_each(place, frames) for place in places[1:]],
            None if paddings is None else [_each(padding, frames) for padding in paddings[1:]],
            _each(sentences.sentence_EC, frames),
        )
        pixels_ETCHW = self.pixel_decoder(
            fine_ETCHW,
            [level.unflatten(0, shape) for level in found.memory],
            places[:-1],
            None
            if paddings is None
            else [_each(padding, frames).unflatten(0, shape) for padding in paddings[:-1]],
            sentences,
        )
        size_F2 = _each(seen.sizes_B2[clip_of_E].flip(-1), frames)
        if self.motion is not None:
            masks = self._masks(found, -1, size_F2, pixels_ETCHW)
            return self.motion(masks, found.queries[-1].unflatten(0, shape))
        layers = range(len(self.scores)) if torch.is_grad_enabled() else [len(self.scores) - 1]
        outputs = [self._output(found, layer, size_F2, pixels_ETCHW) for layer in layers]
        last = outputs.pop()
        last.earlier = tuple(outputs)
        return last

    def _fused(self, level_ETCHW: torch.Tensor, sentences: Sentences) -> torch.Tensor:
        """Return a level FCHW, each place times what it reads in the sentence."""
        frames = level_ETCHW.shape[1]
        level_EPC = level_ETCHW.permute(0, 1, 3, 4, 2).flatten(1, 3)
        read_EPC = attend(
            self.fusion,
            level_EPC,
            sentences.words_ELC + sentences.place_ELC,
            sentences.words_ELC,
            sentences.ignored_EL,
        )
        fused = (level_EPC * read_EPC).unflatten(1, (frames, *level_ETCHW.shape[-2:]))
        return fused.flatten(0, 1).permute(0, 3, 1, 2)

    def _masks(
        self, found: Found, layer: int, size_F2: torch.Tensor, pixels_ETCHW: torch.Tensor
    ) -> torch.Tensor:
        """Return logits ETNHW of a layer's queries; ``size_F2`` are width and height."""
        # Where boxes are is not learnt from masks.
        centres_FN2 = found.boxes[layer][..., :2].detach() * size_F2[:, None]
        logits_FNHW = self.dynamic_masks(
            found.queries[layer], centres_FN2, pixels_ETCHW.flatten(0, 1), self.pixel_decoder.out
        )
        return logits_FNHW.unflatten(0, pixels_ETCHW.shape[:2])

    def _output(
        self, found: Found, layer: int, size_F2: torch.Tensor, pixels_ETCHW: torch.Tensor
    ) -> QueryOutput:
        shape = pixels_ETCHW.shape[:2]
        scores_ETNK = self.scores[layer](found.queries[layer]).unflatten(0, shape)
        masks_ETNHW = self._masks(found, layer, size_F2, pixels_ETCHW)
        return QueryOutput(
            logits_ENTHW=masks_ETNHW.transpose(1, 2),
            presence_ENT=scores_ETNK.amax(-1).transpose(1, 2),
            scores_ETNK=scores_ETNK,
            boxes_ETN4=found.boxes[layer].unflatten(0, shape),
        )

    def forward(
        self,
        frames_BTCHW: torch.Tensor,
        sentences: list[str],
        clip_of_E: torch.Tensor,
        sizes_B2: torch.Tensor | None = None,
    ) -> QueryOutput | FlowOutput:
        """Answer E sentences about B clips; see :meth:`encode_vision` for ``sizes_B2``."""
        return self.decode(
            self.encode_vision(frames_BTCHW, sizes_B2), self.encode_text(sentences), clip_of_E
        )


def _of(level_BTCHW: torch.Tensor, clip_of_E: torch.Tensor) -> torch.Tensor:
    """Return each sentence's clip; without a copy where one is asked about."""
    if len(clip_of_E) > 1 or torch.is_grad_enabled():
        return level_BTCHW[clip_of_E]
    clip = int(clip_of_E)
    return level_BTCHW[clip : clip + 1]


def _shrunk(padding_EHW: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Return where frames have ended at another size, EHW."""
    return F.interpolate(padding_EHW[None].float(), size=size).bool()[0]


def _each(of_E: torch.Tensor, frames: int) -> torch.Tensor:
    """Repeat what is told of E sentences for each of their frames."""
    return of_E.repeat_interleave(frames, 0)
