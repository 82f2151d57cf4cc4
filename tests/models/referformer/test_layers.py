import pytest
import torch
from torch import nn

from slvp.models.referformer.layers import (
    FeedForward,
    Linear,
    PlaceConv,
    attend,
    inverse_sigmoid,
    linear,
    ordered,
)


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


def test_feed_forward_goes_through_many_tokens_in_parts():
    torch.manual_seed(0)
    layer = FeedForward(8, 16, dropout=0.0).eval()
    tokens = torch.randn(2, 700, 8)
    expected = layer(tokens)
    with torch.no_grad():
        torch.testing.assert_close(layer(tokens), expected)


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize(("sentences", "width"), [(2, 8), (1, 8), (1, 16)])
def test_attention_reads_what_the_module_itself_reads(padded, sentences, width):
    torch.manual_seed(0)
    module = nn.MultiheadAttention(width, 2, batch_first=True).eval()
    for bias in (module.in_proj_bias, module.out_proj.bias):
        nn.init.normal_(bias)
    queries = torch.randn(sentences, 20, width)
    keys, values = torch.randn(2, sentences, 5, width)
    ignored = torch.tensor([[False] * 3 + [True] * 2, [False] * 5])[:sentences] if padded else None
    expected = module(queries, keys, values, key_padding_mask=ignored)[0]
    with torch.no_grad():
        read = attend(module, queries, keys, values, ignored)
    torch.testing.assert_close(read, expected)


def test_inverse_sigmoid_stays_finite():
    share = torch.tensor([0.0, 0.25, 1.0])
    logits = inverse_sigmoid(share)
    assert logits.isfinite().all()
    torch.testing.assert_close(logits[1].sigmoid(), share[1])
