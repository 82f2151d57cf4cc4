"""Studies in seconds: a tiny random model and a handful of steps, to see that all of it runs."""

from __future__ import annotations

from dataclasses import replace

from slvp.models.configs import AnyConfig
from slvp.models.referformer.config import ReferFormerConfig
from slvp.studies.arms import Arm
from slvp.training.config import OptimiserConfig, TrainConfig

_SIDE = 64  # pixels


def tiny(arm: Arm) -> Arm:
    """Return an arm with a tiny model and two steps of two clips each."""
    pretrain = None if arm.pretrain is None else _tiny(arm.pretrain)
    return replace(arm, pretrain=pretrain, finetune=_tiny(arm.finetune))


def _tiny(config: TrainConfig) -> TrainConfig:
    model = _tiny_model(config.model)
    data = replace(config.data, sizes=((_SIDE, _SIDE),), pixels=2 * 2 * _SIDE * _SIDE)
    return replace(
        config,
        model=model,
        data=data,
        optimiser=OptimiserConfig(learning_rate=3e-3, warmup=1, ema=0.5),
        steps=2,
        validate_every=2,
        validation_batches=1,
        checkpoint_every=100,
        workers=0,
    )


def _tiny_model(config: AnyConfig) -> AnyConfig:
    if isinstance(config, ReferFormerConfig):
        return replace(
            config,
            vision="timm:test_efficientnet",
            vision_pretrained=False,
            width=64,  # more than a channel for each group: the coarsest level may be one place
            attention_heads=2,
            feedforward=32,
            encoder_layers=1,
            decoder_layers=2,
            queries=3,
            frame_size=_SIDE,
        )
    return replace(
        config,
        vision="test_efficientnet",
        vision_pretrained=False,
        width=16,
        attention_heads=2,
        pixel_width=8,
        queries=3,
        class_words=False,
        frame_size=_SIDE,
        presence_threshold=0.0,
    )
