"""Clips to training examples: which sentences are asked, and what the answer is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from slvp.data.transforms import frames_to_tensor, object_mask
from slvp.types import Clip, Float32Array, Sample, UInt8Array

FlowTarget = Callable[[UInt8Array], tuple[Float32Array, UInt8Array]]
"""T + 1 frames (THWC) to flow_THW2 in pixels per frame and valid_THW in {0, 1}."""


def some_of(captions: Sequence[str], most: int, rng: np.random.Generator) -> list[str]:
    """Choose captions to ask."""
    return [captions[number] for number in rng.permutation(len(captions))[:most]]


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


def flow_sample(
    frames_THWC: UInt8Array,
    sentences: list[str],
    flow_THW2: Float32Array,
    valid_THW: UInt8Array,
    name: str,
    others: Sequence[str] = (),
) -> Sample:
    """Ask how things move that captions tell of.

    Args:
        frames_THWC: T + 1 frames, the last of which only served the flow and isn't shown.
        sentences: captions.
        flow_THW2: the answer, in pixels per frame.
        valid_THW: in {0, 1}, where it can be trusted.
        name: where the clip comes from.
        others: captions of other clips, one for each; or none.
    """
    return Sample(
        frames_TCHW=frames_to_tensor(frames_THWC[:-1]),
        sentences=sentences,
        flow_T2HW=torch.from_numpy(flow_THW2).permute(0, 3, 1, 2),
        valid_THW=torch.from_numpy(valid_THW).float(),
        name=name,
        others=list(others),
    )
