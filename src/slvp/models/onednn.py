"""Linear layers and 1 x 1 convolutions by oneDNN, where a model is only asked on a CPU."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

_WORTH_ORDERING = 512  # tokens

Activation = Literal["none", "relu", "relu6", "gelu"]

_AFTER: dict[Activation, Callable[[torch.Tensor], torch.Tensor]] = {
    "none": lambda tokens: tokens,
    "relu": F.relu,
    "relu6": F.relu6,
    "gelu": F.gelu,
}


_NAMED: dict[Activation, tuple[str, list[float], str]] = {"relu6": ("hardtanh", [0, 6], "")}


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
    if not _onednn_takes(tokens, weight) or not tokens.numel():
        return _AFTER[then](F.linear(tokens, weight, bias))
    weight = ordered(weight, tokens)
    made: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
        tokens.contiguous(), weight, bias, *_NAMED.get(then, (then, [], "none"))
    )
    return made


def ordered(weight: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Return the weight as :func:`linear` reads it fastest, if so many tokens make up for it."""
    rows = tokens.shape[:-1].numel()
    if weight.is_mkldnn or rows < _WORTH_ORDERING or not _onednn_takes(tokens, weight):
        return weight
    result: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), rows)
    return result


def _onednn_takes(tokens: torch.Tensor, weight: torch.Tensor) -> bool:
    if torch.is_grad_enabled() or torch.compiler.is_compiling():
        return False  # what is drawn of a model, to run elsewhere, has public operators only
    if tokens.device.type != "cpu" or not _onednn_has_linear():
        return False
    if tokens.dtype != weight.dtype:
        return False  # mixed precision, of which PyTorch's own operators know
    return tokens.dtype == torch.float32 or (
        tokens.dtype == torch.bfloat16 and multiplies_bfloat16()
    )


@functools.cache
def _onednn_has_linear() -> bool:
    """Return whether this PyTorch has oneDNN's linear layers."""
    names = ("_convolution_pointwise", "_linear_pointwise", "_reorder_linear_weight")
    available: bool = torch.backends.mkldnn.is_available()
    return available and all(hasattr(torch.ops.mkldnn, name) for name in names)


@functools.cache
def multiplies_bfloat16() -> bool:
    """Return whether this CPU has instructions for products of bfloat16, at twice the speed."""
    known = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return _onednn_has_linear() and any(
        bool(getattr(torch.cpu, name)()) for name in known if hasattr(torch.cpu, name)
    )


class PlaceConv(nn.Conv2d):
    """A 1 x 1 convolution, as a linear layer for each place; FCHW, channels last in memory."""

    def __init__(
        self, channels_in: int, channels_out: int, bias: bool = True, then: Activation = "none"
    ) -> None:
        super().__init__(channels_in, channels_out, 1, bias=bias)
        self.then = then

    def forward(self, x_FCHW: torch.Tensor) -> torch.Tensor:
        """Return the places, each changed by itself."""
        x_FHWC = x_FCHW.permute(0, 2, 3, 1)
        return linear(x_FHWC, self.weight[..., 0, 0], self.bias, self.then).permute(0, 3, 1, 2)


class FollowedConv(nn.Module):
    """A convolution, and what follows it, that oneDNN computes in one go where it can.

    Args:
        convolution: one that pads by numbers.
        then: applied to the result.
    """

    def __init__(self, convolution: nn.Conv2d, then: Activation) -> None:
        super().__init__()
        self.convolution, self.then = convolution, then

    def forward(self, x_FCHW: torch.Tensor) -> torch.Tensor:
        """Return FCHW."""
        first = self.convolution
        if not _onednn_takes(x_FCHW, first.weight):
            return _AFTER[self.then](first(x_FCHW))
        made: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
            x_FCHW,
            first.weight,
            first.bias,
            first.padding,
            first.stride,
            first.dilation,
            first.groups,
            *_NAMED.get(self.then, (self.then, [], "none")),
        )
        return made
