"""An EfficientNet that will only be asked: fewer steps, the same answers but for rounding."""

from __future__ import annotations

import torch
from timm.layers import Conv2dSame
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils.fusion import fuse_conv_bn_eval

from slvp.models.onednn import Activation, FollowedConv, PlaceConv


def fold_batch_norms(network: nn.Module) -> None:
    """Put every batch normalisation into the convolution before it, in place.

    In evaluation both are linear, and so is one after the other. On the way, convolutions take in
    the activation after them, and padding as TensorFlow does it is settled.

    Args:
        network: in evaluation mode, whose modules hold a convolution and its normalisation next to
            each other in the order in which they are used, as timm's EfficientNets do.
    """
    for module in list(network.modules()):
        convolution: tuple[str, nn.Conv2d] | None = None
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d) and convolution is not None:
                where, before = convolution
                # timm's normalisations apply the activation after them, too.
                after = getattr(child, "act", nn.Identity())
                then: Activation = "relu6" if isinstance(after, nn.ReLU6) else "none"
                setattr(module, where, _quick(fuse_conv_bn_eval(before, child), then))
                setattr(module, name, nn.Identity() if then != "none" else after)
            convolution = (name, child) if isinstance(child, nn.Conv2d) else None


def _quick(convolution: nn.Conv2d, then: Activation) -> PlaceConv | FollowedConv:
    if isinstance(convolution, Conv2dSame):
        convolution = _settled(convolution)
    if convolution.kernel_size != (1, 1) or convolution.stride != (1, 1) or convolution.groups != 1:
        return FollowedConv(convolution, then)
    place = PlaceConv(convolution.in_channels, convolution.out_channels, then=then)
    place.load_state_dict(convolution.state_dict())
    return place.requires_grad_(False).eval()


def _settled(convolution: Conv2dSame) -> nn.Conv2d:
    """Let a convolution that pads as TensorFlow does know by how much.

    That depends on the sides of what comes in. As a model's frames have sides that its stride
    divides, it is ever the same; and a graph that is drawn of the network needs no arithmetic.
    Where there is one more to pad behind than before, a kernel that begins with zeros evens it.
    """
    missing = [
        max(k - s, 0) for k, s in zip(convolution.kernel_size, convolution.stride, strict=True)
    ]
    more = [one % 2 for one in missing]
    plain = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        (convolution.kernel_size[0] + more[0], convolution.kernel_size[1] + more[1]),
        convolution.stride,
        padding=((missing[0] + more[0]) // 2, (missing[1] + more[1]) // 2),
        groups=convolution.groups,
    )
    weight = F.pad(convolution.weight.detach(), (more[1], 0, more[0], 0))
    plain.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last))
    plain.bias = convolution.bias
    return plain.requires_grad_(False).eval()
