"""What computes a model's answers."""

from __future__ import annotations

from typing import Any, Literal, Protocol, get_args

import torch

from slvp.errors import UserError
from slvp.models.bfloat16 import InBfloat16
from slvp.models.heads import FlowOutput, MaskOutput
from slvp.models.onednn import multiplies_bfloat16
from slvp.models.referring_model import ReferringModel
from slvp.models.slvp import SLVP
from slvp.types import UInt8Array

Engine = Literal["auto", "float32", "bfloat16"]
"""``float32``: all in single precision. ``bfloat16``: fusion, decoder and head in bfloat16, about a
fifth faster where the processor multiplies it, and slower elsewhere. ``auto``: whichever is
faster on this CPU; single precision elsewhere."""


class Asked(Protocol):
    """What a view needs of a model."""

    def encode_text(self, sentences: list[str]) -> Any:
        """Encode sentences."""

    def encode_vision(self, frames_BTCHW: torch.Tensor) -> Any:
        """Encode frames once for all sentences."""

    def decode(self, seen: Any, words: Any, clip_of_E: torch.Tensor) -> MaskOutput | FlowOutput:
        """Answer E sentences about encoded clips."""

    def sides(self, size: tuple[int, ...], short: int) -> tuple[int, int]:
        """Return height and width that frames are resized to."""

    def resize(self, image_HW3: UInt8Array, sides: tuple[int, int]) -> torch.Tensor:
        """Return a frame as frame_CHW in 0..1 at another size."""


def choose_engine(engine: Engine, model: ReferringModel, device: torch.device) -> Engine:
    """Return ``float32`` or ``bfloat16``.

    Raises:
        UserError: there is no such engine, or this model can't be asked by it.
    """
    if engine not in get_args(Engine):
        raise UserError(f"engine {engine!r}: expected one of {', '.join(get_args(Engine))}")
    if engine == "auto":
        faster = device.type == "cpu" and multiplies_bfloat16() and isinstance(model, SLVP)
        return "bfloat16" if faster else "float32"
    if engine == "bfloat16" and not isinstance(model, SLVP):
        raise UserError("engine 'bfloat16': an imported ReferFormer has none; choose float32")
    return engine


def ready(engine: Engine, model: ReferringModel) -> Asked:
    """Return what answers as the model does, by an engine that :func:`choose_engine` returned."""
    asked = model.ready()
    return InBfloat16(asked) if engine == "bfloat16" and isinstance(asked, SLVP) else asked
