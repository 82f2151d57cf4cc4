"""RAFT, from torchvision.

Teed and Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow", ECCV 2020.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Literal, Self
from urllib.error import URLError

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torchvision.models.optical_flow import (
    Raft_Large_Weights,
    Raft_Small_Weights,
    raft_large,
    raft_small,
)

from slvp.errors import UserError
from slvp.types import Float32Array, UInt8Array

Size = Literal["small", "large"]
_STRIDE = 8  # of RAFT's features
_LEAST_SIDE = 16 * _STRIDE  # its pyramid of correlations has four levels


class RaftFlow:
    """RAFT with weights, on some device.

    Args:
        model: torchvision's RAFT.
        device: where it runs; ``auto`` is a GPU if there is one.
        batch: pairs of frames at once. A pair of 256 x 456 takes about 0.1 GB.
    """

    def __init__(self, model: nn.Module, device: str = "cpu", batch: int = 8) -> None:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = model.eval().requires_grad_(False).to(device)
        self.device = device
        self.batch = batch

    @classmethod
    def load(cls, size: Size, weights: Path | None = None, device: str = "cpu") -> Self:
        """Build RAFT with trained weights.

        Args:
            size: small (1.0 M parameters) or large (5.3 M).
            weights: file with torchvision's state dict; None takes it from the hub.
            device: where it shall run.

        Raises:
            UserError: the weights can't be downloaded, or the file doesn't hold them.
        """
        model = (raft_small if size == "small" else raft_large)(weights=None, progress=False)
        if weights is None:
            model.load_state_dict(_from_hub(size))
            return cls(model, device)
        state = _from_file(weights)
        try:
            model.load_state_dict(state)
        except (RuntimeError, TypeError, AttributeError) as error:
            raise UserError(
                f"{weights} holds no weights of torchvision's raft_{size}; "
                f"expected the state dict that {_url(size)} is"
            ) from error
        return cls(model, device)

    def __call__(self, frames_THWC: UInt8Array, *, backward: bool = False) -> Float32Array:
        """Estimate; see ``FlowEstimator``. Frames may have any size."""
        height, width = frames_THWC.shape[1:3]
        frames_TCHW = torch.from_numpy(np.ascontiguousarray(frames_THWC)).permute(0, 3, 1, 2)
        down, right = (max(_LEAST_SIDE, -(-side // _STRIDE) * _STRIDE) for side in (height, width))
        flow = []
        for start in range(0, len(frames_TCHW) - 1, self.batch):
            some_TCHW = frames_TCHW[start : start + self.batch + 1].to(self.device).float()
            padded_TCHW = functional.pad(
                some_TCHW / 127.5 - 1, (0, right - width, 0, down - height), mode="replicate"
            )
            first, second = padded_TCHW[:-1], padded_TCHW[1:]
            with torch.inference_mode():
                flow_T2HW = self.model(*((second, first) if backward else (first, second)))[-1]
            flow.append(flow_T2HW[:, :, :height, :width].permute(0, 2, 3, 1).float().cpu().numpy())
        return np.concatenate(flow)


def _url(size: Size) -> str:
    return (Raft_Small_Weights if size == "small" else Raft_Large_Weights).DEFAULT.url


def _from_hub(size: Size) -> dict[str, Any]:
    try:
        return torch.hub.load_state_dict_from_url(
            _url(size), progress=False, map_location="cpu", check_hash=True, weights_only=True
        )
    except (URLError, OSError, RuntimeError) as error:
        raise UserError(
            f"the weights of RAFT can't be downloaded ({error}); download {_url(size)} where that "
            f"works and name the file: --estimator raft-{size}:FILE"
        ) from error


def _from_file(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UserError(
            f"{path} can't be read ({error.strerror}); give the file of RAFT's weights"
        ) from error
    except (RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise UserError(
            f"{path} is no file of weights that torch can load; give the file of RAFT's weights"
        ) from error
