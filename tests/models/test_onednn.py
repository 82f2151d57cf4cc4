import pytest
import torch
from torch import nn

from slvp.models.onednn import Linear, PlaceConv, linear, ordered


@pytest.mark.parametrize("shape", [(5,), (16,), (3, 7), (2, 600), (1, 16, 1)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_layers_are_the_same_without_gradients(shape, bias):
    torch.manual_seed(0)
    layer = Linear(8, 6, bias=bias)
    tokens = torch.randn(*shape, 8)
    expected = nn.functional.linear(tokens, layer.weight, layer.bias)
    with torch.no_grad():
        torch.testing.assert_close(layer(tokens), expected)
    assert layer(tokens).requires_grad


@pytest.mark.parametrize(
    ("then", "applied"), [("relu", nn.functional.relu), ("gelu", nn.functional.gelu)]
)
def test_an_activation_may_follow(then, applied):
    torch.manual_seed(0)
    layer = Linear(8, 6, then=then)
    tokens = torch.randn(600, 8)
    expected = applied(nn.functional.linear(tokens, layer.weight, layer.bias))
    torch.testing.assert_close(layer(tokens), expected)
    with torch.no_grad():
        torch.testing.assert_close(layer(tokens), expected)


@pytest.mark.parametrize("tokens", [5, 2000])
def test_a_weight_in_another_order_is_the_same_weight(tokens):
    torch.manual_seed(0)
    weight, some = torch.randn(6, 8), torch.randn(tokens, 8)
    with torch.no_grad():
        made = linear(some, ordered(weight, some), None)
    torch.testing.assert_close(made, some @ weight.T)


def test_a_place_convolution_is_a_convolution():
    torch.manual_seed(0)
    layer, images = PlaceConv(8, 6), torch.randn(2, 8, 5, 7)
    expected = nn.functional.conv2d(images, layer.weight, layer.bias)
    torch.testing.assert_close(layer(images), expected)
    with torch.no_grad():
        torch.testing.assert_close(layer(images), expected)
