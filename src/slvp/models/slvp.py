"""The whole model: vision, text, fusion, decoder and one head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from slvp.models.class_words import ClassWords
from slvp.models.config import ModelConfig
from slvp.models.decoder import PixelDecoder
from slvp.models.fusion import LanguageAsQuery, VisionAsQuery
from slvp.models.heads import (
    FlowOutput,
    LayeredFlowHead,
    MaskOutput,
    PixelFlowHead,
    PixelMaskHead,
    QueryMaskHead,
)
from slvp.models.text import TextEncoder, Words
from slvp.models.vision import Pyramid, VisionEncoder, normalised

_VISION = ("vision.", "class_words.last.", "class_words.classify.")

Weights = Literal["named", "unstored", "random"]


@dataclass(frozen=True)
class ParameterCounts:
    """Parameters of a model, in numbers.

    Attributes:
        total: all of them, those of the encoders included.
        trained: those that training changes.
    """

    total: int
    trained: int


class SLVP(nn.Module):
    """Self-supervised language-video pre-training for referring video object segmentation.

    After Mei, Piergiovanni, Hwang and Li, "SLVP", WACV Workshops 2024: fusion and decoder are
    pre-trained with optical flow as the target, then reused for masks. What the abstract does not
    say (all sizes and layers) is our own choice.

    >>> model = SLVP(ModelConfig(fusion="vision-as-query", head="mask"))

    Args:
        config: the architecture.
        weights: of the encoders. ``named``: those that the configuration names. ``unstored``: the
            same, but a backbone that a checkpoint holds, which is about to be loaded, is random.
            ``random``: all random; nothing is fetched, and sentences are cut into words by a
            stand-in for the encoder's own tokenizer.

    Raises:
        UserError: an encoder can't be had.
    """

    def __init__(self, config: ModelConfig, *, weights: Weights = "named") -> None:
        super().__init__()
        self.config = config
        again = config.checkpoint_activations
        named = config.vision_pretrained and (
            weights == "named" or (weights == "unstored" and not config.stores_vision)
        )
        self.vision = VisionEncoder(
            config.vision,
            pretrained=named,
            frozen=config.vision_frozen,
            recompute=again,
        )
        self.text = TextEncoder(
            config.text,
            pretrained=weights != "random",
            frozen=config.text_frozen,
            by_themselves=config.reads_places,
        )
        self.class_words = (
            ClassWords(config.vision, pretrained=named, text=self.text, known=weights != "named")
            if config.class_words
            else None
        )
        channels, width = self.vision.channels, config.width
        self.fusion: nn.Module
        self.head: nn.Module
        pixel_width = config.pixel_width
        fine = config.head == "mask" and config.mask_stride == 2
        if config.fusion == "vision-as-query":
            self.fusion = VisionAsQuery(config, channels, self.text)
            self.head = (
                PixelMaskHead(width, pixel_width, fine)
                if config.head == "mask"
                else PixelFlowHead(pixel_width)
            )
        else:
            self.fusion = LanguageAsQuery(config, channels, self.text)
            self.head = (
                QueryMaskHead(width, pixel_width, fine)
                if config.head == "mask"
                else LayeredFlowHead(width, pixel_width)
            )
        self.decoder = PixelDecoder(channels[0], width, config.pixel_width, again)
        for trained in (self.fusion, self.decoder, self.head):
            trained.to(memory_format=torch.channels_last)

    def encode_vision(self, frames_BTCHW: torch.Tensor) -> Pyramid:
        """Encode frames (RGB in 0..1, sides divisible by 32) once for all sentences."""
        pyramid: Pyramid = self.vision(frames_BTCHW)
        if self.class_words is not None:
            pyramid = replace(pyramid, named_BTCHW=self.class_words(pyramid.levels[-1]))
        if self.config.reads_places:
            # After the classifier, which reads features as the backbone gives them.
            pyramid = replace(pyramid, levels=[normalised(level) for level in pyramid.levels])
        return pyramid

    def encode_text(self, sentences: list[str]) -> Words:
        """Encode sentences."""
        words: Words = self.text(sentences)
        return words

    def decode(
        self, pyramid: Pyramid, words: Words, clip_of_E: torch.Tensor
    ) -> MaskOutput | FlowOutput:
        """Answer E sentences about encoded clips; ``clip_of_E`` says which clip each asks of."""
        fused = self.fusion(pyramid, words, clip_of_E)
        pixels = self.decoder(fused, clip_of_E)
        output: MaskOutput | FlowOutput = self.head(pixels, fused, clip_of_E)
        return output

    def forward(
        self, frames_BTCHW: torch.Tensor, sentences: list[str], clip_of_E: torch.Tensor
    ) -> MaskOutput | FlowOutput:
        """Answer E sentences about B clips; flow or masks as the head gives."""
        return self.decode(self.encode_vision(frames_BTCHW), self.encode_text(sentences), clip_of_E)

    def stored_state(self) -> dict[str, torch.Tensor]:
        """Return the tensors that a checkpoint holds: all but named, frozen encoders."""
        return {
            name: tensor
            for name, tensor in self.state_dict().items()
            if self.config.stores_vision or not name.startswith(_VISION)
        }

    def trained_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that training changes."""
        return [p for p in self.parameters() if p.requires_grad]

    def parameter_counts(self) -> ParameterCounts:
        """Count the parameters, those of a frozen text encoder, too."""
        own = sum(p.numel() for p in self.parameters())
        frozen_text = sum(p.numel() for p in self.text.encoder.parameters())
        return ParameterCounts(
            total=own + (frozen_text if self.config.text_frozen else 0),
            trained=sum(p.numel() for p in self.trained_parameters()),
        )

    def save_pretrained(self, folder: str | Path, card: str = "") -> None:
        """Write the model to ``folder``; see :mod:`slvp.models.checkpoint`."""
        from slvp.models import checkpoint

        checkpoint.save_pretrained(self, Path(folder), card=card)

    @staticmethod
    def from_pretrained(name_or_path: str | Path) -> SLVP:
        """Load a shipped, local or hub model; see :mod:`slvp.models.checkpoint`."""
        from slvp.models import checkpoint

        return checkpoint.from_pretrained(name_or_path)

    def push_to_hub(self, repo_id: str, card: str = "", private: bool = False) -> str:
        """Upload the model and return its address; see :mod:`slvp.models.checkpoint`."""
        from slvp.models import checkpoint

        return checkpoint.push_to_hub(self, repo_id, card=card, private=private)
