import itertools
import json
from dataclasses import replace

import pytest
import torch

from slvp.models.config import FUSIONS
from slvp.models.slvp import SLVP
from slvp.training import step_costs
from slvp.training.config import DataConfig, ObjectiveConfig, TrainConfig
from slvp.training.estimates import CORE, NODE, STORED_FILE, digest, estimate
from slvp.training.recipes import RECIPES, recipe
from slvp.training.step_costs import work_out
from tiny import tiny_config

SIZE = 128


def _config(**changes: object) -> TrainConfig:
    data = DataConfig(frames=(2,), sizes=((SIZE, SIZE),), pixels=3 * 2 * SIZE**2, expressions=1)
    model = tiny_config(vision="test_convnext", vision_frozen=True, width=32)
    config = TrainConfig(task="finetune", model=model, data=data)
    return replace(config, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_activations_are_those_that_the_profiler_sees(fusion) -> None:
    config = _config()
    config = replace(config, model=replace(config.model, fusion=fusion))
    model = SLVP(config.model, weights="random").train()
    frames_BTCHW = torch.rand(3, 2, 3, SIZE, SIZE)
    sentences = [" ".join(["dog"] * 18)] * 3  # 20 tokens, with those of beginning and end
    model.text(sentences)
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        output = model(frames_BTCHW, sentences, torch.arange(3))
        sum(answer.square().sum() for answer in vars(output).values()).backward()
    events = profile.profiler.kineto_results.events()
    memory = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    most = max(itertools.accumulate(size for _, size in memory))
    assert estimate(config).activations == pytest.approx(most, rel=0.1)


def test_operations_grow_with_the_clips() -> None:
    small, large = (
        estimate(_config(data=replace(_config().data, pixels=clips * 2 * SIZE**2)))
        for clips in (3, 6)
    )
    assert (small.clips, large.clips) == (3, 6)
    assert large.flops == pytest.approx(2 * small.flops, rel=0.01)
    assert small.seconds == small.flops / CORE.flops
    assert small.clips_per_second == pytest.approx(large.clips_per_second, rel=0.01)


def test_memory_is_that_of_the_clips_that_are_held_at_a_time() -> None:
    whole, cut = (estimate(_config(accumulate=parts)) for parts in (1, 3))
    assert cut.clips == whole.clips == 3
    assert cut.flops == pytest.approx(whole.flops, rel=0.01)
    assert cut.activations < 0.5 * whole.activations
    assert cut.weights == whole.weights


def test_mixed_precision_is_for_a_node_whose_gpus_share_the_batch() -> None:
    data = replace(_config().data, pixels=24 * 2 * SIZE**2)
    alone = estimate(_config(data=replace(data, pixels=3 * 2 * SIZE**2)))
    together = estimate(_config(data=data, precision="bf16"))
    assert (alone.machine, together.machine) == (CORE, NODE)
    assert together.clips == 24
    expected = 0.52 * alone.activations + 2 * together.trained
    assert together.activations == pytest.approx(expected, rel=0.01)


def test_recomputed_activations_need_less_memory_and_more_time() -> None:
    config = _config()
    again = replace(config, model=replace(config.model, checkpoint_activations=True))
    assert estimate(again).activations < 0.8 * estimate(config).activations
    assert estimate(again).seconds > estimate(config).seconds


@pytest.mark.parametrize("text_frozen", [True, False])
def test_parameters_are_those_of_the_built_model(text_frozen) -> None:
    config = _config()
    config = replace(config, model=replace(config.model, text_frozen=text_frozen))
    built = SLVP(config.model, weights="random").parameter_counts()
    # All but the pooler are trained where the text encoder is.
    assert (built.trained > 22_000_000) is not text_frozen
    found = estimate(config)
    assert (found.parameters, found.trained) == (built.total, built.trained)


AGAIN = "run 'python scripts/store_estimates.py'"


@pytest.mark.parametrize("task", ["pretrain", "finetune"])
def test_estimates_of_all_recipes_are_stored(task) -> None:
    stored = json.loads(STORED_FILE.read_text())
    assert [name for name in RECIPES if digest(recipe(name, task)) not in stored] == [], AGAIN


@pytest.mark.parametrize(
    ("name", "task"),
    [("lite", "pretrain"), ("lite-language", "finetune"), ("base-swin", "finetune")],
)
def test_estimates_are_stored_as_they_are_worked_out(name, task) -> None:
    config = recipe(name, task)
    stored, found = estimate(config), work_out(config)
    # Which tensors are kept for the gradients is up to PyTorch.
    assert stored.activations == pytest.approx(found.activations, rel=0.05), AGAIN
    assert replace(stored, activations=found.activations) == found, AGAIN


def test_what_is_stored_is_not_worked_out(monkeypatch) -> None:
    monkeypatch.setattr(step_costs, "SLVP", None)
    assert estimate(recipe("base", "pretrain")).parameters > 100_000_000


@pytest.mark.parametrize(
    "change",
    [
        {"accumulate": 2},
        {"precision": "bf16"},
        {"task": "finetune"},
        {"model": tiny_config()},
        {"data": DataConfig(frames=(3,))},
        {"data": DataConfig(sizes=((64, 64),))},
        {"data": DataConfig(pixels=1)},
        {"data": DataConfig(expressions=5)},
        {"objective": ObjectiveConfig(contrast=0.1)},
    ],
)
def test_no_other_configuration_has_the_same_digest(change) -> None:
    config = TrainConfig("pretrain")
    assert digest(replace(config, **change)) != digest(config)
