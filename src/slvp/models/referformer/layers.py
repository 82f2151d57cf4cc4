"""Small parts that transformer, pixel decoder and heads share."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

_TOKENS_AT_ONCE = 512

_IMAGES = 16  # from which number on PyTorch gives 1 x 1 convolutions to oneDNN on a single thread


class Linear(nn.Linear):
    """A linear layer that oneDNN computes on a CPU where no gradient is wanted.

    PyTorch gives linear layers to MKL, whose single-precision products take twice as long on AMD's
    processors (107 against 240 GFLOP/s on one core); 1 x 1 convolutions, which are the same, go to
    oneDNN.
    """

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return (..., out_features)."""
        return linear(tokens, self.weight, self.bias)


def linear(tokens: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Return what a linear layer makes of (..., C); see :class:`Linear`."""
    flat = tokens.flatten(0, -2)
    rows = len(flat) - len(flat) % _IMAGES
    if torch.is_grad_enabled() or tokens.device.type != "cpu" or rows == 0:
        return F.linear(tokens, weight, bias)
    images = flat[:rows].view(_IMAGES, 1, -1, tokens.shape[-1]).permute(0, 3, 1, 2)
    done = F.conv2d(images, weight[..., None, None], bias)
    parts = [done.permute(0, 2, 3, 1).reshape(rows, -1)]
    if rows < len(flat):
        parts.append(F.linear(flat[rows:], weight, bias))
    made = parts[0] if len(parts) == 1 else torch.cat(parts)
    return made.view(*tokens.shape[:-1], -1)


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
    """Return what queries of shape (A, Q, width) read; ``ignored`` (A, K) is True where nothing.

    What the module itself gives, by faster linear layers.
    """
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


def inverse_sigmoid(share: torch.Tensor) -> torch.Tensor:
    """Return logits of shares in 0..1, kept finite."""
    share = share.clamp(0, 1)
    return torch.log(share.clamp(min=1e-5) / (1 - share).clamp(min=1e-5))
