import pytest
import torch
from torch import nn

from slvp.models.referformer.layers import FeedForward, attend, inverse_sigmoid


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
