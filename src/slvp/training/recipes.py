"""Named experiments. A new one is a function that changes a few fields of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slvp.errors import UserError
from slvp.models.config import ModelConfig
from slvp.models.referformer.config import ReferFormerConfig
from slvp.training.ablations import ABLATIONS
from slvp.training.config import DataConfig, OptimiserConfig, Task, TrainConfig

Recipe = Callable[[Task], TrainConfig]


def lite(task: Task) -> TrainConfig:
    """Frozen EfficientNet-Lite2 and MiniLM, vision as query: trains on a laptop's CPU."""
    model = ModelConfig(
        vision="tf_efficientnet_lite2",
        motion_reach=4,
        class_words=True,
        mask_stride=2,
        frame_size=320,
    )
    if task == "pretrain":
        return TrainConfig(
            task=task,
            model=replace(model, head="flow"),
            # Two frames with a target each, drawn with the third that the second one's flow needs.
            # Small frames and one caption each: the flow needs many different clips to be learnt.
            data=DataConfig(
                frames=(2,),
                sizes=((160, 160), (128, 224)),
                pixels=16 * 3 * 160 * 160,
                expressions=1,
            ),
            optimiser=OptimiserConfig(learning_rate=1e-3),
            steps=1500,
        )
    return TrainConfig(
        task=task,
        model=model,
        data=DataConfig(
            frames=(1, 2, 4),
            sizes=((224, 224), (224, 384), (288, 288)),
            pixels=16 * 224 * 224,
        ),
        steps=1700,
        snapshot_every=200,
    )


def claims(task: Task) -> TrainConfig:
    """For studies: a narrower lite that reads places, small frames, minutes on one core."""
    config = lite(task)
    frames, clips = (3, 12) if task == "pretrain" else (2, 8)  # the flow needs a third frame
    height, width = 128, 160
    return replace(
        config,
        model=replace(
            _slvp(config), width=64, pixel_width=32, frame_size=height, reads_places=True
        ),
        data=replace(
            config.data,
            sizes=((height, width),),
            frames=(2,),
            pixels=clips * frames * height * width,
            expressions=1,
        ),
        optimiser=OptimiserConfig(learning_rate=1e-3, warmup=50, ema=0.99),
        steps=300 if task == "pretrain" else 200,
        validate_every=50,
        validation_batches=8,
        checkpoint_every=50,
        snapshot_every=0,
    )


def base(task: Task) -> TrainConfig:
    """Frozen ConvNeXt-T and RoBERTa, a wider fusion: for a node of 8 GPUs.

    Sizes are our own choice: pre-training sees about 9 million clips, and by the estimates neither
    task needs more than GPUs of 8 GB.
    """
    config = TrainConfig(
        task=task,
        model=ModelConfig(
            vision="convnext_tiny.in12k_ft_in1k",
            text="roberta-base",
            width=256,
            attention_heads=8,
            pixel_width=128,
            frame_size=360,
            window=5,
        ),
        data=DataConfig(
            frames=(1, 5),
            sizes=((320, 320), (288, 512), (384, 384)),
            pixels=32 * 5 * 320 * 448,
        ),
        optimiser=OptimiserConfig(learning_rate=3e-4, warmup=1000, ema=0.999),
        steps=20_000,
        validate_every=1000,
        validation_batches=4,
        checkpoint_every=500,
        snapshot_every=2500,
        workers=8,
        precision="bf16",
    )
    if task == "finetune":
        return config
    return replace(
        config,
        model=replace(config.model, head="flow"),
        # As for lite: many small clips.
        data=replace(
            config.data,
            frames=(4,),
            sizes=((224, 224), (192, 320), (256, 256)),
            pixels=256 * 5 * 224 * 256,
            expressions=1,
        ),
        steps=40_000,
        snapshot_every=0,
    )


def base_swin(task: Task) -> TrainConfig:
    """The same as base, with Swin-T."""
    return _with_vision(base(task), "swin_tiny_patch4_window7_224.ms_in22k_ft_in1k")


