"""What a ReferFormer is made of: the content of its ``config.json``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from slvp.errors import UserError
from slvp.models.config import HEADS, Fusion, Head, checked_values

ARCHITECTURE = "referformer"
"""What ``config.json`` says in its field ``architecture``."""

Sentence = Literal["pooled", "mean"]

_COUNTS = (
    "feedforward",
    "encoder_layers",
    "decoder_layers",
    "points",
    "queries",
    "mask_width",
    "classes",
    "window",
)
_GROUPS = 32  # of the normalisation after the projection to ``width``


@dataclass(frozen=True)
class ReferFormerConfig:
    """Architecture of one ReferFormer. The defaults are those of the published checkpoints.

    Attributes:
        head: ``mask``, or ``flow`` for SLVP pre-training, which is ours and not ReferFormer's.
        vision: ``resnet50`` or ``resnet101``, ``swin_t``, ``swin_s``, ``swin_b`` or ``swin_l``,
            ``video_swin_t``, ``video_swin_s`` or ``video_swin_b``, as published; or ``timm:`` and
            the name of a timm backbone.
        vision_pretrained: start from named pre-trained weights; for ``timm:`` only.
        vision_frozen: never train the backbone.
        text: ``roberta``, whose weights and tokenizer the model's folder holds, or a transformers
            encoder by name, which is frozen.
        roberta: fields of the transformers configuration of ``roberta`` that aren't as in
            ``roberta-base``.
        sentence: what queries are born from: the encoder's pooled output, or its words' mean.
        width: channels of everything behind the encoders.
        attention_heads: heads of every attention.
        feedforward: hidden channels of the feed-forward parts.
        encoder_layers, decoder_layers: of the deformable transformer.
        points: that a head of a deformable attention samples in each level.
        queries: shared by all frames.
        pixel_width: channels of the pixels that masks are read off.
        mask_layers, mask_width: of a query's own convolution over these.
        classes: that a query is scored for; 1 in models that tell 'meant' from 'not meant'.
        dropout: in training.
        frame_size: short side, in pixels, that frames are resized to at inference by default.
        window: frames that the model sees at a time at inference by default. All of them share
            their choice of a query.
        presence_threshold: score below which a frame's mask is empty by default. Published
            inference knows no such thing: 0.
    """

    architecture: ClassVar[str] = ARCHITECTURE
    fusion: ClassVar[Fusion] = "language-as-query"

    head: Head = "mask"
    vision: str = "resnet50"
    vision_pretrained: bool = False
    vision_frozen: bool = False
    text: str = "roberta"
    roberta: dict[str, Any] = field(default_factory=dict)
    sentence: Sentence = "pooled"
    width: int = 256
    attention_heads: int = 8
    feedforward: int = 2048
    encoder_layers: int = 4
    decoder_layers: int = 4
    points: int = 4
    queries: int = 5
    pixel_width: int = 256
    mask_layers: int = 3
    mask_width: int = 8
    classes: int = 1
    dropout: float = 0.1
    frame_size: int = 360
    window: int = 36
    presence_threshold: float = 0.0

    @property
    def stores_vision(self) -> bool:
        """Whether a checkpoint must hold the backbone's weights."""
        return not (self.vision_frozen and self.vision_pretrained)

    @property
    def stores_text(self) -> bool:
        """Whether a checkpoint must hold the text encoder's weights."""
        return self.text == "roberta"

    def hop(self, window: int) -> int:
        """Return how many frames further each window begins: windows don't overlap."""
        return window

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-ready values."""
        return {"architecture": ARCHITECTURE} | dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str) -> ReferFormerConfig:
        """Build from parsed JSON.

        Args:
            values: the parsed object, without the field ``architecture``.
            source: where it was read, for the message.

        Raises:
            UserError: a field is unknown or has a value that it can't have.
        """
        config = cls(**checked_values(cls, values, source))
        for name in ("width", "pixel_width"):
            if getattr(config, name) % _GROUPS or getattr(config, name) < _GROUPS:
                raise UserError(f"{source}: {name} must be a positive multiple of {_GROUPS}")
        if config.attention_heads < 1 or config.width % config.attention_heads:
            raise UserError(f"{source}: attention_heads must divide width ({config.width})")
        for name in _COUNTS:
            if getattr(config, name) < 1:
                raise UserError(f"{source}: {name} must be at least 1")
        if config.vision_pretrained and not config.vision.startswith("timm:"):
            raise UserError(
                f"{source}: vision_pretrained is for backbones of timm; published ones are stored"
            )
        wrong = [name for name, value in config.roberta.items() if type(value) is not int]
        if wrong or not 0 <= config.dropout < 1:
            raise UserError(f"{source}: roberta must hold whole numbers, and dropout be in 0..1")
        if config.mask_layers < 2:
            raise UserError(f"{source}: mask_layers must be at least 2")
        if config.head not in HEADS or config.sentence not in ("pooled", "mean"):
            raise UserError(
                f"{source}: head is {config.head!r} and sentence {config.sentence!r}, expected one "
                f"of {HEADS} and one of ('pooled', 'mean')"
            )
        return config
