import pytest
import torch
from torch import nn

from slvp.models.referformer.layers import FeedForward, Linear, attend, inverse_sigmoid


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


def test_feed_forward_goes_through_many_tokens_in_parts():
    torch.manual_seed(0)
    layer = FeedForward(8, 16, dropout=0.0).eval()
    tokens = torch.randn(2, 700, 8)
    expected = layer(tokens)
    with torch.no_grad():
        torch.testing.assert_close(layer(tokens), expected)


@pytest.mark.parametrize("padded", [True, False])
def test_attention_reads_what_the_module_itself_reads(padded):
    torch.manual_seed(0)
    module = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    queries, keys, values = torch.randn(2, 20, 8), torch.randn(2, 5, 8), torch.randn(2, 5, 8)
    ignored = torch.tensor([[False] * 5, [False] * 3 + [True] * 2]) if padded else None
    expected = module(queries, keys, values, key_padding_mask=ignored)[0]
    with torch.no_grad():
        read = attend(module, queries, keys, values, ignored)
    torch.testing.assert_close(read, expected)


def test_inverse_sigmoid_stays_finite():
    share = torch.tensor([0.0, 0.25, 1.0])
    logits = inverse_sigmoid(share)
    assert logits.isfinite().all()
    torch.testing.assert_close(logits[1].sigmoid(), share[1])
