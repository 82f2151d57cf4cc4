"""The same weights give the same answers as the authors' code (``official/make_expected.py``)."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from published import OFFICIAL, authors_inputs, names_of, roberta_tokenizer, small_names_of

from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.model import ReferFormer
from slvp.models.referformer.published import BACKBONES, our_name, our_state
from slvp.training.referformer import ReferFormerFinetuning, Target

CASES = authors_inputs.CASES
EXPECTED = np.load(OFFICIAL / "expected.npz")

TOLERANCE = 1e-4

LOSSES = {"class": "ce", "box": "bbox", "giou": "giou", "mask": "mask", "dice": "dice"}
"""Our names and the authors'."""


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return roberta_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module", params=dict.fromkeys(case.backbone for case in CASES))
def with_made_up_weights(request, tokenizer) -> tuple[str, ReferFormer]:
    backbone = request.param
    config = ReferFormerConfig(vision=BACKBONES[backbone], roberta=authors_inputs.TEXT, dropout=0.0)
    model = ReferFormer(config, tokenizer=tokenizer).eval()
    model.load_state_dict(our_state(authors_inputs.weights(small_names_of(backbone)), backbone))
    return backbone, model


def ask(model: ReferFormer, case: authors_inputs.Case, multiple: int = 1):
    """Ask about clips padded to the largest, as the authors' code would."""
    clips = authors_inputs.clips(case)
    height, width = (-(-max(side) // multiple) * multiple for side in zip(*case.sizes, strict=True))
    frames = torch.zeros(len(clips), case.frames, 3, height, width)
    for clip, frames_TCHW in zip(clips, frames, strict=True):
        frames_TCHW[..., : clip.shape[-2], : clip.shape[-1]] = (
            clip * model.vision.std + model.vision.mean
        )
    sizes = None
    if len({*case.sizes, (height, width)}) > 1:
        sizes = torch.tensor(case.sizes)
    return model(
        frames, list(authors_inputs.SENTENCES[: len(clips)]), torch.arange(len(clips)), sizes
    )


def test_the_same_answers(with_made_up_weights):
    backbone, model = with_made_up_weights
    for case in (case for case in CASES if case.backbone == backbone):
        with torch.no_grad():
            output = ask(model, case, 32 if case.learns else 1)
        for name, ours in (
            ("pred_masks", output.logits_ENTHW.transpose(1, 2)),
            ("pred_logits", output.scores_ETNK),
            ("pred_boxes", output.boxes_ETN4),
        ):
            difference = np.abs(authors_inputs.told(ours) - EXPECTED[f"{case.name} {name}"]).max()
            assert difference < TOLERANCE, f"{case.name} {name}: {difference:.1e}"


def test_the_same_losses(with_made_up_weights):
    """Padded clips, one of which loses its object in the last frame; all layers of the decoder."""
    backbone, model = with_made_up_weights
    objective = ReferFormerFinetuning()
    for case in (case for case in CASES if case.backbone == backbone and case.learns):
        output = ask(model, case, 32)  # with gradients, for the earlier layers
        height, width = (4 * side for side in output.logits_ENTHW.shape[-2:])
        whole = [authors_inputs.masks(case)[e] for e in range(len(case.sizes))]
        masks_ETHW = torch.zeros(len(whole), case.frames, height, width)
        for mask_THW, padded_THW in zip(whole, masks_ETHW, strict=True):
            padded_THW[:, : mask_THW.shape[1], : mask_THW.shape[2]] = mask_THW
        target = Target.of(masks_ETHW)
        # Boxes are shares of the frames without padding.
        scale_E2 = torch.tensor([(width, height)]) / torch.tensor(case.sizes).flip(-1)
        scale_E14 = scale_E2.repeat(1, 2)[:, None]
        target = replace(target, boxes_ET4=target.boxes_ET4 * scale_E14)
        layers = [objective.layer_totals(one, target) for one in (*output.earlier, output)]
        for ours, theirs in LOSSES.items():
            total = sum(layer[ours] for layer in layers) / target.seen_ET.sum()
            expected = float(EXPECTED[f"{case.name} loss {theirs}"][0])
            assert total.item() == pytest.approx(expected, rel=1e-4), ours


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_name_has_its_place(backbone):
    """Names and shapes of all tensors, RoBERTa's twelve layers included."""
    with torch.device("meta"):
        model = ReferFormer(ReferFormerConfig(vision=BACKBONES[backbone]), weights="random")
    ours = {name: tuple(tensor.shape) for name, tensor in model.stored_state().items()}
    theirs = {}
    for name, shape in names_of(backbone).items():
        if new := our_name(name):
            assert new not in theirs, f"{name}: {new} has another name, too"
            theirs[new] = shape[:2] + shape[3:] if len(shape) == 5 else shape
    assert theirs == ours


def test_only_what_follows_from_the_rest_is_left_out():
    names = {name for backbone in BACKBONES for name in names_of(backbone)}
    left_out = {name.split(".")[-1] for name in names if our_name(name) is None}
    copies = {name for name in names if name.startswith("transformer.decoder.bbox_embed.")}
    endings = {name.split(".")[-1] for name in copies} | {"relative_position_index"}
    assert left_out <= endings | {"position_ids", "token_type_ids", "num_batches_tracked"}
