"""Pixel embeddings to flow (pre-training) or masks (transfer).

A vision-as-query head reads the answer off each pixel; a language-as-query head compares each
query's kernel with each pixel. Our own design.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from slvp.models.decoder import Outline
from slvp.models.fusion import Fused
from slvp.models.layers import Mlp, TimeEmbedding

_STRONGEST = 2.0  # logit of a moving layer where it is strongest
_SURE = 1e-6  # chances nearer to 0 or 1 are not told apart


@dataclass
class MaskOutput:
    """Masks asked for by E sentences, from N queries each (N = 1 for vision as query).

    Attributes:
        logits_ENTHW: at stride 4 or 2; above 0 is object.
        presence_ENT: logits; above 0: the object is in the frame and it is this query that has it.
    """

    logits_ENTHW: torch.Tensor
    presence_ENT: torch.Tensor

    def best(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits_ETHW of the query with the highest mean presence, and presence_ET.

        That is of the object, whichever query has it: as only one can, their chances add up. Until
        training has told queries apart, each has but its share.
        """
        best_E = self.presence_ENT.mean(-1).argmax(1)
        rows_E = torch.arange(len(best_E), device=best_E.device)
        chance_ET = self.presence_ENT.float().sigmoid().sum(1)
        return self.logits_ENTHW[rows_E, best_E], torch.logit(chance_ET.clamp(max=1), eps=_SURE)


@dataclass
class FlowOutput:
    """Flow told from clip and caption.

    Attributes:
        flow_ET2HW: at stride 4, in units of ``slvp.training.losses.FLOW_UNIT`` of the frame.
    """

    flow_ET2HW: torch.Tensor


class PixelMaskHead(nn.Module):
    """Vision as query: one logit map per sentence, and a presence score per frame."""

    def __init__(self, width: int, pixel_width: int, fine: bool = False) -> None:
        super().__init__()
        self.outline = Outline(pixel_width) if fine else None
        pixel_width = pixel_width if self.outline is None else self.outline.width
        self.logit = nn.Sequential(nn.GELU(), nn.Conv2d(pixel_width, 1, 1))
        self.presence = Mlp(3 * width, width, 1)

    def forward(
        self, pixels_ETCHW: torch.Tensor, fused: Fused, clip_of_E: torch.Tensor
    ) -> MaskOutput:
        """Read masks off pixels that already know the sentence."""
        if self.outline is not None:
            pixels_ETCHW = self.outline(pixels_ETCHW, fused.outlines_BTCHW, clip_of_E)
        expressions, frames = pixels_ETCHW.shape[:2]
        logits = self.logit(pixels_ETCHW.flatten(0, 1)).unflatten(0, (expressions, frames))
        coarse_ETCHW = fused.levels[-1]
        sentence_ETC = fused.sentence_EC[:, None].expand(-1, frames, -1)
        summary_ETC = torch.cat(
            [coarse_ETCHW.mean((-2, -1)), coarse_ETCHW.amax((-2, -1)), sentence_ETC], dim=-1
        )
        presence_ET = self.presence(summary_ETC)[..., 0]
        return MaskOutput(logits.transpose(1, 2), presence_ET[:, None])


class PixelFlowHead(nn.Module):
    """Vision as query: two channels per pixel."""

    def __init__(self, pixel_width: int) -> None:
        super().__init__()
        self.flow = nn.Sequential(nn.GELU(), nn.Conv2d(pixel_width, 2, 1))

    def forward(
        self, pixels_ETCHW: torch.Tensor, fused: Fused, clip_of_E: torch.Tensor
    ) -> FlowOutput:
        """Regress flow from pixels that already know the caption."""
        expressions = len(pixels_ETCHW)
        return FlowOutput(self.flow(pixels_ETCHW.flatten(0, 1)).unflatten(0, (expressions, -1)))


class QueryKernels(nn.Module):
    """Language as query: kernel x pixels, a logit map for every query. Both heads share it."""

    def __init__(self, width: int, pixel_width: int) -> None:
        super().__init__()
        self.kernel = Mlp(width, width, pixel_width + 1)

    def forward(
        self, pixels_BTCHW: torch.Tensor, queries_ENC: torch.Tensor, clip_of_E: torch.Tensor
    ) -> torch.Tensor:
        """Return logits_ENTHW."""
        kernel_ENC, bias_EN1 = self.kernel(queries_ENC).split([pixels_BTCHW.shape[2], 1], dim=-1)
        pixels_ETCHW = pixels_BTCHW[clip_of_E]
        scale = pixels_BTCHW.shape[2] ** -0.5
        logits = torch.einsum("enc,etchw->enthw", kernel_ENC * scale, pixels_ETCHW)
        return logits + bias_EN1[..., None, None]


