"""Stand-ins for what the authors publish: names as theirs are, numbers made up."""

import argparse
import gzip
import json
import sys
from pathlib import Path

import torch

OFFICIAL = Path(__file__).parent / "official"
sys.path.insert(0, str(OFFICIAL))

import authors_inputs  # noqa: E402

_NAMES = json.loads(gzip.decompress((OFFICIAL / "names.json.gz").read_bytes()))

MINIMAL = {"backbone": "resnet50", "num_queries": 5, "enc_n_points": 4, "dec_n_points": 4}
"""Some of the arguments that checkpoints hold."""


def names_of(backbone: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all tensors of a published checkpoint."""
    return {name: tuple(shape) for name, shape in (_NAMES["all"] | _NAMES[backbone]).items()}


def small_names_of(backbone: str) -> dict[str, tuple[int, ...]]:
    """The same with a RoBERTa of one layer, and no buffers of whole numbers."""
    return {
        name: authors_inputs.TEXT_SHAPES.get(name, shape)
        for name, shape in names_of(backbone).items()
        if not name.startswith("text_encoder.encoder.layer.") or ".layer.0." in name
        if not name.endswith(("relative_position_index", "position_ids", "token_type_ids"))
    }


def roberta_tokenizer(folder: Path) -> Path:
    """Write a tokenizer to which each letter is a word."""
    for name, content in authors_inputs.tokenizer_files().items():
        (folder / name).write_text(content)
    return folder


def published_checkpoint(path: Path, backbone: str = "resnet50") -> Path:
    """Write a checkpoint as the authors' code does."""
    arguments = argparse.Namespace(**(MINIMAL | {"backbone": backbone}))
    state = authors_inputs.weights(small_names_of(backbone))
    torch.save({"model": state, "epoch": 5, "args": arguments}, path)
    return path
