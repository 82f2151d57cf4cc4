"""The step from 8-bit clips to tensors."""

from __future__ import annotations

import numpy as np
import torch

from slvp.types import BoolArray, Clip, UInt8Array


def frames_to_tensor(frames_THWC: UInt8Array) -> torch.Tensor:
    """Return frames_TCHW as float32 in 0..1."""
    return torch.from_numpy(frames_THWC).permute(0, 3, 1, 2).float() / 255


def object_mask(clip: Clip, object_ids: tuple[int, ...]) -> BoolArray:
    """Return mask_THW of the union of some objects of a clip with masks."""
    assert clip.ids_THW is not None
    return np.isin(clip.ids_THW, object_ids)
