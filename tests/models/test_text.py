import pytest
import torch

from slvp.errors import UserError
from slvp.models import text
from slvp.models.slvp import SLVP
from slvp.models.text import TextEncoder
from tiny import tiny_model

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


def test_random_roberta_is_of_the_size_of_the_real_one_and_asks_no_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask() -> None:
        raise AssertionError("a hub was asked")

    monkeypatch.setattr(text, "hub", ask)
    encoder = TextEncoder("roberta-base", pretrained=False)
    # As counted in the published weights, with the pooler.
    assert sum(p.numel() for p in encoder.encoder.parameters()) == 124_645_632
    words = encoder(["a dog", "a brown dog that runs"])
    assert words.words_ELC.shape == (2, 7, 768)
    assert words.mask_EL.sum(-1).tolist() == [4, 7]
    assert torch.isfinite(words.words_ELC).all()


def test_an_encoder_that_cannot_be_fetched_gets_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for pretrained in (True, False):
        with pytest.raises(UserError, match="'no/such-encoder'") as raised:
            TextEncoder("no/such-encoder", pretrained=pretrained)
        assert "\n" not in str(raised.value)


@torch.no_grad()
def test_left_and_right_are_two_words_only_by_themselves() -> None:
    encoder = TextEncoder(MINILM, by_themselves=True)
    words = encoder(["the car on the left", "the car on the right"])
    left, right = words.words_ELC[:, 5]  # after the token that begins a sentence
    in_sentence, by_itself = (
        torch.cosine_similarity(left[part], right[part], dim=0)
        for part in (slice(encoder.width), slice(encoder.width, None))
    )
    assert in_sentence > 0.8
    assert by_itself < 0.6
    assert words.sentence_EC.shape == (2, encoder.width)


@torch.no_grad()
def test_a_trained_encoder_starts_as_the_frozen_one() -> None:
    sentences = ["a dog", "a brown dog that runs", "a dog"]
    frozen = TextEncoder(MINILM)(sentences)
    trained = TextEncoder(MINILM, frozen=False).eval()(sentences)
    torch.testing.assert_close(trained.mask_EL, frozen.mask_EL)
    torch.testing.assert_close(trained.words_ELC, frozen.words_ELC, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(trained.sentence_EC, frozen.sentence_EC, atol=1e-5, rtol=1e-4)


def test_a_trained_encoder_is_trained_counted_and_stored(tmp_path) -> None:
    model = tiny_model(text_frozen=False).train()
    model(torch.rand(1, 1, 3, 64, 64), ["a dog"], torch.tensor([0])).logits_ENTHW.sum().backward()
    without = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not [name for name in without if name.startswith("text")]

    with torch.no_grad():
        model.text.trained.embeddings.word_embeddings.weight[1037] *= -1  # the word 'a'
    model.eval().save_pretrained(tmp_path)
    again = SLVP.from_pretrained(tmp_path)
    torch.testing.assert_close(
        again.text(["a dog"]).words_ELC, model.text(["a dog"]).words_ELC, atol=0, rtol=0
    )
    untrained = TextEncoder(MINILM)(["a dog"]).words_ELC
    assert (again.text(["a dog"]).words_ELC - untrained).abs().max() > 0.1

    frozen = tiny_model()
    text_size = sum(p.numel() for p in frozen.text.encoder.parameters())
    assert model.parameter_counts().total == frozen.parameter_counts().total
    pooler = sum(p.numel() for p in model.text.trained.pooler.parameters())
    assert model.parameter_counts().trained == frozen.parameter_counts().trained + (
        text_size - pooler
    )
