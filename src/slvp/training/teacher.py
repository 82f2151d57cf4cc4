"""A model asked about a whole video, to make pseudo masks of what it says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from slvp.models.heads import MaskOutput
from slvp.models.referring_model import ReferringModel
from slvp.types import Float32Array, UInt8Array

_AT_ONCE = 8  # sentences
_SURE = 4.0  # log-odds of what moves most, where a flow head is asked
_LEAST = 1.0  # flow units of what moves most, below which nothing is said
_STRONG = 0.98  # quantile of flow that counts as the most


class Teacher:
    """Asks a model, window by window.

    Args:
        model: with a mask head; or with a flow head, of which what moves for a sentence is taken
            for the object that it describes.
        device: the model's.
    """

    def __init__(self, model: ReferringModel, device: torch.device) -> None:
        self._model = model
        self._device = device

    @torch.no_grad()
    def ask(self, frames_THWC: UInt8Array, sentences: Sequence[str]) -> Float32Array:
        """Return probability_ETHW, at the frames' size.

        Args:
            frames_THWC: uint8 RGB.
            sentences: E sentences.
        """
        model, size = self._model, frames_THWC.shape[1:3]
        if not sentences:
            return np.zeros((0, *frames_THWC.shape[:3]), np.float32)
        training = model.training
        model.eval()
        sides = model.sides(size, model.config.frame_size)
        window = model.config.window
        answers = []
        for first in range(0, len(frames_THWC), window):
            some = frames_THWC[first : first + window]
            frames_TCHW = torch.stack([model.resize(frame, sides) for frame in some])
            seen = model.encode_vision(frames_TCHW[None])
            logits = []
            for start in range(0, len(sentences), _AT_ONCE):
                asked = list(sentences[start : start + _AT_ONCE])
                clip_of_E = torch.zeros(len(asked), dtype=torch.long, device=self._device)
                output = model.decode(seen, model.encode_text(asked), clip_of_E)
                told_ETHW = (
                    output.best()[0]
                    if isinstance(output, MaskOutput)
                    else output.flow_ET2HW.norm(dim=2)
                )
                logits.append(told_ETHW.float())
            answers.append(F.interpolate(torch.cat(logits), size=size, mode="bilinear"))
        model.train(training)
        told_ETHW = torch.cat(answers, dim=1)
        if model.config.head == "flow":
            told_ETHW = _log_odds_of_flow(told_ETHW)
        return np.asarray(told_ETHW.sigmoid().cpu().numpy(), np.float32)


def _log_odds_of_flow(speed_ETHW: torch.Tensor) -> torch.Tensor:
    """Compare the flow that a model tells with the most that it tells of a sentence's clip."""
    most_E = speed_ETHW.flatten(1).quantile(_STRONG, dim=1).clamp(min=_LEAST)
    return _SURE * (2 * speed_ETHW / most_E[:, None, None, None] - 1).clamp(-1, 1)
