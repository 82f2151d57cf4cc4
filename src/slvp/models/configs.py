"""Any model's configuration, read from JSON."""

from __future__ import annotations

from typing import Any

from slvp.errors import UserError
from slvp.models.config import ModelConfig
from slvp.models.referformer.config import ReferFormerConfig

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
