"""Small parts that transformer, pixel decoder and heads share."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.attending import Projections, attend_to_few
from slvp.models.onednn import Linear, linear, ordered

_TOKENS_AT_ONCE = 512


class FeedForward(nn.Module):
    """Linear, ReLU, linear, added to the input and normalised. Shapes (..., width).

    Where no gradient is wanted, it goes through the tokens a few at a time, so that what is in
    between stays in the processor's cache.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.widen = Linear(width, hidden)
        self.narrow = Linear(hidden, width)
        self.normalise = nn.LayerNorm(width)
        self.dropout = dropout

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the tokens, each changed by itself."""
        weights = self.widen.weight, self.narrow.weight
        if torch.is_grad_enabled():
            return self._part(tokens, *weights)
        done = torch.empty_like(tokens, memory_format=torch.contiguous_format)
        parts, places = (whole.flatten(0, -2).split(_TOKENS_AT_ONCE) for whole in (tokens, done))
        weights = ordered(weights[0], parts[0]), ordered(weights[1], parts[0])
        for some, into in zip(parts, places, strict=True):
            into.copy_(self._part(some, *weights))
        return done

    def _part(
        self, tokens: torch.Tensor, widen: torch.Tensor, narrow: torch.Tensor
    ) -> torch.Tensor:
        hidden = F.dropout(
            linear(tokens, widen, self.widen.bias, "relu"), self.dropout, self.training
        )
        added = F.dropout(linear(hidden, narrow, self.narrow.bias), self.dropout, self.training)
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
    """Return what queries of shape (A, Q, width) read; ``ignored`` (A, K) is True where nothing.

    What the module itself gives, by faster linear layers.
    """
    width, heads = attention.embed_dim, attention.num_heads
    weights = attention.in_proj_weight.split(width)
    biases = attention.in_proj_bias.split(width)
    out = attention.out_proj
    asking, key, value = zip(weights, biases, strict=True)
    projections = Projections(asking, key, value, (out.weight, out.bias), heads)
    if len(queries) == 1 and projections.suit(queries.shape[1], keys.shape[1]):
        nothing = None if ignored is None else ignored[0]
        return attend_to_few(queries, keys[0], values[0], projections, nothing)
    q, k, v = (
        linear(tokens, weight, bias).unflatten(-1, (heads, -1)).transpose(1, 2)
        for tokens, weight, bias in zip((queries, keys, values), weights, biases, strict=True)
    )
    read = F.scaled_dot_product_attention(
        q,
        k,
        v,
        attn_mask=None if ignored is None else ~ignored[:, None, None],
        dropout_p=attention.dropout if attention.training else 0.0,
    )
    return linear(read.transpose(1, 2).flatten(2), out.weight, out.bias)


def inverse_sigmoid(share: torch.Tensor) -> torch.Tensor:
    """Return logits of shares in 0..1, kept finite."""
    share = share.clamp(0, 1)
    return torch.log(share.clamp(min=1e-5) / (1 - share).clamp(min=1e-5))
