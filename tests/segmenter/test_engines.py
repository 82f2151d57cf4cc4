from typing import get_args

import numpy as np
import pytest
import torch

from slvp.apps.arguments.common import EngineName
from slvp.errors import UserError
from slvp.models.onednn import multiplies_bfloat16
from slvp.segmenter import Segmenter
from slvp.segmenter.engines import Engine, choose_engine
from tiny import tiny_model

CPU = torch.device("cpu")


@pytest.mark.parametrize("fusion", ["vision-as-query", "language-as-query"])
def test_bfloat16_gives_nearly_the_same_masks(fusion: str) -> None:
    model = tiny_model(fusion=fusion, vision_frozen=True)
    frames = np.random.default_rng(0).integers(0, 255, (6, 50, 90, 3), dtype=np.uint8)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    single, half = (
        Segmenter(model, engine=engine, quality="fast", presence_threshold=0).segment(
            frames, ["a square", "nothing at all"]
        )
        for engine in ("float32", "bfloat16")
    )
    assert abs(single.probability_ETHW.astype(float) - half.probability_ETHW).max() < 0.05
    assert abs(single.presence_ET - half.presence_ET).max() < 0.05
    assert not (single.probability_ETHW == half.probability_ETHW).all()
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_auto_is_what_this_processor_is_faster_with() -> None:
    expected = "bfloat16" if multiplies_bfloat16() else "float32"
    assert choose_engine("auto", tiny_model(), CPU) == expected
    assert choose_engine("auto", tiny_model(), torch.device("cuda")) == "float32"
    with pytest.raises(UserError, match="engine 'int4': expected one of auto, float32, bfloat16"):
        choose_engine("int4", tiny_model(), CPU)  # type: ignore[arg-type]


def test_the_command_line_knows_the_same_engines() -> None:
    assert get_args(EngineName) == get_args(Engine)
