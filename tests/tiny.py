"""Models of a few thousand trained parameters, with a random backbone."""

import torch

from slvp.models.config import ModelConfig
from slvp.models.slvp import SLVP


def tiny_config(**changes) -> ModelConfig:
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
