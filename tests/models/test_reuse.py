import dataclasses
import json
import re

import pytest
import torch

from slvp.errors import UserError
from slvp.models.reuse import Reuse, copy_fitting, start_from
from slvp.models.slvp import SLVP
from tiny import tiny_config, tiny_model


def named(reuse: Reuse, start: str) -> set[str]:
    return {tensor.name for tensor in reuse.of(start)}


def test_masks_start_from_fusion_and_decoder_of_the_flow(fusion):
    flow, masks = tiny_model(fusion=fusion, head="flow"), tiny_model(seed=1, fusion=fusion)
    before = {name: tensor.clone() for name, tensor in masks.stored_state().items()}
    reuse = copy_fitting(masks, flow, "flow")
    own, theirs = masks.stored_state(), flow.stored_state()
    assert {tensor.module for tensor in reuse.of("reused")} >= {"fusion", "decoder", "vision"}
    assert {tensor.module for tensor in reuse.of("new")} == {"head"}
    assert all(name.startswith("head.") for name in reuse.unused)
    if fusion == "language-as-query":  # mask kernels exist before any mask does
        assert "head.kernels.kernel.0.weight" in named(reuse, "reused")
    for tensor in reuse.tensors:
        expected = theirs if tensor.start == "reused" else before
        assert torch.equal(own[tensor.name], expected[tensor.name])
        assert tensor.parameters == own[tensor.name].numel()
        assert (tensor.why == "") == (tensor.start == "reused")
    assert {tensor.name for tensor in reuse.tensors} == set(own)


def test_masks_start_from_masks(fusion):
    source, model = tiny_model(fusion=fusion), tiny_model(seed=1, fusion=fusion)
    reuse = copy_fitting(model, source, "masks")
    assert not reuse.of("new")
    assert not reuse.unused
    for name, tensor in model.stored_state().items():
        assert torch.equal(tensor, source.stored_state()[name])


def test_another_shape_is_told():
    reuse = copy_fitting(tiny_model(), tiny_model(pixel_width=16), "wide")
    (narrow,) = [tensor for tensor in reuse.of("new") if tensor.name == "decoder.narrow.bias"]
    assert narrow.shape == (8,)
    assert narrow.other == (16,)
    assert narrow.why == "16 there"
    assert "new: decoder.narrow.bias (8; 16 there)" in reuse.table()


def test_the_table_counts_all(fusion):
    model = tiny_model(fusion=fusion)
    reuse = copy_fitting(model, tiny_model(fusion=fusion, head="flow"), "runs/flow/model")
    title, heading, *rows = reuse.table().splitlines()
    assert "runs/flow/model" in title
    assert heading.split() == ["reused", "new"]
    counts = {}
    for row in rows:
        if not row.startswith("  "):
            module, *cells = re.split(r"\s{2,}", row)
            counts[module] = [
                [int(number) for number in re.findall(r"\d+", cell.replace(",", ""))] or [0, 0]
                for cell in cells
            ]
    total = counts.pop("all")
    assert set(counts) == {"vision", "fusion", "decoder", "head"}
    assert total == [
        [sum(of[column][kind] for of in counts.values()) for kind in (0, 1)] for column in (0, 1)
    ]
    state = model.stored_state()
    assert total[0][0] + total[1][0] == len(state)
    assert total[0][1] + total[1][1] == sum(tensor.numel() for tensor in state.values())
    assert "left out of it" in rows[-1]


def test_all_of_it_is_written(tmp_path):
    reuse = copy_fitting(tiny_model(), tiny_model(pixel_width=16), "wide")
    reuse.save(tmp_path / "init.json")
    content = json.loads((tmp_path / "init.json").read_text())
    assert content["source"] == "wide"
    assert len(content["tensors"]) == len(reuse.tensors)
    assert [t["name"] for t in content["tensors"] if t["start"] == "reused"] == [
        tensor.name for tensor in reuse.of("reused")
    ]
    assert {t["why"] for t in content["tensors"] if t["name"] == "decoder.narrow.bias"} == {
        "16 there"
    }


def test_named_encoders_are_neither_reused_nor_new():
    frozen = tiny_config(vision="tf_efficientnet_lite0", vision_pretrained=True, vision_frozen=True)
    trained = SLVP(dataclasses.replace(frozen, vision_frozen=False))
    reuse = copy_fitting(trained, SLVP(frozen), "frozen")
    assert {tensor.module for tensor in reuse.of("named")} == {"vision"}
    assert not reuse.of("new")
    assert "named weights" in reuse.table()
    # And what a trained encoder has learnt has no place in a frozen one.
    assert any(
        name.startswith("vision.") for name in copy_fitting(SLVP(frozen), trained, "trained").unused
    )


def test_start_from_a_folder(tiny_model_folder):
    model = tiny_model(seed=1)
    reuse = start_from(model, str(tiny_model_folder))
    assert reuse.source == str(tiny_model_folder)
    saved = SLVP.from_pretrained(tiny_model_folder)
    assert torch.equal(model.decoder.out.weight, saved.decoder.out.weight)


@pytest.mark.parametrize(
    ("changes", "example"),
    [
        ({"width": 32}, r"fusion\.\S+, for one, is 16( x \d+)* there"),
        (
            {"fusion": "language-as-query"},
            r"(fusion|head)\.\S+, for one, is (not in it|\d+.* there)",
        ),
    ],
)
def test_a_model_of_another_make_is_refused(changes, example, tiny_model_folder):
    with pytest.raises(UserError, match=rf"only \d+ of \d+ tensors fit .*\({example}\)"):
        start_from(tiny_model(**changes), str(tiny_model_folder))


def test_no_such_model():
    with pytest.raises(UserError, match="not found"):
        start_from(tiny_model(), "no-such-model")
