"""The authors' checkpoints: what their tensors and arguments are called, and what we call them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import torch

from slvp.errors import UserError
from slvp.models.referformer.backbones import RESNET, SWIN, VIDEO_SWIN

BACKBONES = {
    **{name: name for name in RESNET},
    **{f"{name}_p4w7": name for name in (*SWIN, *VIDEO_SWIN)},
}
"""The authors' names of backbones, and ours."""

_FEEDFORWARD = {"linear1": "feedforward.widen", "linear2": "feedforward.narrow"}
_LOOK = {
    "sampling_offsets": "offsets",
    "attention_weights": "weights",
    "value_proj": "values",
    "output_proj": "out",
}
_ENCODER = {"self_attn": "look", "norm1": "normalise", "norm2": "feedforward.normalise"}
_DECODER = {
    "self_attn": "among",
    "norm2": "normalise_among",
    "cross_attn": "look",
    "norm1": "normalise_look",
    "norm3": "feedforward.normalise",
}
_CROSS = {
    "self_attn": "itself",
    "norm1": "normalise_itself",
    "multihead_attn": "words",
    "norm2": "normalise_words",
    "norm3": "feedforward.normalise",
}
_BODY = "backbone.0.body."
_SWIN_BLOCK = {
    "norm1": "normalise_attention",
    "attn.qkv": "attention.query_key_value",
    "attn.proj": "attention.out",
    "attn.relative_position_bias_table": "attention.bias",
    "norm2": "normalise_mlp",
    "mlp.fc1": "mlp.0",
    "mlp.fc2": "mlp.1",
}
_MERGER = {"norm": "normalise", "reduction": "reduce"}

_Rule = tuple[str, Callable[[re.Match[str]], str]]


def _layer(number: str) -> str:
    """Return which module of a sequence the authors' layer is: theirs have ReLU outside."""
    return str(2 * int(number))


def _level(number: str) -> str:
    """Return which level, from 0, the authors' stage is, from 1."""
    return str(int(number) - 1)


_BEHIND_ENCODERS: list[_Rule] = [
    (r"text_encoder\.(.+)", lambda m: f"text.encoder.model.{m[1]}"),
    (r"resizer\.fc\.(.+)", lambda m: f"text.narrow.{m[1]}"),
    (r"resizer\.layer_norm\.(.+)", lambda m: f"text.normalise.{m[1]}"),
    (r"input_proj\.(.+)", lambda m: f"narrow.{m[1]}"),
    (r"fusion_module\.multihead_attn\.(.+)", lambda m: f"fusion.{m[1]}"),
    (r"query_embed\.weight", lambda m: "transformer.who_NC"),
    (r"transformer\.level_embed", lambda m: "transformer.level_VC"),
    (r"transformer\.reference_points\.(.+)", lambda m: f"transformer.start.{m[1]}"),
    (
        r"transformer\.encoder\.layers\.(\d+)\.self_attn\.(\w+)\.(.+)",
        lambda m: f"transformer.encoder.{m[1]}.look.{_LOOK[m[2]]}.{m[3]}",
    ),
    (
        r"transformer\.encoder\.layers\.(\d+)\.(\w+)\.(.+)",
        lambda m: f"transformer.encoder.{m[1]}.{(_ENCODER | _FEEDFORWARD)[m[2]]}.{m[3]}",
    ),
    (
        r"transformer\.decoder\.layers\.(\d+)\.cross_attn\.(\w+)\.(.+)",
        lambda m: f"transformer.decoder.{m[1]}.look.{_LOOK[m[2]]}.{m[3]}",
    ),
    (
        r"transformer\.decoder\.layers\.(\d+)\.(\w+)\.(.+)",
        lambda m: f"transformer.decoder.{m[1]}.{(_DECODER | _FEEDFORWARD)[m[2]]}.{m[3]}",
    ),
    (
        r"bbox_embed\.(\d+)\.layers\.([012])\.(.+)",
        lambda m: f"transformer.box.{m[1]}.{_layer(m[2])}.{m[3]}",
    ),
    (r"class_embed\.(\d+)\.(.+)", lambda m: f"scores.{m[1]}.{m[2]}"),
    (
        r"controller\.layers\.([012])\.(.+)",
        lambda m: f"dynamic_masks.tell.{_layer(m[1])}.{m[2]}",
    ),
    (r"pixel_decoder\.mask_features\.(.+)", lambda m: f"pixel_decoder.out.{m[1]}"),
    (
        r"pixel_decoder\.(adapter|layer)_([1-4])\.(norm\.)?(\w+)",
        lambda m: (
            f"pixel_decoder.{'lateral' if m[1] == 'adapter' else 'merge'}.{_level(m[2])}."
            f"{1 if m[3] else 0}.{m[4]}"
        ),
    ),
    (
        r"pixel_decoder\.cross_attn_([1-4])\.(\w+)\.(.+)",
        lambda m: f"pixel_decoder.cross.{_level(m[1])}.{(_CROSS | _FEEDFORWARD)[m[2]]}.{m[3]}",
    ),
]

