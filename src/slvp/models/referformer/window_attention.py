"""Attention within windows of a clip (Liu et al., Swin Transformer, 2021; Video Swin, 2022)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.onednn import Linear

Size = tuple[int, int, int]
"""Frames, rows and columns."""

_APART = -100.0  # logit between places that only the roll has brought together


@dataclass(frozen=True)
class Windows:
    """How a clip is cut into windows.

    Attributes:
        size: of a window.
        shift: how far the clip is rolled before it is cut, so that windows of the next block lie
            across the borders of this one's.
    """

    size: Size
    shift: Size = (0, 0, 0)

    def shifted(self) -> Windows:
        """Return the same rolled by half a window."""
        frames, rows, columns = self.size
        return Windows(self.size, (frames // 2, rows // 2, columns // 2))

    def within(self, clip: tuple[int, ...]) -> Windows:
        """Return windows no larger than the clip; along a side that has but one, nothing rolls."""
        fitting = [
            (side, 0) if side <= window else (window, shift)
            for side, window, shift in zip(clip, self.size, self.shift, strict=True)
        ]
        (frames, d), (rows, h), (columns, w) = fitting
        return Windows((frames, rows, columns), (d, h, w))


class WindowAttention(nn.Module):
    """Places of a window attend to each other; a learnt bias tells how far apart they are.

    Args:
        width: channels.
        heads: of the attention.
        window: the largest one.
    """

    def __init__(self, width: int, heads: int, window: Size) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = Linear(width, 3 * width)
        self.out = Linear(width, width)
        distances = math.prod(2 * side - 1 for side in window)
        self.bias = nn.Parameter(torch.zeros(distances, heads))
        nn.init.trunc_normal_(self.bias, std=0.02)
        self.register_buffer("_distance", _distances(window), persistent=False)
        self._distance: torch.Tensor

    def forward(self, clip_BTHWC: torch.Tensor, windows: Windows) -> torch.Tensor:
        """Return what each place reads in its window."""
        size = clip_BTHWC.shape[1:4]
        missing = [-side % window for side, window in zip(size, windows.size, strict=True)]
        if any(missing):
            frames, rows, columns = missing
            clip_BTHWC = F.pad(clip_BTHWC, (0, 0, 0, columns, 0, rows, 0, frames))
        if any(windows.shift):
            back = [-shift for shift in windows.shift]
            clip_BTHWC = clip_BTHWC.roll(back, (1, 2, 3))
        cut = _cut(clip_BTHWC, windows.size)
        read = _joined(self._read(cut, windows), windows.size)
        if any(windows.shift):
            read = read.roll(windows.shift, (1, 2, 3))
        return read[:, : size[0], : size[1], : size[2]]

    def _read(self, cut: torch.Tensor, windows: Windows) -> torch.Tensor:
        """Attend in windows (B, frames, rows, columns of windows, places, C)."""
        places = cut.shape[4]
        distance = self._distance[:places, :places]
        bias_MPP = self.bias[distance.flatten()].view(places, places, -1).permute(2, 0, 1)
        qkv = self.query_key_value(cut).unflatten(-1, (3, self.heads, -1))
        read = torch.empty_like(cut)
        # Only the last windows of a side hold places that the roll has brought together. So there
        # are few kinds of windows, and one bias for all of a kind.
        ends = [(False, True) if shift else (None,) for shift in windows.shift]
        for kind in itertools.product(*ends):
            where = (slice(None), *(_SIDES[last] for last in kind))
            some = qkv[where]
            if some.numel() == 0:
                continue
            apart = _apart(windows, kind, bias_MPP.device)
            bias = bias_MPP if apart is None else bias_MPP + apart
            q, k, v = some.flatten(0, 3).permute(2, 0, 3, 1, 4)
            told = F.scaled_dot_product_attention(q, k, v, attn_mask=bias[None].to(q.dtype))
            read[where] = told.transpose(1, 2).reshape(read[where].shape)
        return self.out(read)


_SIDES = {None: slice(None), False: slice(0, -1), True: slice(-1, None)}


def _apart(
    windows: Windows, last: tuple[bool | None, ...], device: torch.device
) -> torch.Tensor | None:
    """Return what is added to logits between places of a window; None for nothing."""
    if not any(last):
        return None
    sides = [
        torch.arange(size, device=device) >= size - shift
        if end
        else torch.zeros(size, dtype=torch.bool, device=device)
        for size, shift, end in zip(windows.size, windows.shift, last, strict=True)
    ]
    parts = torch.stack(torch.meshgrid(*sides, indexing="ij")).flatten(1)
    together = (parts[:, :, None] == parts[:, None, :]).all(0)
    return torch.where(together, 0.0, _APART)


def _cut(clip_BTHWC: torch.Tensor, size: Size) -> torch.Tensor:
    frames, rows, columns = size
    parts = clip_BTHWC.unflatten(3, (-1, columns)).unflatten(2, (-1, rows))
    parts = parts.unflatten(1, (-1, frames))
    return parts.permute(0, 1, 3, 5, 2, 4, 6, 7).flatten(4, 6)


def _joined(cut: torch.Tensor, size: Size) -> torch.Tensor:
    parts = cut.unflatten(4, size).permute(0, 1, 4, 2, 5, 3, 6, 7)
    return parts.flatten(5, 6).flatten(3, 4).flatten(1, 2)


def _distances(window: Size) -> torch.Tensor:
    """Return, for each pair of places of a window, the row of the bias that is theirs."""
    places = torch.stack(
        torch.meshgrid(*(torch.arange(side) for side in window), indexing="ij")
    ).flatten(1)
    rows = torch.zeros(places.shape[1], places.shape[1], dtype=torch.long)
    for place, side in zip(places, window, strict=True):
        rows = rows * (2 * side - 1) + (place[:, None] - place[None, :] + side - 1)
    return rows
