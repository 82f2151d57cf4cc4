import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from slvp.errors import UserError
from slvp.models.grounded.detecting import Detector
from slvp.models.grounded.loading import load_grounded
from slvp.models.grounded.prompting import ImagePrompter
from slvp.models.grounded.tracking import VideoPrompter


def error_of(detector: str | Path, segmenter: str | Path) -> str:
    with pytest.raises(UserError) as raised:
        load_grounded(str(detector), str(segmenter))
    message = str(raised.value)
    assert "\n" not in message
    return message


@pytest.fixture
def spoilt(tiny_folder, tmp_path):
    """Return what copies the folder of a kind of model, for a test to spoil."""

    def copy(kind: str) -> Path:
        return Path(shutil.copytree(tiny_folder(kind), tmp_path / kind))

    return copy


@pytest.mark.parametrize(
    ("segmenter", "prompter"),
    [
        ("sam", ImagePrompter),
        ("sam_hq", ImagePrompter),
        ("sam2", ImagePrompter),
        ("sam2_video", VideoPrompter),
    ],
)
def test_the_segmenters_type_says_whether_it_follows(tiny_folder, segmenter, prompter) -> None:
    model = load_grounded(tiny_folder("grounding_dino"), tiny_folder(segmenter))
    assert isinstance(model.detector, Detector)
    assert type(model.prompter) is prompter
    assert not model.training and not model.detector.model.training
    assert not any(p.requires_grad for p in model.parameters())
    counts = model.parameter_counts()
    assert counts.trained == 0
    assert counts.total == sum(
        p.numel() for part in (model.detector, model.prompter) for p in part.parameters()
    )


def test_weights_are_those_of_the_folder(tiny_folder) -> None:
    states = [
        load_grounded(tiny_folder("grounding_dino"), tiny_folder("sam2_video")).state_dict()
        for _ in range(2)
    ]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


@pytest.mark.parametrize("name", ["./nowhere", "nowhere", "/no/where", "a/b/c"])
def test_a_folder_that_is_not_there(tiny_folder, name) -> None:
    message = error_of(name, tiny_folder("sam"))
    assert message.startswith(f"detector {name!r}: no such folder; expected a zero-shot object")
    assert "'IDEA-Research/grounding-dino-tiny'" in message
    message = error_of(tiny_folder("owlv2"), name)
    assert message.startswith(f"segmenter {name!r}: no such folder; expected a promptable segm")
    assert "'facebook/sam2.1-hiera-tiny'" in message


def test_a_hub_that_cannot_be_asked(tiny_folder, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    message = error_of("no/such-detector", tiny_folder("sam"))
    assert message.startswith("detector 'no/such-detector': no such folder, and the hub has no")
    message = error_of(tiny_folder("owlv2"), "no/such-segmenter")
    assert message.startswith("segmenter 'no/such-segmenter': no such folder, and the hub has no")


def test_a_model_of_another_kind(tiny_folder, tiny_model_folder) -> None:
    message = error_of(tiny_folder("sam"), tiny_folder("sam"))
    assert "is a model of type 'sam', not a zero-shot object detector; expected one of " in message
    assert "grounding-dino, " in message and "'google/owlv2-base-patch16-ensemble'" in message
    message = error_of(tiny_folder("owlv2"), tiny_folder("owlv2"))
    assert "is a model of type 'owlv2', not a promptable segmenter; expected one of " in message
    assert "sam2_video, " in message and "'facebook/sam-vit-base'" in message
    assert "is a model of type 'unknown'" in error_of(tiny_model_folder, tiny_folder("sam"))


def test_a_folder_without_a_configuration(tiny_folder, tmp_path) -> None:
    assert "holds no config.json; expected" in error_of(tmp_path, tiny_folder("sam"))
    assert "holds no config.json; expected" in error_of(tiny_folder("owlv2"), tmp_path)


@pytest.mark.parametrize(
    ("content", "wrong"), [(b"{", "is not JSON"), (b"\xff\xfe", "is not JSON"), (b"[]", "object")]
)
def test_a_configuration_that_is_none(tiny_folder, spoilt, content, wrong) -> None:
    folder = spoilt("owlv2")
    (folder / "config.json").write_bytes(content)
    assert wrong in error_of(folder, tiny_folder("sam"))


@pytest.mark.parametrize("kind", ["grounding_dino", "owlv2", "sam", "sam2_video"])
def test_a_folder_without_a_processor(tiny_folder, spoilt, kind) -> None:
    folder = spoilt(kind)
    (folder / "processor_config.json").unlink()
    detects = kind in ("grounding_dino", "owlv2")
    pair = (folder, tiny_folder("sam")) if detects else (tiny_folder("owlv2"), folder)
    assert "holds no processor_config.json or preprocessor_config.json" in error_of(*pair)


def test_a_processor_that_cannot_be_read(tiny_folder, spoilt) -> None:
    folder = spoilt("sam")
    (folder / "processor_config.json").write_text("{")
    assert "its processor can't be loaded" in error_of(tiny_folder("owlv2"), folder)


def test_a_processor_of_another_kind(tiny_folder, spoilt) -> None:
    folder = spoilt("owlv2")
    shutil.copy(f"{tiny_folder('sam')}/processor_config.json", folder)
    assert "its processor is a SamProcessor" in error_of(folder, tiny_folder("sam"))


@pytest.mark.parametrize("kind", ["grounding_dino", "owlv2"])
def test_a_tokenizer_without_words(tiny_folder, spoilt, kind) -> None:
    folder = spoilt(kind)
    (folder / "tokenizer.json").unlink()
    assert "its tokenizer knows no words" in error_of(folder, tiny_folder("sam"))


def test_weights_that_are_not_there_or_not_readable(tiny_folder, spoilt) -> None:
    folder = spoilt("sam")
    (folder / "model.safetensors").write_bytes(b"nothing")
    assert "its weights can't be loaded" in error_of(tiny_folder("owlv2"), folder)
    (folder / "model.safetensors").unlink()
    assert "its weights can't be loaded" in error_of(tiny_folder("owlv2"), folder)


def test_weights_of_another_model(tiny_folder, spoilt) -> None:
    folder = spoilt("owlv2")
    shutil.copy(f"{tiny_folder('grounding_dino')}/model.safetensors", folder)
    assert "tensor box_head.dense0.bias is missing or" in error_of(folder, tiny_folder("sam"))


def test_weights_of_another_size(tiny_folder, spoilt) -> None:
    folder = spoilt("owlv2")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"projection_dim": 8}))
    message = error_of(folder, tiny_folder("sam"))
    assert "tensor owlv2.text_projection.weight is missing or has another shape" in message


def test_a_library_that_is_not_installed(tiny_folder, spoilt, monkeypatch) -> None:
    from transformers.utils import import_utils

    folder = spoilt("omdet_turbo")
    config = json.loads((folder / "config.json").read_text())
    config["backbone_config"] = {"model_type": "timm_backbone", "backbone": "resnet18"}
    (folder / "config.json").write_text(json.dumps(config))
    explained = import_utils.BACKENDS_MAPPING["timm"][1]
    monkeypatch.setitem(import_utils.BACKENDS_MAPPING, "timm", (lambda: False, explained))
    message = error_of(folder, tiny_folder("sam"))
    assert "needs a library that isn't installed" in message
    assert "timm" in message


@pytest.mark.slow
def test_transformers_is_imported_only_to_load() -> None:
    lines = "import sys, slvp.models.grounded.loading; print('transformers' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
