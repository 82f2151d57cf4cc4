from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slvp.models.config import FUSIONS
from slvp.models.slvp import SLVP
from slvp.training.learner import Learner, split
from slvp.training.objectives import FlowPretraining, MaskFinetuning
from slvp.training.processes import Processes
from slvp.types import Batch
from tiny_runs import tiny_run

SENTENCES = ["a red car", "the car on the left", "a dog", "the dog that runs", "a bird"]


def batch(task="pretrain", seed=0, clips=3):
    """Clips with one or two sentences each."""
    generator = torch.Generator().manual_seed(seed)
    clip_of_E = torch.tensor([0, 0, 1, 2, 2])
    clip_of_E = clip_of_E[clip_of_E < clips]
    expressions = len(clip_of_E)
    flow = 6 * torch.randn(clips, 2, 2, 4, 4, generator=generator)
    masks = torch.zeros(expressions, 2, 64, 64)
    for number in range(1, expressions):  # the object of the first isn't there
        masks[number, :, 8 * number : 8 * number + 16, 8:40] = 1
    return Batch(
        frames_BTCHW=torch.rand(clips, 2, 3, 64, 64, generator=generator),
        sentences=SENTENCES[:expressions],
        others=SENTENCES[::-1][:expressions],
        clip_of_E=clip_of_E,
        masks_ETHW=masks if task == "finetune" else None,
        flow_BT2HW=None
        if task == "finetune"
        else torch.nn.functional.interpolate(flow.flatten(0, 1), scale_factor=16).view(
            clips, 2, 2, 64, 64
        ),
        valid_BTHW=None
        if task == "finetune"
        else (torch.rand(clips, 2, 64, 64, generator=generator) > 0.2).float(),
        names=tuple(f"clip {number}" for number in range(clips)),
    )


def learner(task="pretrain", model=None, precision="no", processes=None):
    config = tiny_run(task, model={"vision_frozen": True} | (model or {}), precision=precision)
    torch.manual_seed(0)
    objective = MaskFinetuning() if task == "finetune" else FlowPretraining(config.objective)
    processes = processes or Processes.start(precision, "none")
    return Learner(config, SLVP(config.model), objective, processes)


def gradients(one):
    """Catch the gradients of the next step before they are used."""
    caught = {}
    clip = one.processes.accelerator.clip_grad_norm_

    def catch(parameters, norm):
        caught.update(
            {n: p.grad.clone() for n, p in one.model.named_parameters() if p.grad is not None}
        )
        return clip(parameters, norm)

    one.processes.accelerator.clip_grad_norm_ = catch
    return caught


@settings(max_examples=20, deadline=None)
@given(clips=st.integers(1, 3), parts=st.integers(1, 3))
def test_parts_are_the_whole(clips, parts):
    parts = min(clips, parts)
    whole = batch(clips=clips)
    cut = split(whole, parts)
    assert len(cut) == parts
    assert all(len(part.frames_BTCHW) >= 1 for part in cut)
    assert torch.equal(torch.cat([part.frames_BTCHW for part in cut]), whole.frames_BTCHW)
    assert torch.equal(torch.cat([part.flow_BT2HW for part in cut]), whole.flow_BT2HW)
    assert torch.equal(torch.cat([part.valid_BTHW for part in cut]), whole.valid_BTHW)
    assert [text for part in cut for text in part.sentences] == whole.sentences
    assert [text for part in cut for text in part.others] == whole.others
    pairs = [
        (part.names[clip], text)
        for part in cut
        for clip, text in zip(part.clip_of_E.tolist(), part.sentences, strict=True)
    ]
    clips_of = whole.clip_of_E.tolist()
    assert pairs == [(f"clip {c}", t) for c, t in zip(clips_of, whole.sentences, strict=True)]


def test_masks_go_with_their_sentences():
    whole = batch("finetune")
    one, two = split(whole, 2)
    assert torch.equal(torch.cat([one.masks_ETHW, two.masks_ETHW]), whole.masks_ETHW)
    assert len(one.masks_ETHW) == len(one.sentences)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("task", ["pretrain", "finetune"])
