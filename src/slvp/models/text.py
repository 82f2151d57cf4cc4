"""Sentences to words: a transformers encoder."""

from __future__ import annotations

import contextlib
import functools
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from slvp.errors import UserError
from slvp.models.encoders import PACKAGED_TEXT, TEXT_CONFIGS, hub

MAX_SENTENCE = 1_000
"""Characters of a sentence that are accepted: well above any referring expression."""

MAX_WORDS = 128
"""Tokens of a sentence that are read."""

_CACHED_SENTENCES = 20_000


@dataclass
class Words:
    """Encoded sentences.

    Attributes:
        words_ELC: of every token what it means in its sentence, then, where a model asks for it,
            what it means by itself; zero where there is no token.
        mask_EL: True where there is a token.
        sentence_EC: the mean of what the tokens mean in their sentence.
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


def _load(name: str, *, pretrained: bool) -> tuple[Any, Any]:
    """Return tokenizer and encoder."""
    from transformers import AutoConfig, AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()

    packaged = PACKAGED_TEXT.get(name)
    source = name if packaged is None else str(packaged.verified_path().parent)
    known = packaged is not None or (name in TEXT_CONFIGS and not pretrained)
    try:
        with contextlib.nullcontext() if known else hub():
            if pretrained:
                encoder = AutoModel.from_pretrained(source)
                return AutoTokenizer.from_pretrained(source), encoder
            config = TEXT_CONFIGS.get(name, lambda: AutoConfig.from_pretrained(source))()
    except (OSError, ValueError):
        raise UserError(
            f"text encoder {name!r}: can't be loaded; expected one of {', '.join(PACKAGED_TEXT)} "
            "or a transformers model whose hub can be reached"
        ) from None
    return stand_in_tokenizer(), AutoModel.from_config(config)


def stand_in_tokenizer() -> Any:
    """Return the packaged tokenizer, for encoders of random weights, to which all are alike."""
    from transformers import AutoTokenizer

    folder = next(iter(PACKAGED_TEXT.values())).verified_path().parent
    return AutoTokenizer.from_pretrained(str(folder))


@functools.cache
def _load_frozen(name: str, pretrained: bool) -> tuple[Any, Any]:
    """Return tokenizer and encoder; loaded once per process, since the encoder never changes."""
    tokenizer, encoder = _load(name, pretrained=pretrained)
    return tokenizer, encoder.eval().requires_grad_(False)


class TextEncoder(nn.Module):
    """Encodes sentences. A frozen encoder says the same twice, so what it said is remembered.

    Args:
        name: a transformers encoder.
        pretrained: load its weights, from an installed package where one carries them, otherwise
            from the hub. Random weights come with a stand-in, the packaged tokenizer, so that
            nothing need be fetched for an encoder of ``TEXT_CONFIGS``.
        frozen: never train it. Then it is shared by all models of the process, and no part of this
            module's state.
        by_themselves: also tell what words mean before the encoder's first layer. One that was
            trained to tell what sentences are about makes of 'left' and 'right' nearly the same.

    Raises:
        UserError: the encoder can't be had.
    """

    def __init__(
        self,
        name: str,
        *,
        pretrained: bool = True,
        frozen: bool = True,
        by_themselves: bool = False,
    ) -> None:
        super().__init__()
        self.name, self.pretrained, self.frozen = name, pretrained, frozen
        if not frozen:
            self._tokenizer, self.trained = _load(name, pretrained=pretrained)
            pooler = getattr(self.trained, "pooler", None)
            if pooler is not None:
                pooler.requires_grad_(False)  # not used here, and so never given a gradient
        self.width = int(self.encoder.config.hidden_size)
        self.word_width = 2 * self.width if by_themselves else self.width
        self._cache: OrderedDict[str, torch.Tensor] = OrderedDict()
        # Follows the model from device to device.
        self.anchor: torch.Tensor
        self.register_buffer("anchor", torch.empty(0), persistent=False)

    @property
    def encoder(self) -> Any:
        """The transformers encoder."""
        return _load_frozen(self.name, self.pretrained)[1] if self.frozen else self.trained

    @property
    def tokenizer(self) -> Any:
        """Its tokenizer."""
        return _load_frozen(self.name, self.pretrained)[0] if self.frozen else self._tokenizer

    def _encode(self, sentences: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return features_ELC of all tokens, and where there are tokens."""
        tokens = self.tokenizer(
            sentences, padding=True, truncation=True, max_length=MAX_WORDS, return_tensors="pt"
        ).to(self.anchor.device)
        mask_EL = tokens["attention_mask"].bool()
        return self._features(self.encoder.to(self.anchor.device), **tokens), mask_EL

    def _features(self, encoder: Any, **tokens: torch.Tensor) -> torch.Tensor:
        """Return features_ELC of all tokens."""
        if self.word_width == self.width:
            features: torch.Tensor = encoder(**tokens).last_hidden_state
            return features
        layers = encoder(**tokens, output_hidden_states=True).hidden_states
        return torch.cat([layers[-1], layers[0]], dim=-1)

    @torch.no_grad()
    def _remember(self, sentences: list[str]) -> None:
        for text, words_LC, mask_L in zip(sentences, *self._encode(sentences), strict=True):
            self._cache[text] = words_LC[mask_L].clone()

    def _recall(self, sentences: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return features_ELC of all tokens, and where there are tokens."""
        new = [text for text in dict.fromkeys(sentences) if text not in self._cache]
        if new:
            self._remember(new)
        words = [self._cache[text] for text in sentences]
        while len(self._cache) > _CACHED_SENTENCES:
            self._cache.popitem(last=False)
        words_ELC = nn.utils.rnn.pad_sequence(words, batch_first=True).to(self.anchor.device)
        lengths_E = torch.tensor([len(w) for w in words], device=words_ELC.device)
        mask_EL = torch.arange(words_ELC.shape[1], device=words_ELC.device) < lengths_E[:, None]
        return words_ELC, mask_EL

    def forward(self, sentences: list[str]) -> Words:
        """Encode E sentences, padded to the longest."""
        # Beside other sentences, one is encoded a little differently, by rounding. In training,
        # what is remembered would then depend on when the process began.
        remembers = self.frozen and not self.training
        words_ELC, mask_EL = self._recall(sentences) if remembers else self._encode(sentences)
        return self._words(words_ELC, mask_EL)

    def of_tokens(self, tokens_EL: torch.Tensor, mask_EL: torch.Tensor) -> Words:
        """Encode sentences that the tokenizer has cut already; ``mask_EL`` is True at tokens."""
        features_ELC = self._features(
            self.encoder, input_ids=tokens_EL, attention_mask=mask_EL.long()
        )
        return self._words(features_ELC, mask_EL)

    def _words(self, words_ELC: torch.Tensor, mask_EL: torch.Tensor) -> Words:
        words_ELC = words_ELC * mask_EL[..., None]
        total_EC = words_ELC[..., : self.width].sum(1)
        return Words(words_ELC, mask_EL, total_EC / mask_EL.sum(1, keepdim=True))
