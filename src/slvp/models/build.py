"""Which model a configuration describes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slvp.errors import UserError
from slvp.models.config import ModelConfig
from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.model import ReferFormer
from slvp.models.referformer.words import TOKENIZER
from slvp.models.referring_model import ReferringModel, Weights
from slvp.models.slvp import SLVP

AnyConfig = ModelConfig | ReferFormerConfig

_CONFIGS: dict[str, type[ModelConfig] | type[ReferFormerConfig]] = {
    config.architecture: config for config in (ModelConfig, ReferFormerConfig)
}


def config_of(values: dict[str, Any], source: str) -> AnyConfig:
    """Build a configuration from parsed JSON; without a field ``architecture``, of SLVP.

    Raises:
        UserError: the architecture or a field is unknown, or a value can't be.
    """
    values = dict(values)
    architecture = values.pop("architecture", ModelConfig.architecture)
    if architecture not in _CONFIGS:
        raise UserError(
            f"{source}: architecture is {architecture!r}, expected one of {', '.join(_CONFIGS)} "
            "(was the model saved by a newer slvp? then upgrade)"
        )
    return _CONFIGS[architecture].from_dict(values, source)


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
        UserError: an encoder can't be had.
    """
    if isinstance(config, ModelConfig):
        return SLVP(config, weights=weights)
    tokenizer = None if folder is None or not config.stores_text else folder / TOKENIZER
    return ReferFormer(config, weights=weights, tokenizer=tokenizer)