def test_a_batch_in_parts_gives_the_same_gradients(task, fusion):
    """Parts differ in clips, sentences, valid pixels and objects that are seen."""
    found = {}
    for parts in (1, 2, 3):
        one = learner(task, model={"fusion": fusion})
        found[parts] = gradients(one)
        figures = one.figures(one.step(batch(task), 0, parts))
        found[parts]["loss"] = torch.tensor(figures["loss"])
        found[parts]["norm"] = torch.tensor(figures["gradient_norm"])
    largest = max(float(g.abs().max()) for g in found[1].values())
    for parts in (2, 3):
        assert found[parts].keys() == found[1].keys()
        for name, gradient in found[1].items():
            torch.testing.assert_close(
                found[parts][name], gradient, rtol=1e-4, atol=1e-5 * largest, msg=name
            )


def test_a_learner_goes_on_from_what_another_left():
    first = learner()
    for step in range(2):
        first.step(batch(seed=step), step, 1)
    second = learner()
    torch.manual_seed(1)
    second.load({"step": 2} | first.state())
    outcomes = [one.step(batch(seed=2), 2, 1) for one in (first, second)]
    assert first.figures(outcomes[0]) == second.figures(outcomes[1])
    for left, right in ((first.state(), second.state()),):
        for part in ("model", "ema"):
            for name, tensor in left[part].items():
                assert torch.equal(right[part][name], tensor), name
        for name, tensors in left["optimiser"].items():
            for key, tensor in tensors.items():
                assert torch.equal(right["optimiser"][name][key], tensor), name


def test_the_average_is_what_is_saved():
    one = learner()
    for step in range(3):
        one.step(batch(seed=step), step, 1)
    state, average = one.state(), one.averaged_state()
    assert average.keys() == state["model"].keys() == one.model.stored_state().keys()
    for name, tensor in average.items():
        assert torch.equal(tensor, state["ema"].get(name, state["model"][name]))
    assert any(not torch.equal(average[name], state["model"][name]) for name in average)


def test_chances_are_drawn_by_the_step(monkeypatch):
    drawn = []

    def losses(model, shares, step):
        drawn.append(float(torch.rand(())))
        return {"moving": sum(p.sum() for p in model.parameters() if p.requires_grad)}

    objective = SimpleNamespace(
        weights={"moving": 1.0}, counts=lambda *_: {"moving": torch.tensor(1)}, totals=losses
    )
    one = learner()
    one.objective = objective
    for step in (0, 1, 0):
        torch.rand(3)
        one.step(batch(), step, 1)
    assert drawn[0] == drawn[2] != drawn[1]


def test_half_precision_of_16_bits_keeps_weights_in_full():
    one = learner(precision="bf16")
    seen = []
    one.model.decoder.register_forward_hook(lambda *call: seen.append(call[-1].dtype))
    figures = one.figures(one.step(batch(), 0, 1))
    assert seen == [torch.bfloat16]
    assert 0 < figures["loss"] < 100
    assert {t.dtype for t in one.averaged_state().values() if t.is_floating_point()} == {
        torch.float32
    }


@pytest.fixture
def half():
    """Makes learners in fp16 on the CPU, where accelerate has none: scaled losses and all."""

    def start(scale):
        processes = Processes.start("no", "none")
        accelerator = processes.accelerator
        accelerator.native_amp = True
        accelerator.state._mixed_precision = "fp16"
        accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=2)
        return learner(processes=processes)

    yield start
    Processes.start("no", "none")


def test_the_scale_of_half_precision_is_kept(half):
    one = half(2.0**10)
    for step in range(2):
        one.step(batch(seed=step), step, 1)
    state = one.state()
    assert state["scaler"]["scale"] == 2.0**11
    two = half(2.0**10)
    two.load(state)
    assert two.state()["scaler"] == state["scaler"]


def test_a_step_of_too_large_a_scale_is_left_out(half):
    one = half(2.0**40)
    before = one.state()["model"]["decoder.out.weight"].clone()
    one.step(batch(), 0, 1)
    assert one.state()["scaler"]["scale"] < 2.0**40
    assert torch.equal(one.state()["model"]["decoder.out.weight"], before)
