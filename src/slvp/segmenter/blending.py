"""Answers about windows that overlap, made one."""

from __future__ import annotations

from typing import Any

import torch

from slvp.segmenter.finishing import resized
from slvp.segmenter.views import View


class Blend:
    """Weighted sums over windows of what was said of a run of frames."""

    def __init__(
        self, logits_ETHW: torch.Tensor, presence_ET: torch.Tensor, weight_T: torch.Tensor
    ) -> None:
        self.logits_ETHW = logits_ETHW
        self.presence_ET = presence_ET
        self.weight_T = weight_T

    def add(self, earlier: Blend) -> None:
        """Add an earlier window's sums to the first of these frames."""
        shared = len(earlier.weight_T)
        self.logits_ETHW[:, :shared] += earlier.logits_ETHW
        self.presence_ET[:, :shared] += earlier.presence_ET
        self.weight_T[:shared] += earlier.weight_T

    def after(self, frames: int) -> Blend:
        """Return the sums without the first ``frames`` frames."""
        return Blend(
            self.logits_ETHW[:, frames:], self.presence_ET[:, frames:], self.weight_T[frames:]
        )


@torch.inference_mode()
def mean_answer(views: list[View], seen: list[Any]) -> Blend:
    """Ask all views about a window, and weigh its frames by how far they are from its ends."""
    answers = [view.answer(new) for view, new in zip(views, seen, strict=True)]
    logits, presences = zip(*answers, strict=True)
    size = logits[0].shape[-2:]
    logits_ETHW = torch.stack([_at_size(one_ETHW, size) for one_ETHW in logits]).mean(0)
    presence_ET = torch.stack(presences).mean(0)
    frames = presence_ET.shape[1]
    ramp_T = torch.arange(1, frames + 1, device=presence_ET.device)
    weight_T = torch.minimum(ramp_T, frames + 1 - ramp_T).float()
    return Blend(logits_ETHW * weight_T[:, None, None], presence_ET * weight_T, weight_T)


def _at_size(logits_ETHW: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
    sized = resized(logits_ETHW.flatten(0, 1), size)
    return sized.view(*logits_ETHW.shape[:2], *size)
