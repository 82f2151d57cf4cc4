"""What a model is made of: the content of ``config.json``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from slvp.errors import UserError

Fusion = Literal["vision-as-query", "language-as-query"]
Head = Literal["mask", "flow"]

_MULTIPLE = 8  # groups of the decoder's normalisation

FUSIONS: tuple[Fusion, ...] = ("vision-as-query", "language-as-query")
HEADS: tuple[Head, ...] = ("mask", "flow")
MASK_STRIDES = (2, 4)


@dataclass(frozen=True)
class ModelConfig:
    """Architecture of one SLVP model. Every value is our own choice, not the paper's.

    Attributes:
        fusion: which side asks: pixels attend to words, or queries born from the sentence attend
            to pixels.
        head: ``mask`` (transfer) or ``flow`` (pre-training).
        vision: a timm backbone with features at strides 4, 8, 16 and 32, or torchvision's Video
            Swin: ``swin3d_t``, ``swin3d_s`` or ``swin3d_b``.
        vision_pretrained: start from named pre-trained weights.
        vision_frozen: never train the backbone. Frozen pre-trained weights are named in the
            checkpoint, not stored.
        text: a transformers encoder.
        text_frozen: never train it. Then it is named in the checkpoint, not stored.
        width: channels of the fusion.
        attention_heads: heads of every attention.
        pixel_width: channels of the decoder's pixel embeddings at stride 4.
        queries: number of queries of the language-as-query fusion.
        motion_reach: how far, in places of stride 8, a place is looked for in the frames before and
            after, so that the fusion sees motion; 0 for not at all.
        class_words: give the fusion what the backbone's own ImageNet classifier sees at each place,
            put into words by the text encoder.
        reads_places: normalise the backbone's features, read words by themselves beside words in
            their sentence and, with vision as query, tell each place where it is whenever it reads
            or looks. Without it features drown the place, and 'left' is much like 'right'.
        mask_stride: pixels of the frame's side per pixel of the mask head's logits: 4, or 2, where
            the frame's own colours draw the outline.
        frame_size: short side, in pixels, that frames are resized to at inference by default.
        window: frames that the model sees at a time at inference by default.
        presence_threshold: presence below which a frame's mask is empty by default.
        checkpoint_activations: in training, compute the activations of fusion, decoder and a
            trained backbone a second time instead of keeping them: less memory, more time, the
            same gradients.
    """

    architecture: ClassVar[str] = "slvp"

    fusion: Fusion = "vision-as-query"
    head: Head = "mask"
    vision: str = "tf_efficientnet_lite0"
    vision_pretrained: bool = True
    vision_frozen: bool = True
    text: str = "sentence-transformers/all-MiniLM-L6-v2"
    text_frozen: bool = True
    width: int = 128
    attention_heads: int = 4
    pixel_width: int = 64
    queries: int = 5
    motion_reach: int = 0
    class_words: bool = False
    reads_places: bool = False
    mask_stride: int = 4
    frame_size: int = 256
    window: int = 4
    presence_threshold: float = 0.5
    checkpoint_activations: bool = False

    @property
    def stores_vision(self) -> bool:
        """Whether a checkpoint must hold the backbone's weights."""
        return not (self.vision_frozen and self.vision_pretrained)

    def hop(self, window: int) -> int:
        """Return how many frames further each window begins: windows overlap by half."""
        return max(1, window // 2)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-ready values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str) -> ModelConfig:
        """Build from parsed JSON.

        Args:
            values: the parsed object.
            source: where it was read, for the message.

        Raises:
            UserError: a field is unknown or has a value that it can't have.
        """
        config = cls(**checked_values(cls, values, source))
        for name in ("width", "pixel_width"):
            if getattr(config, name) % _MULTIPLE or getattr(config, name) < _MULTIPLE:
                raise UserError(f"{source}: {name} must be a positive multiple of {_MULTIPLE}")
        if config.attention_heads < 1 or config.width % config.attention_heads:
            raise UserError(f"{source}: attention_heads must divide width ({config.width})")
        if config.queries < 1 or config.window < 1:
            raise UserError(f"{source}: queries and window must be at least 1")
        if config.motion_reach < 0 or config.mask_stride not in MASK_STRIDES:
            raise UserError(
                f"{source}: motion_reach must not be negative and mask_stride must be one of "
                f"{MASK_STRIDES}"
            )
        if config.fusion not in FUSIONS:
            raise UserError(f"{source}: fusion is {config.fusion!r}, expected one of {FUSIONS}")
        if config.head not in HEADS:
            raise UserError(f"{source}: head is {config.head!r}, expected one of {HEADS}")
        return config


def checked_values(config: type[Any], values: dict[str, Any], source: str) -> dict[str, Any]:
    """Return parsed values if they fit a configuration's fields in name and type.

    Raises:
        UserError: names the first that doesn't.
    """
    known = {field.name: field for field in dataclasses.fields(config)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise UserError(
            f"{source}: unknown field {unknown[0]!r}; expected some of {', '.join(known)} "
            "(was the model saved by a newer slvp? then upgrade)"
        )
    own = config()
    for name, value in values.items():
        expected = type(getattr(own, name))
        if type(value) is not expected:
            raise UserError(
                f"{source}: {name} is {value!r}, expected a value of type {expected.__name__}"
            )
    return values
