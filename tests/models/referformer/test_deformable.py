import sys
import types

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slvp.models.referformer import deformable
from slvp.models.referformer.deformable import (
    DeformableAttention,
    sample_with_bags,
    sample_with_grid,
)

HEADS, CHANNELS = 2, 3


def by_hand(values_FPMC, shapes, at_FNMVK2, weights_FNMVK):
    """Bilinear interpolation, point by point; zeros outside."""
    values, at, weights = (t.double().numpy() for t in (values_FPMC, at_FNMVK2, weights_FNMVK))
    frames, queries, heads, levels, points = weights.shape
    out = np.zeros((frames, queries, heads, values.shape[-1]))
    for f, n, m, v, k in np.ndindex(frames, queries, heads, levels, points):
        start = sum(h * w for h, w in shapes[:v])
        height, width = shapes[v]
        x, y = at[f, n, m, v, k]
        for row in (int(np.floor(y)), int(np.floor(y)) + 1):
            for column in (int(np.floor(x)), int(np.floor(x)) + 1):
                if 0 <= row < height and 0 <= column < width:
                    share = (1 - abs(y - row)) * (1 - abs(x - column))
                    value = values[f, start + row * width + column, m]
                    out[f, n, m] += weights[f, n, m, v, k] * share * value
    return torch.from_numpy(out).flatten(2).float()


@given(
    shapes=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 6)), min_size=1, max_size=3),
    points=st.integers(1, 3),
    frames=st.integers(1, 2),
    seed=st.integers(0, 999),
)
def test_three_ways_to_the_same_sums(shapes, points, frames, seed):
    draw = torch.Generator().manual_seed(seed)
    places = sum(height * width for height, width in shapes)
    values = torch.randn(frames, places, HEADS, CHANNELS, generator=draw)
    at = 12 * torch.rand(frames, 3, HEADS, len(shapes), points, 2, generator=draw) - 4
    at[:, 0] = at[:, 0].round()  # right on places, and on the rim
    weights = torch.rand(frames, 3, HEADS, len(shapes), points, generator=draw)
    expected = by_hand(values, shapes, at, weights)
    for way in (sample_with_grid, sample_with_bags):
        torch.testing.assert_close(way(values, shapes, at, weights), expected, atol=1e-4, rtol=1e-4)


def test_gradients_reach_values_points_and_weights():
    attention = DeformableAttention(8, 2, 2, 2)
    memory = torch.randn(1, 4 + 1, 8, requires_grad=True)
    references = torch.rand(1, 3, 2, 4)
    attention(torch.randn(1, 3, 8), references, memory, [(2, 2), (1, 1)], None).sum().backward()
    assert memory.grad is not None and memory.grad.abs().sum() > 0
    for name, parameter in attention.named_parameters():
        assert parameter.grad is not None, name


def test_padding_is_not_seen():
    attention = DeformableAttention(8, 2, 1, 2).eval()
    memory = torch.randn(1, 6, 8)
    padding = torch.tensor([[False, False, True, False, False, True]])
    other = memory.clone()
    other[padding] = 100.0
    ask = (torch.randn(1, 4, 8), torch.rand(1, 4, 1, 2))
    with torch.no_grad():
        first, second = (attention(*ask, one, [(2, 3)], padding) for one in (memory, other))
    torch.testing.assert_close(first, second)


@pytest.fixture
def stand_in_op(monkeypatch):
    """The compiled op's interface, on a CPU; not the op."""
    op = types.ModuleType("MultiScaleDeformableAttention")
    op.steps = []

    def forward(values, sizes, starts, points, weights, step):
        op.steps.append(step)
        assert starts.tolist() == [0, 4]
        shapes = [tuple(size) for size in sizes.tolist()]
        at = points * sizes.flip(-1)[:, None] - 0.5
        return sample_with_grid(values, shapes, at, weights)

    op.ms_deform_attn_forward = forward
    monkeypatch.setitem(sys.modules, op.__name__, op)
    deformable.compiled_op.cache_clear()
    yield op
    deformable.compiled_op.cache_clear()


def test_the_compiled_op_is_used_as_it_wants_to_be(stand_in_op):
    assert deformable.compiled_op() is stand_in_op
    values = torch.randn(96, 4 + 2, HEADS, CHANNELS)
    at, weights = torch.randn(96, 3, HEADS, 2, 2, 2), torch.rand(96, 3, HEADS, 2, 2)
    shapes = [(2, 2), (1, 2)]
    got = deformable._sample_with_op(stand_in_op, values, shapes, at, weights)
    torch.testing.assert_close(got, sample_with_grid(values, shapes, at, weights))
    assert stand_in_op.steps == [32]  # divides 96, at most 64


@pytest.mark.parametrize("learns", [False, True])
def test_mixed_precision(learns):
    attention = DeformableAttention(8, 2, 2, 2)
    ask = (torch.randn(1, 3, 8), torch.rand(1, 3, 2, 2), torch.randn(1, 5, 8), [(2, 2), (1, 1)])
    with torch.set_grad_enabled(learns):
        exact = attention(*ask, None)
        with torch.autocast("cpu", torch.bfloat16):
            rough = attention(*ask, None)
    torch.testing.assert_close(rough.float(), exact, atol=0.1, rtol=0.1)
