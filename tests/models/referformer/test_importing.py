import argparse
import os
import pickle
import shutil

import pytest
import torch
from published import MINIMAL, names_of, published_checkpoint, roberta_tokenizer

from slvp.errors import UserError
from slvp.models.checkpoint import from_pretrained
from slvp.models.referformer.importing import import_checkpoint
from slvp.models.referformer.model import ReferFormer
from slvp.models.referformer.published import BACKBONES


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return roberta_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return published_checkpoint(tmp_path_factory.mktemp("published") / "ytvos_r50.pth")


def load(path, tokenizer, backbone=None):
    return import_checkpoint(path, backbone=backbone, tokenizer=tokenizer)


def changed(checkpoint, path, **entries):
    content = torch.load(checkpoint, weights_only=False)
    torch.save(content | entries, path)
    return path


def test_every_tensor_has_its_place(checkpoint, tokenizer, tmp_path):
    model = load(checkpoint, tokenizer)
    assert isinstance(model, ReferFormer)
    assert model.config.vision == "resnet50"
    model.save_pretrained(tmp_path / "model")
    again = from_pretrained(tmp_path / "model")
    frames = torch.rand(1, 2, 3, 64, 70)
    ask = (frames, ["a brown dog"], torch.zeros(1, dtype=torch.long))
    with torch.no_grad():
        first, second = model(*ask), again(*ask)
    torch.testing.assert_close(first.logits_ENTHW, second.logits_ENTHW)
    assert again.config == model.config


def test_a_hostile_checkpoint_is_refused_and_not_run(tmp_path, tokenizer):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "was-run"),)

    path = tmp_path / "hostile.pth"
    torch.save({"model": {}, "args": Hostile()}, path)
    with pytest.raises(UserError, match=r"hostile\.pth: holds posix\.mkdir, which could run code"):
        load(path, tokenizer)
    path.write_bytes(pickle.dumps(Hostile(), protocol=2))
    with pytest.raises(UserError, match=r"hostile\.pth: holds posix\.mkdir, which could run code"):
        load(path, tokenizer)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize(
    "content", [b"", b"no checkpoint", b"PK\x03\x04 half a zip", b"the readme", b"some text", b"."]
)
def test_what_is_no_checkpoint(tmp_path, tokenizer, content):
    path = tmp_path / "broken.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.pth: is no checkpoint, or a damaged one"):
        load(path, tokenizer)


def test_a_checkpoint_cut_short(checkpoint, tmp_path, tokenizer):
    path = tmp_path / "short.pth"
    path.write_bytes(checkpoint.read_bytes()[:-10_000])
    with pytest.raises(UserError, match=r"short\.pth: is no checkpoint, or a damaged one"):
        load(path, tokenizer)


def test_no_file(tmp_path, tokenizer):
    with pytest.raises(UserError, match="not found"):
        load(tmp_path / "none.pth", tokenizer)


def test_tensors_by_name(checkpoint, tmp_path, tokenizer):
    state = torch.load(checkpoint, weights_only=False)["model"]
    lacking = {name: tensor for name, tensor in state.items() if name != "resizer.fc.weight"}
    path = changed(checkpoint, tmp_path / "lacking.pth", model=lacking)
    with pytest.raises(UserError, match=r"tensor text\.narrow\.weight is missing"):
        load(path, tokenizer)
    more = state | {"some.other.weight": torch.zeros(1)}
    path = changed(checkpoint, tmp_path / "more.pth", model=more)
    with pytest.raises(UserError, match=r"tensor some\.other\.weight is unknown"):
        load(path, tokenizer)
    path = changed(checkpoint, tmp_path / "counted.pth", model=state | {"total_ops": torch.ones(1)})
    load(path, tokenizer)


def test_arguments(checkpoint, tmp_path, tokenizer):
    path = changed(checkpoint, tmp_path / "silent.pth", args=None)
    with pytest.raises(UserError, match="doesn't tell its backbone; name it with --backbone"):
        load(path, tokenizer)
    assert load(path, tokenizer, "resnet50").config.queries == 5
    with pytest.raises(UserError, match="has backbone resnet50, not swin_t_p4w7"):
        load(checkpoint, tokenizer, "swin_t_p4w7")
    path = changed(checkpoint, tmp_path / "odd.pth", args=3)
    with pytest.raises(UserError, match="args is a int"):
        load(path, tokenizer)
    path = changed(checkpoint, tmp_path / "none.pth", model=[1])
    with pytest.raises(UserError, match="no entry 'model'"):
        load(path, tokenizer)
    path = changed(
        checkpoint, tmp_path / "two.pth", args=argparse.Namespace(**(MINIMAL | {"two_stage": True}))
    )
    with pytest.raises(UserError, match="two_stage=True, expected False"):
        load(path, tokenizer)
    path = changed(
        checkpoint, tmp_path / "x.pth", args=argparse.Namespace(**(MINIMAL | {"backbone": "vit"}))
    )
    with pytest.raises(UserError, match=r"backbone 'vit' is unknown; expected one of resnet50"):
        load(path, tokenizer)


def test_the_tokenizer_must_be_there(checkpoint, tmp_path):
    with pytest.raises(UserError, match=r"tokenizer .*; expected a folder with RoBERTa's vocab"):
        load(checkpoint, tmp_path)


def test_another_tokenizer_is_refused(checkpoint, tmp_path, tokenizer):
    for name in ("merges.txt", "vocab.json"):
        (tmp_path / name).write_text((tokenizer / name).read_text())
    load(checkpoint, tmp_path)  # no more files than these two are needed
    words = (tokenizer / "vocab.json").read_text().replace('"<pad>": 1', '"<pad>": 5')
    (tmp_path / "vocab.json").write_text(words)
    with pytest.raises(UserError, match="is not RoBERTa's"):
        load(checkpoint, tmp_path)


def test_a_model_without_its_tokenizer(checkpoint, tokenizer, tmp_path):
    load(checkpoint, tokenizer).save_pretrained(tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / "tokenizer")
    with pytest.raises(UserError, match="holds no folder tokenizer"):
        from_pretrained(tmp_path / "model")


def test_all_backbones_are_told_by_name():
    assert all(names_of(backbone) for backbone in BACKBONES)
