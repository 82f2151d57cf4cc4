"""A sentence to words: RoBERTa as published, or any named encoder."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from slvp.errors import UserError
from slvp.models.encoders import TEXT_CONFIGS, first_line, hub
from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.positions import word_embedding
from slvp.models.text import TextEncoder, Words, stand_in_tokenizer

TOKENIZER = "tokenizer"
"""Folder, in a model's, of the tokenizer's files."""

ROBERTA = "FacebookAI/roberta-base"
"""On the hub; its tokenizer is that of the published checkpoints."""

_MOST_TOKENS = 512  # RoBERTa has places for no more
_SPECIAL = (0, 1, 2)  # its numbers of <s>, <pad> and </s>


@dataclass
class Sentences:
    """Encoded sentences, narrowed to the model's width.

    Attributes:
        words_ELC: what each word means; of no meaning where there is none.
        place_ELC: where in the sentence it is.
        ignored_EL: True where there is no word; None if there is one everywhere.
        sentence_EC: what queries are born from.
    """

    words_ELC: torch.Tensor
    place_ELC: torch.Tensor
    ignored_EL: torch.Tensor | None
    sentence_EC: torch.Tensor

    def of(self, expressions: slice) -> Sentences:
        """Return some of the sentences."""
        ignored = None if self.ignored_EL is None else self.ignored_EL[expressions]
        return Sentences(
            self.words_ELC[expressions],
            self.place_ELC[expressions],
            ignored,
            self.sentence_EC[expressions],
        )


class Roberta(nn.Module):
    """RoBERTa whose weights are part of the model's. Never trained, as in published fine-tuning.

    Args:
        fields: of its transformers configuration that aren't as in ``roberta-base``.
        tokenizer: folder or hub's name; None for a stand-in, which no published weights know.
        pooled: return the pooled output for the sentence, else the mean of its words.

    Raises:
        UserError: the tokenizer can't be had.
    """

    def __init__(
        self, fields: dict[str, Any], tokenizer: str | Path | None, *, pooled: bool
    ) -> None:
        from transformers import RobertaModel

        super().__init__()
        config = TEXT_CONFIGS["roberta-base"]()
        config.update(fields)
        self.model: Any = RobertaModel(config).requires_grad_(False).eval()
        self.width = int(config.hidden_size)
        self.tokenizer = stand_in_tokenizer() if tokenizer is None else load_tokenizer(tokenizer)
        if tokenizer is not None and len(self.tokenizer) > config.vocab_size:
            raise UserError(
                f"tokenizer {str(tokenizer)!r}: knows {len(self.tokenizer):,} tokens, the model "
                f"{config.vocab_size:,}; expected RoBERTa's"
            )
        self._pooled = pooled

    def train(self, mode: bool = True) -> Roberta:
        """Stay in evaluation mode."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, sentences: list[str]) -> Words:
        """Encode E sentences, padded to the longest."""
        tokens = self.tokenizer(
            sentences, padding=True, truncation=True, max_length=_MOST_TOKENS, return_tensors="pt"
        ).to(self.model.device)
        told = self.model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
        words_ELC, mask_EL = told.last_hidden_state, tokens["attention_mask"].bool()
        if self._pooled:
            return Words(words_ELC, mask_EL, told.pooler_output)
        total_EC = (words_ELC * mask_EL[..., None]).sum(1)
        return Words(words_ELC, mask_EL, total_EC / mask_EL.sum(1, keepdim=True))


def load_tokenizer(source: str | Path) -> Any:
    """Return RoBERTa's tokenizer from a folder (a path), or by a hub's name.

    Raises:
        UserError: there is none, or it is another one.
    """
    from transformers import RobertaTokenizerFast

    local = isinstance(source, Path) or Path(source).is_dir()
    expected = (
        "expected a folder with RoBERTa's vocab.json and merges.txt, or a name that the hub knows"
    )
    try:
        with contextlib.nullcontext() if local else hub():
            tokenizer = RobertaTokenizerFast.from_pretrained(str(source))
    except Exception as error:  # the tokenizers' own library raises no narrower one
        raise UserError(
            f"tokenizer {str(source)!r}: can't be loaded ({first_line(error)}); {expected}"
        ) from None
    found = (tokenizer.bos_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id)
    if found != _SPECIAL:
        raise UserError(f"tokenizer {str(source)!r}: is not RoBERTa's; {expected}")
    return tokenizer


class SentenceEncoder(nn.Module):
    """Sentences to words of the model's width.

    Args:
        config: of the model.
        tokenizer: folder of a RoBERTa tokenizer, or a hub's name; not for named encoders.
        weights: whether a named encoder is loaded with its own.

    Raises:
        UserError: the encoder or the tokenizer can't be had.
    """

    def __init__(
        self, config: ReferFormerConfig, tokenizer: str | Path | None, *, pretrained: bool
    ) -> None:
        super().__init__()
        self.encoder: Any
        if config.stores_text:
            self.encoder = Roberta(config.roberta, tokenizer, pooled=config.sentence == "pooled")
        else:
            self.encoder = TextEncoder(config.text, pretrained=pretrained)
        self.narrow = nn.Linear(self.encoder.width, config.width)
        self.normalise = nn.LayerNorm(config.width, eps=1e-12)
        self.dropout = nn.Dropout(config.dropout)

    @property
    def tokenizer(self) -> Any:
        """Of the encoder."""
        return self.encoder.tokenizer

    def encoder_parameters(self) -> int:
        """Count the parameters of the transformers encoder."""
        return sum(p.numel() for p in self.encoder.encoder.parameters())

    def forward(self, sentences: list[str]) -> Sentences:
        """Encode E sentences, padded to the longest."""
        words: Words = self.encoder(sentences)
        place_ELC = word_embedding(words.mask_EL, self.narrow.out_features)
        return Sentences(
            self._narrowed(words.words_ELC),
            place_ELC,
            None if bool(words.mask_EL.all()) else ~words.mask_EL,
            self._narrowed(words.sentence_EC),
        )

    def _narrowed(self, meaning: torch.Tensor) -> torch.Tensor:
        narrowed: torch.Tensor = self.dropout(self.normalise(self.narrow(meaning)))
        return narrowed
