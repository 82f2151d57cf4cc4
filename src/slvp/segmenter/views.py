"""The model asked at one size, mirrored or not, window after window."""

from __future__ import annotations

from typing import Any

import torch

from slvp.data.transforms import mirror_words
from slvp.models.heads import MaskOutput
from slvp.segmenter.engines import Asked
from slvp.segmenter.finishing import STRIDE
from slvp.types import UInt8Array

SENTENCES_AT_ONCE = 8
"""More are asked in turn, so that what the model needs in between does not grow with them."""


class View:
    """Asks a model about one video. Vision sees each frame once, however windows overlap.

    Args:
        model: one with a mask head.
        device: where the model is.
        sentences: E sentences.
        size: short side that frames are resized to, in pixels.
        mirrored: show the model mirrored frames, and ask for the right where a sentence says left;
            the answers are mirrored back.
    """

    def __init__(
        self,
        model: Asked,
        device: torch.device,
        sentences: list[str],
        size: int,
        *,
        mirrored: bool = False,
    ) -> None:
        self._model, self._device, self._size, self._mirrored = model, device, size, mirrored
        if mirrored:
            sentences = [mirror_words(sentence) for sentence in sentences]
        parts = [
            sentences[start : start + SENTENCES_AT_ONCE]
            for start in range(0, len(sentences), SENTENCES_AT_ONCE)
        ]
        # How many sentences, and what the model makes of them.
        self._words = [(len(some), model.encode_text(some)) for some in parts]
        self._seen: Any = None

    def see(self, new: list[UInt8Array]) -> Any:
        """Return what vision makes of a window: frames seen before, and new ones."""
        sides = height, width = self.sides(new[0].shape[:2])
        if self._mirrored and width > STRIDE:
            # Or the last column of the maps, only partly within the frame, would come first.
            sides = height, width - width % STRIDE
        frames_TCHW = torch.stack([self._model.resize(image, sides) for image in new])
        if self._mirrored:
            frames_TCHW = frames_TCHW.flip(-1)
        seen = self._model.encode_vision(frames_TCHW[None])
        self._seen = seen if self._seen is None else self._seen.followed_by(seen)
        return self._seen

    def answer(self, seen: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits_ETHW and presence_ET of what :meth:`see` has seen; in any thread.

        Without a sentence, the model isn't asked, and both are empty.
        """
        if not self._words:
            frames, _, height, width = seen.levels[0].shape[1:]
            nothing_ETHW = torch.zeros(0, frames, height, width, device=self._device)
            return nothing_ETHW, nothing_ETHW[..., 0, 0]
        answers = [self._decode(seen, *some) for some in self._words]
        logits_ETHW, presence_ET = (torch.cat(parts) for parts in zip(*answers, strict=True))
        return (logits_ETHW.flip(-1) if self._mirrored else logits_ETHW), presence_ET

    def forget(self, frames: int) -> None:
        """Leave the window's first ``frames`` frames behind."""
        self._seen = self._seen.after(frames)

    def sides(self, size: tuple[int, ...]) -> tuple[int, int]:
        """Return height and width that frames of a size are resized to."""
        return self._model.sides(size, self._size)

    def _decode(self, seen: Any, sentences: int, words: Any) -> tuple[torch.Tensor, torch.Tensor]:
        clip_of_E = torch.zeros(sentences, dtype=torch.long, device=self._device)
        output = self._model.decode(seen, words, clip_of_E)
        assert isinstance(output, MaskOutput)
        return output.best()
