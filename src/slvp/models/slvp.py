"""The whole model: vision, text, fusion, decoder and one head."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace

import numpy as np
import torch
from timm.models.efficientnet import EfficientNetFeatures
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.class_words import ClassWords
from slvp.models.config import ModelConfig
from slvp.models.decoder import PixelDecoder
from slvp.models.folding import fold_batch_norms
from slvp.models.fusion import LanguageAsQuery, VisionAsQuery
from slvp.models.heads import (
    FlowOutput,
    LayeredFlowHead,
    MaskOutput,
    PixelFlowHead,
    PixelMaskHead,
    QueryMaskHead,
)
from slvp.models.referring_model import MAX_SIDE, MULTIPLE, ReferringModel, Weights
from slvp.models.text import TextEncoder, Words
from slvp.models.vision import Pyramid, VisionEncoder, normalised
from slvp.types import UInt8Array


class SLVP(ReferringModel):
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

    config: ModelConfig
    vision_modules = ("vision.", "class_words.last.", "class_words.classify.")

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
        return self.draw(self.see(frames_BTCHW))

    def see(self, frames_BTCHW: torch.Tensor) -> Pyramid:
        """Return what the backbone and its classifier see."""
        pyramid: Pyramid = self.vision(frames_BTCHW)
        if self.class_words is not None:
            pyramid = replace(pyramid, named_BTCHW=self.class_words(pyramid.levels[-1]))
        if self.config.reads_places:
            # After the classifier, which reads features as the backbone gives them.
            pyramid = replace(pyramid, levels=[normalised(level) for level in pyramid.levels])
        return pyramid

    def draw(self, pyramid: Pyramid) -> Pyramid:
        """Add what of outlines hangs on the frames alone."""
        outline = getattr(self.head, "outline", None)
        if outline is not None:
            pyramid = replace(pyramid, outlines_BTCHW=outline.draw(pyramid.outlines_BTCHW))
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

    def sides(self, size: tuple[int, ...], short: int) -> tuple[int, int]:
        """Return height and width, multiples of 32."""
        scale = short / min(size)
        height, width = (
            min(MAX_SIDE, max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE)) for side in size
        )
        return height, width

    def resize(self, image_HW3: UInt8Array, sides: tuple[int, int]) -> torch.Tensor:
        """Return frame_CHW in 0..1, on the model's device."""
        pixels = torch.from_numpy(np.ascontiguousarray(image_HW3)).to(self.vision.mean.device)
        return F.interpolate(
            pixels.permute(2, 0, 1)[None].float() / 255,
            size=sides,
            mode="bilinear",
            antialias=True,
            align_corners=False,
        )[0]

    def ready(self) -> SLVP:
        """Return a model whose frozen backbone does the same in fewer steps."""
        return self.folded() if self.config.vision_frozen else self

    def folded(self) -> SLVP:
        """Return the model as it is now, an EfficientNet's normalisations folded; for evaluation.

        See :func:`slvp.models.folding.fold_batch_norms`. Other backbones are left as they are.
        """
        if not isinstance(getattr(self.vision.backbone, "net", None), EfficientNetFeatures):
            return self
        asked = copy(self)
        asked._modules = {**self._modules, "vision": deepcopy(self.vision)}
        fold_batch_norms(asked.vision)
        if self.class_words is not None:
            asked.class_words = deepcopy(self.class_words)
            fold_batch_norms(asked.class_words)
        return asked

    def shared_parameters(self) -> int:
        """Count the parameters of a frozen text encoder."""
        frozen = self.config.text_frozen
        return sum(p.numel() for p in self.text.encoder.parameters()) if frozen else 0
