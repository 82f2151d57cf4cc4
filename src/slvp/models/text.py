"""Sentences to words: a frozen transformers encoder."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from slvp.errors import UserError
from slvp.models.encoders import PACKAGED_TEXT

MAX_SENTENCE = 1_000
"""Characters of a sentence that are accepted: well above any referring expression."""

MAX_WORDS = 128
"""Tokens of a sentence that are read."""

_CACHED_SENTENCES = 20_000


@dataclass
class Words:
    """Encoded sentences.

    Attributes:
        words_ELC: features of every token, zero where there is none.
        mask_EL: True where there is a token.
        sentence_EC: their mean.
    """

    words_ELC: torch.Tensor
    mask_EL: torch.Tensor
    sentence_EC: torch.Tensor


def check_sentences(sentences: Sequence[str]) -> None:
    """Raise a UserError unless every sentence can be asked."""
    if isinstance(sentences, str):
        raise UserError(f"sentences {sentences!r}: expected a list, such as [{sentences!r}]")
    if not sentences:
        raise UserError("no sentence was given; expected at least one, such as 'a brown dog'")
    for number, sentence in enumerate(sentences, start=1):
        if not sentence.strip():
            raise UserError(f"sentence {number} is empty; expected words, such as 'a brown dog'")
        # Python puts surrogates for the bytes of a command line that are no characters.
        if any("\ud800" <= letter <= "\udfff" for letter in sentence):
            raise UserError(
                f"sentence {number} has bytes in it that are no UTF-8 text; type it again"
            )
        if len(sentence) > MAX_SENTENCE:
            raise UserError(
                f"sentence {number} has {len(sentence):,} characters; expected at most "
                f"{MAX_SENTENCE:,}: describe one object in a few words"
            )


@functools.cache
def _load(name: str) -> tuple[Any, nn.Module]:
    """Return tokenizer and encoder; loaded once per process, since the encoder never changes."""
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()

    packaged = PACKAGED_TEXT.get(name)
    source = name if packaged is None else str(packaged.verified_path().parent)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        encoder = AutoModel.from_pretrained(source).eval().requires_grad_(False)
    except (OSError, ValueError):
        raise UserError(
            f"text encoder {name!r}: can't be loaded; expected one of {', '.join(PACKAGED_TEXT)} "
            "or a transformers model whose hub can be reached"
        ) from None
    return tokenizer, encoder


class TextEncoder(nn.Module):
    """Encodes sentences and remembers them: a frozen encoder says the same twice."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._tokenizer, encoder = _load(name)
        self.width = int(encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]
        # In a list: a frozen, shared encoder is no part of this module's state.
        self._encoder = [encoder]
        self._cache: OrderedDict[str, torch.Tensor] = OrderedDict()
        # Follows the model from device to device.
        self.anchor: torch.Tensor
        self.register_buffer("anchor", torch.empty(0), persistent=False)

    @torch.no_grad()
    def _encode_new(self, sentences: list[str]) -> None:
        tokens = self._tokenizer(
            sentences, padding=True, truncation=True, max_length=MAX_WORDS, return_tensors="pt"
        )
        device = self.anchor.device
        encoder = self._encoder[0].to(device)
        hidden_ELC = encoder(**tokens.to(device)).last_hidden_state
        for text, words_LC, mask_L in zip(
            sentences, hidden_ELC, tokens["attention_mask"].bool(), strict=True
        ):
            self._cache[text] = words_LC[mask_L].clone()

    def forward(self, sentences: list[str]) -> Words:
        """Encode E sentences, padded to the longest."""
        new = [text for text in dict.fromkeys(sentences) if text not in self._cache]
        if new:
            self._encode_new(new)
        words = [self._cache[text] for text in sentences]
        while len(self._cache) > _CACHED_SENTENCES:
            self._cache.popitem(last=False)
        words_ELC = nn.utils.rnn.pad_sequence(words, batch_first=True).to(self.anchor.device)
        lengths_E = torch.tensor([len(w) for w in words], device=words_ELC.device)
        mask_EL = torch.arange(words_ELC.shape[1], device=words_ELC.device) < lengths_E[:, None]
        return Words(words_ELC, mask_EL, words_ELC.sum(1) / lengths_E[:, None])
