import json

import numpy as np
import pytest
import torch

from slvp.errors import UserError
from slvp.models.exporting import GRAPHS, export
from slvp.models.heads import MaskOutput
from tiny import tiny_model

SENTENCES = ["a dog", "the car on the left that turns"]


@pytest.fixture(scope="module", params=["vision-as-query", "language-as-query"])
def model(request):
    return tiny_model(fusion=request.param, vision_frozen=True)


def frames_and_answer(model, frames: int, height: int, width: int):
    frames_BTCHW = torch.rand(1, frames, 3, height, width)
    clips = torch.zeros(len(SENTENCES), dtype=torch.long)
    with torch.no_grad():
        answer = model(frames_BTCHW, SENTENCES, clips)
    assert isinstance(answer, MaskOutput)
    return frames_BTCHW, answer.logits_ENTHW


def tokens_of(tokenizer, kind: str):
    cut = tokenizer(SENTENCES, padding=True, return_tensors=kind)
    return cut["input_ids"], cut["attention_mask"] == 1


@pytest.mark.parametrize(("frames", "height", "width"), [(2, 64, 64), (5, 64, 128)])
def test_torch_export_at_other_lengths_and_sizes(model, tmp_path, frames, height, width):
    differences = export(model, tmp_path, "torch-export")
    assert set(differences) == set(GRAPHS)
    assert max(differences.values()) < 1e-4
    vision, text, decoder = (
        torch.export.load(tmp_path / f"{name}.pt2").module() for name in GRAPHS
    )
    frames_BTCHW, expected = frames_and_answer(model, frames, height, width)
    tokens_EL, mask_EL = tokens_of(model.text.tokenizer, "pt")
    with torch.no_grad():
        words_ELC, sentence_EC = text(tokens_EL, mask_EL)
        logits, _ = decoder(list(vision(frames_BTCHW)), words_ELC, mask_EL, sentence_EC)
    torch.testing.assert_close(logits, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_onnx_by_its_description_alone(model, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra 'export'")
    transformers = pytest.importorskip("transformers")
    assert max(export(model, tmp_path, "onnx").values()) < 1e-4
    description = json.loads((tmp_path / "export.json").read_text())
    known = {}
    frames_BTCHW, expected = frames_and_answer(model, 3, 96, 64)
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tmp_path / "tokenizer"))
    known["frames"] = frames_BTCHW.numpy()
    known["tokens"], known["mask"] = tokens_of(tokenizer, "np")
    for name in GRAPHS:
        graph = description["graphs"][name]
        session = onnxruntime.InferenceSession(tmp_path / f"{name}.onnx")
        answers = session.run(list(graph["outputs"]), {i: known[i] for i in graph["inputs"]})
        known |= dict(zip(graph["outputs"], answers, strict=True))
    np.testing.assert_allclose(known["logits"], expected.numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_a_backbone_that_is_trained_pads_by_no_arithmetic(tmp_path):
    model = tiny_model(vision="tf_efficientnet_lite0", vision_frozen=False)
    assert max(export(model, tmp_path, "torch-export").values()) < 1e-4


@pytest.mark.slow
def test_a_backbone_of_fixed_lengths_is_told(tmp_path):
    with pytest.raises(UserError, match="'swin3d_t': PyTorch draws no graph"):
        export(tiny_model(vision="swin3d_t", vision_frozen=True), tmp_path, "torch-export")


def test_a_model_of_flow_is_refused(tmp_path):
    with pytest.raises(UserError, match="only a model that segments"):
        export(tiny_model(head="flow"), tmp_path, "torch-export")
    assert not list(tmp_path.iterdir())
