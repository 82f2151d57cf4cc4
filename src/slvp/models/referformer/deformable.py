"""Multi-scale deformable attention (Zhu et al., Deformable DETR, 2021), without a compiled op.

A query looks at a few points of each level, not at all places: where they are and how much each
counts, it tells itself. Three ways to the same result:

- ``sample_with_grid``: bilinear sampling of one level after the other; gradients for everything.
- ``sample_with_bags``: each point's four neighbours as rows of one table, summed with weights
  without ever being written out. Three times as fast on a CPU, where only the result is wanted.
- the authors' compiled op ``MultiScaleDeformableAttention``, on a GPU where it is installed.
"""

from __future__ import annotations

import functools
import importlib
import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.models.onednn import Linear

Shapes = list[tuple[int, int]]
"""Height and width of each level."""

_OP = "MultiScaleDeformableAttention"
_OP_STEP = 64  # most frames that the compiled op takes at a time; they must divide all


class DeformableAttention(nn.Module):
    """Queries look at points near their references.

    Args:
        width: channels.
        heads: M.
        levels: V.
        points: K, of each level.
    """

    def __init__(self, width: int, heads: int, levels: int, points: int) -> None:
        super().__init__()
        self.heads, self.levels, self.points = heads, levels, points
        self.offsets = Linear(width, heads * levels * points * 2)
        self.weights = Linear(width, heads * levels * points)
        self.values = Linear(width, width)
        self.out = Linear(width, width)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin with each head looking its own way, further with each point; all count alike."""
        angle_M = torch.arange(self.heads) * (2 * math.pi / self.heads)
        way_M2 = torch.stack([angle_M.cos(), angle_M.sin()], -1)
        way_M2 = way_M2 / way_M2.abs().amax(-1, keepdim=True)
        step_K = torch.arange(1, self.points + 1)
        offset_MVK2 = (way_M2[:, None, None] * step_K[:, None]).repeat(1, self.levels, 1, 1)
        with torch.no_grad():
            self.offsets.bias.copy_(offset_MVK2.flatten())
        for module in (self.offsets, self.weights):
            nn.init.zeros_(module.weight)
        for module in (self.values, self.out):
            nn.init.xavier_uniform_(module.weight)
        for module in (self.weights, self.values, self.out):
            nn.init.zeros_(module.bias)

    def forward(
        self,
        queries_FNC: torch.Tensor,
        references: torch.Tensor,
        memory_FPC: torch.Tensor,
        shapes: Shapes,
        padding_FP: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return what N queries see, FNC.

        Args:
            queries_FNC: who looks.
            references: of shape FNV2 (x, y), or FNV4 (and width, height of a box, of which offsets
                are shares), as shares of the frame with its padding.
            memory_FPC: places of all levels, one level after the other.
            shapes: of the levels.
            padding_FP: True where there is nothing to be seen; None if there is no such place.
        """
        values_FPC = self.values(memory_FPC)
        if padding_FP is not None:
            values_FPC = values_FPC.masked_fill(padding_FP[..., None], 0)
        values_FPMC = values_FPC.unflatten(-1, (self.heads, -1))
        grid = (self.heads, self.levels, self.points)
        offsets_FNMVK2 = self.offsets(queries_FNC).unflatten(-1, (*grid, 2))
        weights_FNMVK = self.weights(queries_FNC).unflatten(-1, (self.heads, -1)).softmax(-1)
        weights_FNMVK = weights_FNMVK.unflatten(-1, grid[1:])
        size_V2 = torch.tensor([(w, h) for h, w in shapes], device=memory_FPC.device)
        references = references[:, :, None, :, None]  # F N 1 V 1 ...
        if references.shape[-1] == 4:
            box = references[..., 2:] * size_V2[:, None]
            offsets_FNMVK2 = offsets_FNMVK2 * (box * (0.5 / self.points))
        from_FN1VK2 = references[..., :2] * size_V2[:, None] - 0.5
        # Written out for all points: adding rows of 2 numbers is slow.
        at_FNMVK2 = offsets_FNMVK2 + from_FN1VK2.repeat(1, 1, 1, 1, self.points, 1)
        return self.out(sample(values_FPMC, shapes, at_FNMVK2, weights_FNMVK))


def sample(
    values_FPMC: torch.Tensor,
    shapes: Shapes,
    at_FNMVK2: torch.Tensor,
    weights_FNMVK: torch.Tensor,
) -> torch.Tensor:
    """Return sums FNC of values at points, by whichever way is fastest here.

    Args:
        values_FPMC: of all places, one level after the other; those of a head in C channels.
        shapes: of the levels.
        at_FNMVK2: x, y in places of each level, of which the first one's centre is at 0; beyond
            the last ones there are zeros.
        weights_FNMVK: what each point counts.
    """
    # Places need single precision: there are thousands of them in a level.
    inputs = values_FPMC.float(), shapes, at_FNMVK2.float(), weights_FNMVK.float()
    if values_FPMC.is_cuda and (op := compiled_op()) is not None:
        sums = _sample_with_op(op, *inputs)
    elif values_FPMC.is_cuda or torch.is_grad_enabled():
        sums = sample_with_grid(*inputs)
    else:
        sums = sample_with_bags(*inputs)
    return sums.to(values_FPMC.dtype)


