"""Attention of many places to little, words or other frames, where a model is only asked."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from slvp.models.onednn import linear


@dataclass(frozen=True)
class Projections:
    """The four linear layers of multi-head attention: weights of shape (out, in), and biases.

    Attributes:
        query, key, value: weight and bias of each, M heads side by side along ``out``.
        out: weight and bias of what follows.
        heads: M.
    """

    query: tuple[torch.Tensor, torch.Tensor]
    key: tuple[torch.Tensor, torch.Tensor]
    value: tuple[torch.Tensor, torch.Tensor]
    out: tuple[torch.Tensor, torch.Tensor]
    heads: int

    def suit(self, queries: int, keys: int) -> bool:
        """Return whether queries are so many, and keys so few, that :func:`attend_to_few` pays."""
        if torch.is_grad_enabled() or torch.compiler.is_compiling():
            return False  # a graph should not depend on how many there are
        return queries >= len(self.out[0]) > keys * self.heads


def attend_to_few(
    queries: torch.Tensor,
    keys_KC: torch.Tensor,
    values_KC: torch.Tensor,
    projections: Projections,
    ignored_K: torch.Tensor | None,
) -> torch.Tensor:
    """Do what attention does, without a query vector and a read vector for each place.

    The weights that make a query meet each key only in a product, and so do those that follow a
    value: K vectors for each head hold them both ways, fewer than the width where keys are few.

    Args:
        queries: (..., width).
        keys_KC: what all queries are compared with.
        values_KC: what is read there.
        projections: of the attention.
        ignored_K: True where nothing may be read.

    Returns:
        (..., width).
    """
    heads = projections.heads
    (to_q, q), (to_k, k), (to_v, v) = (
        (weight.unflatten(0, (heads, -1)), bias.view(heads, 1, -1))
        for weight, bias in (projections.query, projections.key, projections.value)
    )
    to_out, out = projections.out
    keys_MKd = keys_KC @ to_k.mT + k
    values_MKd = values_KC @ to_v.mT + v
    scale = keys_MKd.shape[-1] ** -0.5
    asked_MKC = scale * keys_MKd @ to_q
    bias_MK = scale * (keys_MKd * q).sum(-1)
    if ignored_K is not None:
        bias_MK = bias_MK.masked_fill(ignored_K, -torch.inf)
    told_CMK = torch.einsum("cmd,mkd->cmk", to_out.unflatten(1, (heads, -1)), values_MKd)
    scores = linear(queries, asked_MKC.flatten(0, 1), bias_MK.flatten()).unflatten(-1, (heads, -1))
    return linear(scores.softmax(-1).flatten(-2), told_CMK.flatten(1), out)


def attend_along_time(
    q_ETPMd: torch.Tensor, k_ETPMd: torch.Tensor, v_ETPMd: torch.Tensor
) -> torch.Tensor:
    """Let each of P places attend to itself in all frames, by M heads; (E, T, P, M, d).

    Attention that is made for long sequences takes twice as long for thousands of short ones.
    """
    scale = q_ETPMd.shape[-1] ** -0.5
    keys, values = k_ETPMd.unbind(1), v_ETPMd.unbind(1)
    read = []
    for q_EPMd in (q_ETPMd * scale).unbind(1):
        scores_TEPM = torch.stack([(q_EPMd * k_EPMd).sum(-1) for k_EPMd in keys])
        shares = scores_TEPM.softmax(0)[..., None].unbind()
        read_EPMd = shares[0] * values[0]
        for share_EPM1, v_EPMd in zip(shares[1:], values[1:], strict=True):
            read_EPMd.addcmul_(share_EPM1, v_EPMd)
        read.append(read_EPMd)
    return torch.stack(read, dim=1)
