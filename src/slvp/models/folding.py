"""An EfficientNet that will only be asked: fewer steps, the same answers but for rounding."""

from __future__ import annotations

from timm.layers import Conv2dSame
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from slvp.models.onednn import PlaceConv


def fold_batch_norms(network: nn.Module) -> None:
    """Put every batch normalisation into the convolution before it, in place.

    In evaluation both are linear, and so is one after the other. 1 x 1 convolutions become
    :class:`PlaceConv` on the way.

    Args:
        network: in evaluation mode, whose modules hold a convolution and its normalisation next to
            each other in the order in which they are used, as timm's EfficientNets do.
    """
    for module in list(network.modules()):
        convolution: tuple[str, nn.Conv2d] | None = None
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d) and convolution is not None:
                where, before = convolution
                setattr(module, where, _quick(fuse_conv_bn_eval(before, child)))
                # timm's normalisations apply the activation after them, too.
                setattr(module, name, getattr(child, "act", nn.Identity()))
            convolution = (name, child) if isinstance(child, nn.Conv2d) else None


def settle_padding(network: nn.Module) -> None:
    """Let convolutions that pad as TensorFlow does know by how much, in place.

    That depends on the sides of what comes in. As a model's frames have sides that its stride
    divides, it is ever the same; and a graph that is drawn of the network needs no arithmetic.
    """
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Conv2dSame) and child.stride != (1, 1):
                setattr(module, name, _settled(child))


def _settled(convolution: Conv2dSame) -> nn.Sequential:
    down, right = (
        max(kernel - stride, 0)
        for kernel, stride in zip(convolution.kernel_size, convolution.stride, strict=True)
    )
    pads = (right // 2, right - right // 2, down // 2, down - down // 2)
    plain = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,
        convolution.stride,
        groups=convolution.groups,
        bias=convolution.bias is not None,
    )
    plain.weight, plain.bias = convolution.weight, convolution.bias
    return nn.Sequential(nn.ZeroPad2d(pads), plain).eval()


def _quick(convolution: nn.Conv2d) -> nn.Conv2d:
    if convolution.kernel_size != (1, 1) or convolution.stride != (1, 1) or convolution.groups != 1:
        return convolution
    place = PlaceConv(convolution.in_channels, convolution.out_channels)
    place.load_state_dict(convolution.state_dict())
    return place.requires_grad_(False).eval()
