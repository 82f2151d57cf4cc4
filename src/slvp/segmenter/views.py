"""The model asked at one size, mirrored or not, window after window."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from slvp.data.transforms import mirror_words
from slvp.models.heads import MaskOutput
from slvp.models.slvp import SLVP
from slvp.models.text import Words
from slvp.models.vision import Pyramid
from slvp.types import UInt8Array

MAX_SIDE = 2_048
MULTIPLE = 32

SENTENCES_AT_ONCE = 8
"""More are asked in turn, so that what the model needs in between does not grow with them."""


class View:
    """Asks a model about one video. Vision sees each frame once, however windows overlap.

    Args:
        model: an SLVP model with a mask head.
        device: where the model is.
        sentences: E sentences.
        size: short side that frames are resized to, in pixels.
        mirrored: show the model mirrored frames, and ask for the right where a sentence says left;
            the answers are mirrored back.
    """

    def __init__(
        self,
        model: SLVP,
        device: torch.device,
        sentences: list[str],
        size: int,
        *,
        mirrored: bool = False,
    ) -> None:
        self._model, self._device, self._size, self._mirrored = model, device, size, mirrored
        if mirrored:
            sentences = [mirror_words(sentence) for sentence in sentences]
        self._words = [
            model.encode_text(sentences[start : start + SENTENCES_AT_ONCE])
            for start in range(0, len(sentences), SENTENCES_AT_ONCE)
        ]
        self._seen: Pyramid | None = None

    def answer(self, new: list[UInt8Array]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits_ETHW and presence_ET of a window: frames seen before, and new ones."""
        frames_TCHW = torch.stack([self._resize(image) for image in new])
        if self._mirrored:
            frames_TCHW = frames_TCHW.flip(-1)
        pyramid = self._model.encode_vision(frames_TCHW[None])
        if self._seen is not None:
            pyramid = self._seen.followed_by(pyramid)
        self._seen = pyramid
        answers = [self._decode(pyramid, some) for some in self._words]
        logits_ETHW, presence_ET = (torch.cat(parts) for parts in zip(*answers, strict=True))
        return (logits_ETHW.flip(-1) if self._mirrored else logits_ETHW), presence_ET

    def forget(self, frames: int) -> None:
        """Leave the window's first ``frames`` frames behind."""
        assert self._seen is not None
        self._seen = self._seen.after(frames)

    def sides(self, size: tuple[int, ...]) -> tuple[int, int]:
        """Return height and width, multiples of 32, that frames of a size are resized to."""
        scale = self._size / min(size)
        height, width = (
            min(MAX_SIDE, max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE)) for side in size
        )
        return height, width

    def _decode(self, pyramid: Pyramid, words: Words) -> tuple[torch.Tensor, torch.Tensor]:
        clip_of_E = torch.zeros(len(words.words_ELC), dtype=torch.long, device=self._device)
        output = self._model.decode(pyramid, words, clip_of_E)
        assert isinstance(output, MaskOutput)
        return output.best()

    def _resize(self, image_HW3: UInt8Array) -> torch.Tensor:
        """Return frame_CHW in 0..1."""
        pixels = torch.from_numpy(np.ascontiguousarray(image_HW3)).to(self._device)
        return F.interpolate(
            pixels.permute(2, 0, 1)[None].float() / 255,
            size=self.sides(image_HW3.shape[:2]),
            mode="bilinear",
            antialias=True,
            align_corners=False,
        )[0]
