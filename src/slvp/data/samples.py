"""Clips to training examples: which sentences are asked, and what the answer is."""

from __future__ import annotations

import numpy as np
import torch

from slvp.data.flow import scene_flow
from slvp.data.transforms import frames_to_tensor, object_mask
from slvp.types import Clip, Sample


def mask_sample(clip: Clip, expressions: int, rng: np.random.Generator) -> Sample:
    """Ask some of a clip's expressions; the masks of their objects are the answer."""
    order = rng.permutation(len(clip.expressions))[:expressions]
    chosen = [clip.expressions[i] for i in order]
    masks = np.stack([object_mask(clip, expression.object_ids) for expression in chosen])
    return Sample(
        frames_TCHW=frames_to_tensor(clip.frames_THWC),
        sentences=[expression.text for expression in chosen],
        masks_ETHW=torch.from_numpy(masks).float(),
        name=clip.name,
    )


def flow_sample(clip: Clip, captions: int, rng: np.random.Generator) -> Sample:
    """Ask some of a clip's captions; how things move against the scene is the answer.

    The clip's last frame only serves the flow and isn't in the sample.
    """
    order = rng.permutation(len(clip.captions))[:captions]
    flow_THW2, valid_THW = scene_flow(clip.frames_THWC)
    return Sample(
        frames_TCHW=frames_to_tensor(clip.frames_THWC[:-1]),
        sentences=[clip.captions[i] for i in order],
        flow_T2HW=torch.from_numpy(flow_THW2).permute(0, 3, 1, 2),
        valid_THW=torch.from_numpy(valid_THW).float(),
        name=clip.name,
    )