class QueryMaskHead(nn.Module):
    """Language as query: N mask tubes per sentence, each with a presence score per frame."""

    def __init__(self, width: int, pixel_width: int, fine: bool = False) -> None:
        super().__init__()
        self.outline = Outline(pixel_width) if fine else None
        pixel_width = pixel_width if self.outline is None else self.outline.width
        self.kernels = QueryKernels(width, pixel_width)
        self.presence = Mlp(3 * width, width, 1)

    def forward(
        self, pixels_BTCHW: torch.Tensor, fused: Fused, clip_of_E: torch.Tensor
    ) -> MaskOutput:
        """Compare every query's kernel with every pixel of its clip."""
        if self.outline is not None:
            clips_B = torch.arange(len(pixels_BTCHW), device=pixels_BTCHW.device)
            pixels_BTCHW = self.outline(pixels_BTCHW, fused.outlines_BTCHW, clips_B)
        queries_ENC = _queries(fused)
        coarse_ETC = fused.levels[-1].amax((-2, -1))[clip_of_E]
        expressions, queries, width = queries_ENC.shape
        shape = (expressions, queries, coarse_ETC.shape[1], width)
        summary_ENTC = torch.cat(
            [
                queries_ENC[:, :, None].expand(shape),
                coarse_ETC[:, None].expand(shape),
                fused.sentence_EC[:, None, None].expand(shape),
            ],
            dim=-1,
        )
        logits_ENTHW = self.kernels(pixels_BTCHW, queries_ENC, clip_of_E)
        return MaskOutput(logits_ENTHW, self.presence(summary_ENTC)[..., 0])


class LayeredFlowHead(nn.Module):
    """Language as query: each query is a moving layer, and the layers add up to the flow.

    A layer is a soft mask (kernel x pixels, as in the mask head) times its own affine motion per
    frame. So the mask kernels are trained before any mask exists. Layered motion goes back to
    Wang and Adelson, "Representing moving images with layers", 1994.

    Every layer is somewhere: its mask is measured from where it is strongest. Otherwise what
    stands still pushes all masks to nothing within the first steps, and from there no gradient
    leads back.
    """

    def __init__(self, width: int, pixel_width: int) -> None:
        super().__init__()
        self.kernels = QueryKernels(width, pixel_width)
        self.time = TimeEmbedding(width)
        self.motion = Mlp(width, width, 6)
        # Without motion at first, what stands still leaves the masks alone.
        for parameter in self.motion[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(
        self, pixels_BTCHW: torch.Tensor, fused: Fused, clip_of_E: torch.Tensor
    ) -> FlowOutput:
        """Sum the layers' motions, weighted by their masks."""
        queries_ENC = _queries(fused)
        logits_ENTHW = self.kernels(pixels_BTCHW, queries_ENC, clip_of_E)
        moment_ENTC = queries_ENC[:, :, None] + self.time(logits_ENTHW.shape[2])
        return flow_of_layers(logits_ENTHW, self.motion(moment_ENTC))


def flow_of_layers(logits_ENTHW: torch.Tensor, affine_ENT6: torch.Tensor) -> FlowOutput:
    """Add up moving layers.

    Args:
        logits_ENTHW: of each layer's soft mask, measured from where it is strongest.
        affine_ENT6: motion of each layer in each frame: x of (x, y, 1), then y of it.
    """
    strongest = logits_ENTHW.amax((-3, -2, -1), keepdim=True)
    layer_ENTHW = (logits_ENTHW - strongest + _STRONGEST).sigmoid()
    height, width = layer_ENTHW.shape[-2:]
    device = layer_ENTHW.device
    grid_3HW = torch.stack(
        [
            torch.linspace(-1, 1, width, device=device).expand(height, width),
            torch.linspace(-1, 1, height, device=device)[:, None].expand(height, width),
            torch.ones(height, width, device=device),
        ]
    )
    affine_ENT23 = affine_ENT6.unflatten(-1, (2, 3))
    return FlowOutput(torch.einsum("enthw,entij,jhw->etihw", layer_ENTHW, affine_ENT23, grid_3HW))


def _queries(fused: Fused) -> torch.Tensor:
    assert fused.queries_ENC is not None, "language-as-query heads need a language-as-query fusion"
    return fused.queries_ENC
