"""The authors' checkpoints to our format."""

from __future__ import annotations

import argparse
import pickle
import re
from pathlib import Path
from typing import Any

import torch

from slvp.errors import UserError
from slvp.models.checkpoint import load_strictly
from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.model import ReferFormer
from slvp.models.referformer.published import BACKBONES, our_state

_FIELDS = {
    "num_queries": "queries",
    "hidden_dim": "width",
    "nheads": "attention_heads",
    "dim_feedforward": "feedforward",
    "enc_layers": "encoder_layers",
    "dec_layers": "decoder_layers",
    "enc_n_points": "points",
    "mask_dim": "pixel_width",
    "controller_layers": "mask_layers",
    "dynamic_mask_channels": "mask_width",
}
"""Arguments of the authors' program that say how a model is built, and what we call them."""

_ALIKE = {
    "with_box_refine": True,
    "two_stage": False,
    "dilation": False,
    "rel_coord": True,
    "position_embedding": "sine",
    "num_feature_levels": 4,
    "pre_norm": False,
}
"""Those that all published checkpoints have in common; nothing else is built here."""


def import_checkpoint(
    checkpoint: Path, *, backbone: str | None, tokenizer: str | Path
) -> ReferFormer:
    """Load a checkpoint that the authors' code has written.

    Args:
        checkpoint: a ``.pth`` file. Nothing in it is run: it may hold tensors, numbers, text and
            the authors' ``args``, and is refused if it holds more.
        backbone: as the authors name it, where the checkpoint doesn't tell.
        tokenizer: folder or hub's name of RoBERTa's tokenizer.

    Raises:
        UserError: the file can't be read, holds what can't be loaded safely, or a model that isn't
            known; names what it is.
    """
    source = str(checkpoint)
    content = _load(checkpoint)
    state = content.get("model", content)
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
    ):
        raise UserError(
            f"{source}: has no entry 'model' that holds tensors alone; expected a checkpoint that "
            "ReferFormer's own code has written"
        )
    config = _config(content.get("args"), state, backbone, source)
    ours = our_state(state, source)
    model = ReferFormer(config, weights="random", tokenizer=tokenizer)
    load_strictly(model, ours, source, f"expected a ReferFormer with {config.vision}")
    return model.eval()


def _load(checkpoint: Path) -> dict[str, Any]:
    if not checkpoint.is_file():
        raise UserError(f"{checkpoint}: not found; expected a checkpoint of ReferFormer (.pth)")
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        what = _unsafe(checkpoint, str(error))
        reason = (
            f"holds {what}, which could run code when it is loaded, and is refused"
            if what
            else "is no checkpoint, or a damaged one"
        )
        raise UserError(
            f"{checkpoint}: {reason}; expected tensors and arguments alone, as the authors' "
            "downloads have them"
        ) from None
    except Exception as error:  # anything may come of reading what is no checkpoint
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UserError(
            f"{checkpoint}: is no checkpoint, or a damaged one ({reason}); fetch it again"
        ) from None
    if not isinstance(content, dict):
        raise UserError(f"{checkpoint}: holds a {type(content).__name__}, expected a dictionary")
    return content


def _unsafe(checkpoint: Path, complaint: str) -> str:
    """Return what a checkpoint would run, without running it; empty if that can't be told."""
    try:
        named = torch.serialization.get_unsafe_globals_in_checkpoint(checkpoint)
    except Exception:  # it is of the old format, or none
        found = re.search(r"(?:GLOBAL|class|global) ([a-z_]\w*(?:\.\w+)+)", complaint)
        return found[1] if found else ""
    return ", ".join(name for name in named if name != "argparse.Namespace")


def _config(
    arguments: Any, state: dict[str, torch.Tensor], backbone: str | None, source: str
) -> ReferFormerConfig:
    if not isinstance(arguments, argparse.Namespace | dict | None):
        raise UserError(f"{source}: args is a {type(arguments).__name__}, expected a Namespace")
    told = dict(vars(arguments) if isinstance(arguments, argparse.Namespace) else arguments or {})
    for name, value in _ALIKE.items():
        if told.get(name, value) != value:
            raise UserError(
                f"{source}: was trained with {name}={told[name]!r}, expected {value!r} as in all "
                "published checkpoints; such a model can't be imported"
            )
    points = {told[name] for name in ("enc_n_points", "dec_n_points") if name in told}
    if len(points) > 1:
        raise UserError(
            f"{source}: was trained with different enc_n_points and dec_n_points; such a model "
            "can't be imported"
        )
    name = str(told.get("backbone", backbone or ""))
    if backbone and backbone != name:
        raise UserError(
            f"{source}: has backbone {name}, not {backbone}; leave --backbone out, or name that"
        )
    if name not in BACKBONES:
        known = ", ".join(BACKBONES)
        raise UserError(
            f"{source}: backbone {name!r} is unknown; expected one of {known}"
            if name
            else f"{source}: doesn't tell its backbone; name it with --backbone: one of {known}"
        )
    scores = [tensor for name, tensor in state.items() if name == "class_embed.0.bias"]
    values = {ours: told[theirs] for theirs, ours in _FIELDS.items() if theirs in told}
    values |= {"vision": BACKBONES[name], "roberta": _roberta_fields(state)}
    if scores:
        values["classes"] = len(scores[0])
    return ReferFormerConfig.from_dict(values, source)


def _roberta_fields(state: dict[str, torch.Tensor]) -> dict[str, int]:
    """Return in what a RoBERTa differs from ``roberta-base``, which published ones don't."""
    prefix = "text_encoder."
    words = state.get(f"{prefix}embeddings.word_embeddings.weight")
    places = state.get(f"{prefix}embeddings.position_embeddings.weight")
    inner = state.get(f"{prefix}encoder.layer.0.intermediate.dense.bias")
    if words is None or places is None or inner is None:
        return {}
    layers = {name.split(".")[3] for name in state if name.startswith(f"{prefix}encoder.layer.")}
    found = {
        "vocab_size": len(words),
        "hidden_size": words.shape[1],
        "max_position_embeddings": len(places),
        "intermediate_size": len(inner),
        "num_hidden_layers": len(layers),
    }
    base = {
        "vocab_size": 50_265,
        "hidden_size": 768,
        "max_position_embeddings": 514,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
    }
    return {name: value for name, value in found.items() if value != base[name]}
