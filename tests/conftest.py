"""Tiny models and clips that many tests share."""

import pytest
import torch

from slvp.models.config import FUSIONS, ModelConfig
from slvp.models.slvp import SLVP


def tiny_config(**changes) -> ModelConfig:
    """A model of a few thousand trained parameters, with a random backbone."""
    fields = {
        "vision": "test_efficientnet",
        "vision_pretrained": False,
        "vision_frozen": False,
        "width": 16,
        "attention_heads": 2,
        "pixel_width": 8,
        "queries": 3,
        "frame_size": 64,
        "window": 4,
    }
    return ModelConfig(**(fields | changes))


def tiny_model(seed: int = 0, **changes) -> SLVP:
    torch.manual_seed(seed)
    return SLVP(tiny_config(**changes)).eval()


@pytest.fixture(params=FUSIONS)
def fusion(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory):
    """A saved tiny mask model, as a user's ``--model`` option would name it; leave it as it is."""
    folder = tmp_path_factory.mktemp("tiny-model")
    # Without training, nothing is surely there.
    tiny_model(presence_threshold=0.25).save_pretrained(folder)
    return folder
