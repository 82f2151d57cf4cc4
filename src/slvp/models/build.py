"""Which model a configuration describes."""

from __future__ import annotations

from pathlib import Path

from slvp.errors import UserError
from slvp.models.config import ModelConfig
from slvp.models.configs import AnyConfig
from slvp.models.referformer.model import ReferFormer
from slvp.models.referformer.words import TOKENIZER
from slvp.models.referring_model import ReferringModel, Weights
from slvp.models.slvp import SLVP


def build(
    config: AnyConfig, *, weights: Weights = "named", folder: Path | None = None
) -> ReferringModel:
    """Return a model of an architecture.

    Args:
        config: the architecture.
        weights: of the encoders. ``named``: those that the configuration names. ``unstored``: the
            same, but what a checkpoint holds, which is about to be loaded, is random. ``random``:
            all random; nothing is fetched.
        folder: of the model, which may hold a tokenizer.

    Raises:
        UserError: an encoder can't be had, or the folder doesn't hold what the model needs.
    """
    if isinstance(config, ModelConfig):
        return SLVP(config, weights=weights)
    if not config.stores_text or weights == "random":
        return ReferFormer(config, weights=weights)
    if folder is None:
        raise UserError(
            "a ReferFormer that holds RoBERTa's weights can be asked, not trained; train with "
            "recipe referformer-lite"
        )
    if not (folder / TOKENIZER).is_dir():
        raise UserError(f"{folder}: holds no folder {TOKENIZER}; import or fetch the model again")
    return ReferFormer(config, weights=weights, tokenizer=folder / TOKENIZER)