_RESNET: list[_Rule] = [
    (r"conv1\.weight", lambda m: "first.conv.weight"),
    (r"bn1\.(\w+)", lambda m: f"first.norm.{m[1]}"),
    (
        r"layer([1-4])\.(\d+)\.(conv|bn)([123])\.(\w+)",
        lambda m: (
            f"stages.{_level(m[1])}.{m[2]}.conv{m[4]}.{'conv' if m[3] == 'conv' else 'norm'}.{m[5]}"
        ),
    ),
    (
        r"layer([1-4])\.(\d+)\.downsample\.([01])\.(\w+)",
        lambda m: (
            f"stages.{_level(m[1])}.{m[2]}.downsample.{'conv' if m[3] == '0' else 'norm'}.{m[4]}"
        ),
    ),
]

_SWIN: list[_Rule] = [
    (r"patch_embed\.proj\.(.+)", lambda m: f"patches.{m[1]}"),
    (r"patch_embed\.norm\.(.+)", lambda m: f"normalise_patches.{m[1]}"),
    (
        r"layers\.(\d)\.blocks\.(\d+)\.(attn\.relative_position_bias_table)",
        lambda m: f"stages.{m[1]}.{m[2]}.{_SWIN_BLOCK[m[3]]}",
    ),
    (
        r"layers\.(\d)\.blocks\.(\d+)\.(norm1|norm2|attn\.\w+|mlp\.\w+)\.(\w+)",
        lambda m: f"stages.{m[1]}.{m[2]}.{_SWIN_BLOCK[m[3]]}.{m[4]}",
    ),
    (r"layers\.(\d)\.downsample\.(\w+)\.(.+)", lambda m: f"mergers.{m[1]}.{_MERGER[m[2]]}.{m[3]}"),
    (r"downsamples\.(\d)\.(\w+)\.(.+)", lambda m: f"mergers.{m[1]}.{_MERGER[m[2]]}.{m[3]}"),
    (r"norm([0-3])\.(.+)", lambda m: f"normalise_levels.{m[1]}.{m[2]}"),
]

_UNUSED = (
    r"transformer\.decoder\.bbox_embed\..+",  # bbox_embed once more
    r".*\.relative_position_index",  # follows from the size of the window
    r".*\.num_batches_tracked",  # of a normalisation that is frozen
    r"text_encoder\.embeddings\.(position|token_type)_ids",  # as any RoBERTa has them
    r"(.*\.)?total_(params|ops)",  # left by a program that counts operations
)
"""Tensors of published checkpoints that no model needs, and why."""


def our_name(name: str) -> str | None:
    """Return what we call one of the authors' tensors; None for one that isn't needed.

    Raises:
        KeyError: no published checkpoint has such a tensor.
    """
    if any(re.fullmatch(pattern, name) for pattern in _UNUSED):
        return None
    rules, before = _BEHIND_ENCODERS, ""
    if name.startswith(_BODY):
        name, rules, before = name.removeprefix(_BODY), _RESNET + _SWIN, "vision.backbone."
    for pattern, renamed in rules:
        if match := re.fullmatch(pattern, name):
            return before + renamed(match)
    raise KeyError(name)


def our_state(state: Mapping[str, torch.Tensor], source: str) -> dict[str, torch.Tensor]:
    """Return a published state under our names.

    Raises:
        UserError: names a tensor that no published checkpoint has.
    """
    ours = {}
    for name, tensor in state.items():
        try:
            new = our_name(name)
        except KeyError:
            raise UserError(
                f"{source}: tensor {name} is unknown; expected a checkpoint of ReferFormer with "
                f"one of these backbones: {', '.join(BACKBONES)}"
            ) from None
        if new is not None:
            # Video Swin's patches are one frame deep.
            ours[new] = tensor[:, :, 0] if tensor.dim() == 5 else tensor
    return ours
