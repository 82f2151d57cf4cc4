"""Small parts that transformer, pixel decoder and heads share."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

_TOKENS_AT_ONCE = 2048


class FeedForward(nn.Module):
    """Linear, ReLU, linear, added to the input and normalised. Shapes (..., width).

    Where no gradient is wanted, it goes through the tokens a few at a time, so that what is in
    between stays in the processor's cache.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Linear(width, hidden)
        self.narrow = nn.Linear(hidden, width)
        self.normalise = nn.LayerNorm(width)
        self.dropout = dropout

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the tokens, each changed by itself."""
        if torch.is_grad_enabled():
            return self._part(tokens)
        flat = tokens.flatten(0, -2)
        changed = [self._part(some) for some in flat.split(_TOKENS_AT_ONCE)]
        return torch.cat(changed).view(tokens.shape)

    def _part(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden = F.dropout(self.widen(tokens).relu_(), self.dropout, self.training)
        added = F.dropout(self.narrow(hidden), self.dropout, self.training)
        return self.normalise(tokens + added)


class ReluMlp(nn.Sequential):
    """Three linear layers with ReLU in between."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__(
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, out),
        )


def attend(
    attention: nn.MultiheadAttention,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    ignored: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return what queries of shape (A, Q, width) read; ``ignored`` (A, K) is True where nothing."""
    # Without weights asked for, PyTorch picks a fused kernel.
    read: torch.Tensor = attention(
        queries, keys, values, key_padding_mask=ignored, need_weights=False
    )[0]
    return read


def inverse_sigmoid(share: torch.Tensor) -> torch.Tensor:
    """Return logits of shares in 0..1, kept finite."""
    share = share.clamp(0, 1)
    return torch.log(share.clamp(min=1e-5) / (1 - share).clamp(min=1e-5))
