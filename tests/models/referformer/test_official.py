"""The same weights give the same answers as the authors' code (``official/make_expected.py``)."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.model import ReferFormer
from slvp.models.referformer.published import BACKBONES, our_name, our_state

OFFICIAL = Path(__file__).parent / "official"
sys.path.insert(0, str(OFFICIAL))

import made_up  # noqa: E402

NAMES = json.loads(gzip.decompress((OFFICIAL / "names.json.gz").read_bytes()))
EXPECTED = np.load(OFFICIAL / "expected.npz")

TOLERANCE = 1e-4


def names_of(backbone: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all tensors of a published checkpoint."""
    return {name: tuple(shape) for name, shape in (NAMES["all"] | NAMES[backbone]).items()}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    for name, content in made_up.tokenizer_files().items():
        (folder / name).write_text(content)
    return folder


@pytest.fixture(scope="module", params=dict.fromkeys(case.backbone for case in made_up.CASES))
def with_made_up_weights(request, tokenizer) -> tuple[str, ReferFormer]:
    backbone = request.param
    config = ReferFormerConfig(vision=BACKBONES[backbone], roberta=made_up.TEXT, dropout=0.0)
    model = ReferFormer(config, tokenizer=tokenizer).eval()
    theirs = {
        name: made_up.TEXT_SHAPES.get(name, shape)
        for name, shape in names_of(backbone).items()
        if our_name(name) in model.state_dict()
    }
    state = our_state(made_up.weights(theirs), backbone)
    model.load_state_dict(state)
    return backbone, model


def ask(model: ReferFormer, case: made_up.Case, multiple: int = 1):
    """Ask about clips padded to the largest, as the authors' code would."""
    clips = made_up.clips(case)
    height, width = (-(-max(side) // multiple) * multiple for side in zip(*case.sizes, strict=True))
    frames = torch.zeros(len(clips), case.frames, 3, height, width)
    for clip, frames_TCHW in zip(clips, frames, strict=True):
        frames_TCHW[..., : clip.shape[-2], : clip.shape[-1]] = (
            clip * model.vision.std + model.vision.mean
        )
    sizes = None
    if len({*case.sizes, (height, width)}) > 1:
        sizes = torch.tensor(case.sizes)
    return model(frames, list(made_up.SENTENCES[: len(clips)]), torch.arange(len(clips)), sizes)


def test_the_same_answers(with_made_up_weights):
    backbone, model = with_made_up_weights
    for case in (case for case in made_up.CASES if case.backbone == backbone):
        with torch.no_grad():
            output = ask(model, case, 32 if case.learns else 1)
        for name, ours in (
            ("pred_masks", output.logits_ENTHW.transpose(1, 2)),
            ("pred_logits", output.scores_ETNK),
            ("pred_boxes", output.boxes_ETN4),
        ):
            difference = np.abs(made_up.told(ours) - EXPECTED[f"{case.name} {name}"]).max()
            print(case.name, name, f"{difference:.1e}")
            assert difference < TOLERANCE, f"{case.name} {name}: {difference:.1e}"
