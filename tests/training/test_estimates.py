import itertools
from dataclasses import replace

import pytest
import torch

from slvp.models.config import FUSIONS
from slvp.models.slvp import SLVP
from slvp.training.config import DataConfig, TrainConfig
from slvp.training.estimates import CORE, NODE, estimate
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
    trained = together.parameters.trained
    assert together.activations == pytest.approx(0.52 * alone.activations + 2 * trained, rel=0.01)


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
    assert estimate(config).parameters == built
