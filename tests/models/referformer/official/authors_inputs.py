"""What the authors' code and ours are given: weights made of their names, frames, sentences."""

import json
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers.pre_tokenizers import ByteLevel

SENTENCES = ("a brown dog that runs to the left", "the car", "two people")

TEXT = {  # of RoBERTa, in place of twelve layers and 50,265 words
    "num_hidden_layers": 1,
    "intermediate_size": 64,
    "vocab_size": 300,
    "max_position_embeddings": 130,
}

TEXT_SHAPES = {  # of its tensors, where they aren't as in the published checkpoints
    "text_encoder.embeddings.word_embeddings.weight": (300, 768),
    "text_encoder.embeddings.position_embeddings.weight": (130, 768),
    "text_encoder.encoder.layer.0.intermediate.dense.weight": (64, 768),
    "text_encoder.encoder.layer.0.intermediate.dense.bias": (64,),
    "text_encoder.encoder.layer.0.output.dense.weight": (768, 64),
}


@dataclass(frozen=True)
class Case:
    """A model, and clips of one length that are padded to the largest.

    Attributes:
        backbone: as the authors name it.
        frames: of each clip.
        sizes: height and width of each clip.
        learns: whether the losses are compared, too.
    """

    backbone: str
    frames: int
    sizes: tuple[tuple[int, int], ...]
    learns: bool = False

    @property
    def name(self) -> str:
        sizes = "+".join(f"{height}x{width}" for height, width in self.sizes)
        return f"{self.backbone} {self.frames} {sizes}"


CASES = (
    Case("resnet50", 1, ((65, 97),)),
    Case("resnet50", 4, ((96, 64), (70, 91)), learns=True),
    Case("resnet50", 36, ((40, 64),)),
    Case("swin_t_p4w7", 1, ((90, 119),)),
    Case("swin_t_p4w7", 4, ((64, 96), (50, 75))),
    Case("swin_t_p4w7", 36, ((37, 64),)),
    Case("video_swin_t_p4w7", 1, ((65, 97),)),
    Case("video_swin_t_p4w7", 4, ((96, 64), (70, 91))),
    Case("video_swin_t_p4w7", 36, ((64, 67),)),
    Case("video_swin_b_p4w7", 1, ((64, 96),)),
    Case("video_swin_b_p4w7", 4, ((64, 70),)),
    Case("video_swin_b_p4w7", 36, ((32, 64),)),
)


def weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Return a tensor for each of the authors' names; a name always gets the same numbers.

    Their size is such that nothing vanishes or explodes on its way through the model.
    """
    return {name: _weight(name, shape) for name, shape in shapes.items()}


def _weight(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    # One copy of a tensor may have two names.
    name = name.replace("transformer.decoder.bbox_embed", "bbox_embed")
    draw = np.random.default_rng(zlib.crc32(name.encode()))
    values = draw.standard_normal(shape, dtype=np.float32)
    if name.endswith("running_var"):
        values = 1 + 0.2 * np.abs(values)
    elif name.endswith("weight") and len(shape) == 1:  # of normalisations
        values = 1 + 0.1 * values
    elif "sampling_offsets.bias" in name:
        values = 2 * values
    elif len(shape) < 2 or "relative_position_bias" in name:
        values = 0.1 * values
    elif "embed" in name and name.endswith(("embeddings.weight", "query_embed.weight")):
        values = 0.5 * values
    else:
        values = values / np.sqrt(np.prod(shape[1:]))
    if name.startswith("controller.layers.2"):
        values = 0.6 * values  # for logits of the size that trained models give, around 10
    return torch.from_numpy(np.ascontiguousarray(values))


def clips(case: Case) -> list[torch.Tensor]:
    """Return the clips of a case, TCHW, normalised RGB."""
    draw = np.random.default_rng(zlib.crc32(case.name.encode()))
    return [
        torch.from_numpy(draw.standard_normal((case.frames, 3, *size), dtype=np.float32))
        for size in case.sizes
    ]


def masks(case: Case) -> list[torch.Tensor]:
    """Return a mask for each clip, THW in {0, 1}: a box that moves and, in the end, is gone."""
    made = []
    for number, (height, width) in enumerate(case.sizes):
        mask_THW = torch.zeros(case.frames, height, width)
        for t in range(case.frames - number):
            top, left = 5 + 2 * t, 8 + 3 * t
            mask_THW[t, top : top + height // 3, left : left + width // 2] = 1
        made.append(mask_THW)
    return made


def told(tensor: torch.Tensor, most: int = 1500) -> np.ndarray:
    """Return numbers that stand for a tensor: some of it, evenly spread, then mean and size."""
    flat = tensor.detach().double().flatten()
    some = flat[:: max(1, len(flat) // most)][:most]
    return torch.cat([some, flat.mean()[None], flat.abs().mean()[None]]).float().numpy()


def tokenizer_folder() -> Path:
    """Write a tokenizer to which each letter is a word into a new folder."""
    folder = Path(tempfile.mkdtemp())
    for name, content in tokenizer_files().items():
        (folder / name).write_text(content)
    return folder


def tokenizer_files() -> dict[str, str]:
    """Return the files of such a tokenizer."""
    letters = sorted(ByteLevel.alphabet())
    vocabulary = {word: i for i, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", *letters])}
    vocabulary["<mask>"] = len(vocabulary)
    return {
        "vocab.json": json.dumps(vocabulary),
        "merges.txt": "#version: 0.2\n",
        "tokenizer_config.json": json.dumps(
            {"tokenizer_class": "RobertaTokenizer", "model_max_length": 512}
        ),
    }
