import pytest
import torch

from slvp.models.attending import Projections
from slvp.models.layers import Attention


@pytest.mark.parametrize("masked", [False, True])
@torch.no_grad()
def test_many_places_and_few_words_are_attended_to_as_ever(monkeypatch, masked: bool) -> None:
    torch.manual_seed(0)
    attention = Attention(32, 4, context_width=24)
    queries, words = torch.randn(3, 50, 32), torch.randn(3, 5, 24)
    mask = torch.arange(5) < torch.tensor([[2], [5], [3]]) if masked else None
    assert attention._projections().suit(50, 5)
    quick = attention(queries, words, mask)
    monkeypatch.setattr(Projections, "suit", lambda *_: False)
    torch.testing.assert_close(quick, attention(queries, words, mask), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_it_is_left_where_it_does_not_pay() -> None:
    projections = Attention(32, 4)._projections()
    assert not projections.suit(50, 8)  # as many vectors as the width
    assert not projections.suit(31, 2)  # too few places
    with torch.enable_grad():
        assert not projections.suit(50, 5)


@torch.no_grad()
def test_few_frames_are_attended_to_as_sequences_are() -> None:
    torch.manual_seed(0)
    attention = Attention(32, 4)
    x_ETPC = torch.randn(2, 4, 6, 32)
    line = x_ETPC.transpose(1, 2).flatten(0, 1)  # each place's frames
    expected = attention(line, line).unflatten(0, (2, 6)).transpose(1, 2)
    torch.testing.assert_close(attention.along_time(x_ETPC), expected, rtol=1e-4, atol=1e-5)
    with torch.enable_grad():
        trained = attention.along_time(x_ETPC)
    torch.testing.assert_close(trained, expected, rtol=1e-4, atol=1e-5)
