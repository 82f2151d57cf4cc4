"""Small parts that transformer, pixel decoder and heads share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

_TOKENS_AT_ONCE = 512
_WORTH_ORDERING = 512  # tokens

Activation = Literal["none", "relu", "gelu"]

_AFTER: dict[Activation, Callable[[torch.Tensor], torch.Tensor]] = {
    "none": lambda tokens: tokens,
    "relu": F.relu,
    "gelu": F.gelu,
}


class Linear(nn.Linear):
    """A linear layer, and what may follow it, that oneDNN computes where it can (:func:`linear`).

    Args:
        channels_in: of a token.
        channels_out: of a token.
        bias: whether there is one.
        then: applied to the result.
    """

    def __init__(
        self, channels_in: int, channels_out: int, bias: bool = True, then: Activation = "none"
    ) -> None:
        super().__init__(channels_in, channels_out, bias=bias)
        self.then = then

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return (..., channels_out)."""
        return linear(tokens, self.weight, self.bias, self.then)


def linear(
    tokens: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    then: Activation = "none",
) -> torch.Tensor:
    """Return what a linear layer and an activation make of (..., C).

    PyTorch gives linear layers to MKL, whose single-precision products take twice as long on AMD's
    processors (107 against 240 GFLOP/s on one core). Where no gradient is wanted on a CPU, this
    asks oneDNN, by the operators that PyTorch's own compiler uses, which are not public.
    """
    if not _onednn_takes(tokens) or not tokens.numel():
        return _AFTER[then](F.linear(tokens, weight, bias))
    weight = ordered(weight, tokens)
    made: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
        tokens.contiguous(), weight, bias, then, [], "none"
    )
    return made


def ordered(weight: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Return the weight as :func:`linear` reads it fastest, if so many tokens make up for it."""
    rows = tokens.shape[:-1].numel()
    if weight.is_mkldnn or rows < _WORTH_ORDERING or not _onednn_takes(tokens):
        return weight
    result: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), rows)
    return result


def _onednn_takes(tokens: torch.Tensor) -> bool:
    wanted = tokens.device.type == "cpu" and tokens.dtype == torch.float32
    return wanted and not torch.is_grad_enabled() and _onednn_has_linear()


@functools.cache
def _onednn_has_linear() -> bool:
    """Return whether this PyTorch has oneDNN's linear layers."""
    names = ("_linear_pointwise", "_reorder_linear_weight")
    available: bool = torch.backends.mkldnn.is_available()
    return available and all(hasattr(torch.ops.mkldnn, name) for name in names)


class PlaceConv(nn.Conv2d):
    """A 1 x 1 convolution, as a linear layer for each place; FCHW, channels last in memory."""

    def __init__(self, channels_in: int, channels_out: int, bias: bool = True) -> None:
        super().__init__(channels_in, channels_out, 1, bias=bias)

    def forward(self, x_FCHW: torch.Tensor) -> torch.Tensor:
        """Return the places, each changed by itself."""
        x_FHWC = x_FCHW.permute(0, 2, 3, 1)
        return linear(x_FHWC, self.weight[..., 0, 0], self.bias).permute(0, 3, 1, 2)


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