def video(task: Task) -> TrainConfig:
    """Frozen Video-Swin-T, which sees motion by itself, and RoBERTa: for a node of 8 GPUs."""
    config = base(task)
    model = replace(config.model, vision="swin3d_t", window=8)
    # Longer clips, half as many.
    if task == "pretrain":
        data = replace(config.data, frames=(8,), pixels=128 * 9 * 224 * 256)
    else:
        data = replace(config.data, frames=(1, 8), pixels=16 * 8 * 320 * 448)
    return replace(config, model=model, data=data)


def video_small(task: Task) -> TrainConfig:
    """The same as video, with Video-Swin-S."""
    return _with_vision(video(task), "swin3d_s")


def video_base(task: Task) -> TrainConfig:
    """The same as video, with Video-Swin-B."""
    return _with_vision(video(task), "swin3d_b")


def referformer_lite(task: Task) -> TrainConfig:
    """ReferFormer as narrow as claims, with its data and steps: minutes on one core."""
    config = claims(task)
    model = ReferFormerConfig(
        head="flow" if task == "pretrain" else "mask",
        vision=f"timm:{config.model.vision}",
        vision_pretrained=True,
        vision_frozen=True,
        text="sentence-transformers/all-MiniLM-L6-v2",
        sentence="mean",
        width=64,
        attention_heads=4,
        feedforward=256,
        encoder_layers=2,
        decoder_layers=2,
        pixel_width=32,
        dropout=0.0,
        frame_size=config.model.frame_size,
        window=config.model.window,
    )
    # As for language as query: at higher rates moving layers shrink to a point.
    rate = 3e-4 if task == "pretrain" else config.optimiser.learning_rate
    return replace(config, model=model, optimiser=replace(config.optimiser, learning_rate=rate))


def _slvp(config: TrainConfig) -> ModelConfig:
    assert isinstance(config.model, ModelConfig)
    return config.model


def _with_vision(config: TrainConfig, backbone: str) -> TrainConfig:
    return replace(config, model=replace(config.model, vision=backbone))


def _asked_by_language(name: str, recipe: Recipe) -> Recipe:
    """Return the same recipe with language as query."""

    def build(task: Task) -> TrainConfig:
        config = recipe(task)
        config = replace(config, model=replace(_slvp(config), fusion="language-as-query"))
        if task == "finetune":
            return config
        # At higher rates moving layers shrink to a point, and stay there.
        rate = min(config.optimiser.learning_rate, 3e-4)
        return replace(config, optimiser=replace(config.optimiser, learning_rate=rate))

    build.__doc__ = f"The same as {name}, with language as query."
    return build


_BY_VISION: dict[str, Recipe] = {
    "lite": lite,
    "claims": claims,
    "base": base,
    "base-swin": base_swin,
    "video": video,
    "video-small": video_small,
    "video-base": video_base,
}

RECIPES: dict[str, Recipe] = {}
for _name, _recipe in _BY_VISION.items():
    RECIPES |= {_name: _recipe, f"{_name}-language": _asked_by_language(_name, _recipe)}
RECIPES["referformer-lite"] = referformer_lite


def summary(name: str) -> str:
    """Return in words what a recipe is, or an ablation of one."""
    known = RECIPES | {f"lite-{ablation}": change for ablation, change in ABLATIONS.items()}
    text: str = known[name].__doc__ or ""
    return " ".join(text.split())


def recipe(name: str, task: Task) -> TrainConfig:
    """Return a recipe's configuration.

    Raises:
        UserError: there is no such recipe.
    """
    ablation = name.removeprefix("lite-")
    if ablation in ABLATIONS and ablation != name:
        if task == "finetune":
            raise UserError(f"recipe {name!r}: is for pretrain only; fine-tune with recipe 'lite'")
        config = lite(task)
        return replace(config, objective=ABLATIONS[ablation](config.objective))
    if name not in RECIPES:
        raise UserError(
            f"recipe {name!r}: unknown; expected one of {', '.join(RECIPES)}, or for pretrain one "
            f"of {', '.join(f'lite-{ablation}' for ablation in ABLATIONS)}"
        )
    return RECIPES[name](task)
