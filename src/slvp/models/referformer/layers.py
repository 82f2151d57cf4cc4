"""Small parts that transformer, pixel decoder and heads share."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

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
    some_words = len(queries) == 1 and keys.shape[1] * attention.num_heads < attention.embed_dim
    if some_words and not torch.is_grad_enabled():
        return _attend_to_few(attention, queries, keys, values, ignored)
    width, heads = attention.embed_dim, attention.num_heads
    weights = attention.in_proj_weight.split(width)
    biases = attention.in_proj_bias.split(width)
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
    out = attention.out_proj
    return linear(read.transpose(1, 2).flatten(2), out.weight, out.bias)


def _attend_to_few(
    attention: nn.MultiheadAttention,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    ignored: torch.Tensor | None,
) -> torch.Tensor:
    """Do as :func:`attend` says for A = 1, without a query vector and a read vector for each place.

    The weights that make a query meet each key only in a product, and so do those that follow a
    value: K vectors for each head hold them both ways, fewer than the width where words are few.
    """
    width, heads = attention.embed_dim, attention.num_heads
    to_q, to_k, to_v = (
        part.unflatten(0, (heads, -1)) for part in attention.in_proj_weight.split(width)
    )
    q_Md, k_Md, v_Md = (part.view(heads, 1, -1) for part in attention.in_proj_bias.split(width))
    keys_MKd = keys @ to_k.mT + k_Md
    values_MKd = values @ to_v.mT + v_Md
    scale = (width // heads) ** -0.5
    asked_MKC = scale * keys_MKd @ to_q
    bias_MK = scale * (keys_MKd * q_Md).sum(-1)
    told_CMK = torch.einsum(
        "cmd,mkd->cmk", attention.out_proj.weight.unflatten(1, (heads, -1)), values_MKd
    )
    scores = linear(queries, asked_MKC.flatten(0, 1), bias_MK.flatten()).unflatten(-1, (heads, -1))
    if ignored is not None:
        scores = scores.masked_fill(ignored[:, None, None], -torch.inf)
    return linear(scores.softmax(-1).flatten(2), told_CMK.flatten(1), attention.out_proj.bias)


def inverse_sigmoid(share: torch.Tensor) -> torch.Tensor:
    """Return logits of shares in 0..1, kept finite."""
    share = share.clamp(0, 1)
    return torch.log(share.clamp(min=1e-5) / (1 - share).clamp(min=1e-5))
