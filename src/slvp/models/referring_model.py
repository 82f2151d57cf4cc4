"""What all models have in common: clips and sentences in, masks or flow out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import torch
from torch import nn

from slvp.models.heads import FlowOutput, MaskOutput
from slvp.types import UInt8Array

Weights = Literal["named", "unstored", "random"]

MAX_SIDE = 2_048
"""Most pixels of a frame's side that a model is shown."""

MULTIPLE = 32
"""Least pixels of a frame's short side, and for some models what sides are multiples of."""


class Configuration(Protocol):
    """What is asked of any model's configuration; see those of the models."""

    architecture: ClassVar[str]

    @property
    def head(self) -> Literal["mask", "flow"]:
        """``mask`` (transfer) or ``flow`` (pre-training)."""
        ...

    @property
    def frame_size(self) -> int:
        """Short side, in pixels, of frames at inference."""
        ...

    @property
    def window(self) -> int:
        """Frames seen at a time at inference."""
        ...

    @property
    def presence_threshold(self) -> float:
        """Presence below which a frame's mask is empty."""
        ...

    @property
    def vision_pretrained(self) -> bool:
        """Whether the backbone starts from named weights."""
        ...

    @property
    def stores_vision(self) -> bool:
        """Whether a checkpoint must hold the backbone's weights."""
        ...

    def hop(self, window: int) -> int:
        """Return how many frames further each window begins."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-ready values."""
        ...


@dataclass(frozen=True)
class ParameterCounts:
    """Parameters of a model, in numbers.

    Attributes:
        total: all of them, those of the encoders included.
        trained: those that training changes.
    """

    total: int
    trained: int


class ReferringModel(nn.Module, ABC):
    """A model that finds what sentences describe.

    Attributes:
        config: its architecture.
        vision_modules: prefixes of the tensors that a checkpoint leaves out where the backbone is
            frozen and named.
    """

    config: Configuration
    vision_modules: ClassVar[tuple[str, ...]] = ("vision.",)

    @abstractmethod
    def encode_vision(self, frames_BTCHW: torch.Tensor) -> Any:
        """Encode frames (RGB in 0..1) once for all sentences.

        What is returned knows its ``frames``, what is left ``after`` some of them, and how to be
        ``followed_by`` what is seen later.
        """

    @abstractmethod
    def encode_text(self, sentences: list[str]) -> Any:
        """Encode sentences."""

    @abstractmethod
    def decode(self, seen: Any, words: Any, clip_of_E: torch.Tensor) -> MaskOutput | FlowOutput:
        """Answer E sentences about encoded clips; ``clip_of_E`` says which clip each asks of."""

    @abstractmethod
    def sides(self, size: tuple[int, ...], short: int) -> tuple[int, int]:
        """Return height and width that frames are resized to, for a short side of ``short``."""

    @abstractmethod
    def resize(self, image_HW3: UInt8Array, sides: tuple[int, int]) -> torch.Tensor:
        """Return a frame, uint8 RGB, as frame_CHW in 0..1 at another size."""

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
            if self.config.stores_vision or not name.startswith(self.vision_modules)
        }

    def trained_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that training changes."""
        return [p for p in self.parameters() if p.requires_grad]

    def ready(self) -> ReferringModel:
        """Return a model that answers as this one does, but for rounding, and faster.

        It shares what it can with this one, and is neither for training nor for saving.
        """
        return self

    @abstractmethod
    def shared_parameters(self) -> int:
        """Count the parameters of encoders that models share, which are no part of this module."""

    def parameter_counts(self) -> ParameterCounts:
        """Count the parameters, those of a frozen text encoder, too."""
        return ParameterCounts(
            total=sum(p.numel() for p in self.parameters()) + self.shared_parameters(),
            trained=sum(p.numel() for p in self.trained_parameters()),
        )

    def save_extras(self, folder: Path) -> None:
        """Write what a model's folder holds beside configuration and weights."""

    def save_pretrained(self, folder: str | Path, card: str = "") -> None:
        """Write the model to ``folder``; see :mod:`slvp.models.checkpoint`."""
        from slvp.models import checkpoint

        checkpoint.save_pretrained(self, Path(folder), card=card)

    @staticmethod
    def from_pretrained(name_or_path: str | Path) -> ReferringModel:
        """Load a shipped, local or hub model; see :mod:`slvp.models.checkpoint`."""
        from slvp.models import checkpoint

        return checkpoint.from_pretrained(name_or_path)

    def push_to_hub(self, repo_id: str, card: str = "", private: bool = False) -> str:
        """Upload the model and return its address; see :mod:`slvp.models.checkpoint`."""
        from slvp.models import checkpoint

        return checkpoint.push_to_hub(self, repo_id, card=card, private=private)