def sample_with_grid(
    values_FPMC: torch.Tensor,
    shapes: Shapes,
    at_FNMVK2: torch.Tensor,
    weights_FNMVK: torch.Tensor,
) -> torch.Tensor:
    """Do as :func:`sample` says, level by level, by PyTorch's bilinear sampling."""
    frames, queries, heads = at_FNMVK2.shape[:3]
    total: torch.Tensor | None = None
    levels = values_FPMC.split([height * width for height, width in shapes], dim=1)
    grid_FNMVK2 = 2 * _shares(shapes, at_FNMVK2) - 1
    for level, (height, width) in enumerate(shapes):
        image = levels[level].permute(0, 2, 3, 1).flatten(0, 1).unflatten(-1, (height, width))
        grid = grid_FNMVK2[:, :, :, level].transpose(1, 2).flatten(0, 1)
        seen = F.grid_sample(image, grid, align_corners=False)  # (F M) C N K
        weights = weights_FNMVK[:, :, :, level].transpose(1, 2).flatten(0, 1)
        part = torch.einsum("acnk,ank->anc", seen, weights)
        total = part if total is None else total + part
    assert total is not None
    return total.view(frames, heads, queries, -1).transpose(1, 2).flatten(2)


def sample_with_bags(
    values_FPMC: torch.Tensor,
    shapes: Shapes,
    at_FNMVK2: torch.Tensor,
    weights_FNMVK: torch.Tensor,
) -> torch.Tensor:
    """Do as :func:`sample` says, by sums of rows of a table, frame by frame."""
    device, heads = values_FPMC.device, values_FPMC.shape[2]
    # Each level with a rim of zeros: one place before, two after, as the last has a neighbour.
    levels = values_FPMC.flatten(2).split([height * width for height, width in shapes], dim=1)
    table = torch.cat(
        [
            F.pad(level.unflatten(1, shape), (0, 0, 1, 2, 1, 2)).flatten(1, 2)
            for level, shape in zip(levels, shapes, strict=True)
        ],
        dim=1,
    ).unflatten(-1, (heads, -1))
    rows = table.flatten(1, 2)  # F (P M) C: row p M + m
    # Of each head's points, in one row, so that processors can take many at once.
    points = at_FNMVK2.shape[4]
    of_V = torch.tensor([(w, h, w + 3, (h + 3) * (w + 3)) for h, w in shapes], device=device)
    width_J, height_J, wide_J = of_V[:, :3].float().repeat_interleave(points, 0).T
    head_M1 = torch.arange(heads, dtype=torch.float32, device=device)[:, None]
    before_J = (of_V[:, 3].cumsum(0) - of_V[:, 3]).float().repeat_interleave(points)
    first_MJ = (before_J + wide_J + 1) * heads + head_M1  # behind the rim
    # The four places around a point, from the one above and to the left.
    around_4J = heads * torch.stack([0 * wide_J, 0 * wide_J + 1, wide_J, wide_J + 1]).int()
    sums = []
    for at_NMJ2, weights_NMJ, table_rows in zip(
        at_FNMVK2.flatten(3, 4), weights_FNMVK.flatten(3), rows, strict=True
    ):
        x_NMJ = at_NMJ2[..., 0].clamp(min=-1).minimum(width_J)
        y_NMJ = at_NMJ2[..., 1].clamp(min=-1).minimum(height_J)
        column, row = x_NMJ.floor(), y_NMJ.floor()
        x_NMJ.sub_(column)
        y_NMJ.sub_(row)
        # Whole numbers well below 2^24: exact in single precision.
        first = torch.addcmul(column, row, wide_J).mul_(heads).add_(first_MJ)
        places = first.int()[:, :, None] + around_4J
        high = weights_NMJ * y_NMJ
        low = weights_NMJ - high
        low_right, high_right = low * x_NMJ, high * x_NMJ
        shares = torch.stack([low - low_right, low_right, high - high_right, high_right], dim=2)
        found = F.embedding_bag(
            places.flatten(0, 1).flatten(1),
            table_rows,
            per_sample_weights=shares.flatten(0, 1).flatten(1),
            mode="sum",
        )
        sums.append(found.view(len(places), -1))
    return torch.stack(sums)


def _shares(shapes: Shapes, at_FNMVK2: torch.Tensor) -> torch.Tensor:
    """Return x, y as shares of the frame."""
    size_V2 = torch.tensor([(w, h) for h, w in shapes], device=at_FNMVK2.device)
    return (at_FNMVK2 + 0.5) / size_V2[:, None]


@functools.cache
def compiled_op() -> Any:
    """Return the authors' compiled op if it is installed, else None."""
    try:
        return importlib.import_module(_OP)
    except ImportError:
        return None


def _sample_with_op(
    op: Any,
    values_FPMC: torch.Tensor,
    shapes: Shapes,
    at_FNMVK2: torch.Tensor,
    weights_FNMVK: torch.Tensor,
) -> torch.Tensor:
    points_FNMVK2 = _shares(shapes, at_FNMVK2)
    result: torch.Tensor = _CompiledOp.apply(op, values_FPMC, shapes, points_FNMVK2, weights_FNMVK)
    return result


class _CompiledOp(torch.autograd.Function):
    """The compiled op with its own gradients."""

    @staticmethod
    def forward(
        ctx: Any,
        op: Any,
        values: torch.Tensor,
        shapes: Shapes,
        points: torch.Tensor,
        weights: torch.Tensor,
    ) -> torch.Tensor:
        sizes_V2 = torch.tensor(shapes, device=values.device)
        areas_V = sizes_V2.prod(1)
        inputs = [
            tensor.contiguous()
            for tensor in (values, sizes_V2, areas_V.cumsum(0) - areas_V, points, weights)
        ]
        ctx.op, ctx.step = op, math.gcd(len(values), _OP_STEP)
        ctx.save_for_backward(*inputs)
        result: torch.Tensor = op.ms_deform_attn_forward(*inputs, ctx.step)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        values, points, weights = ctx.op.ms_deform_attn_backward(
            *ctx.saved_tensors, gradient.contiguous(), ctx.step
        )
        return None, values, None, points, weights
