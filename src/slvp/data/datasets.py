"""Clips to batches.

A training set here is a function of the step: batch ``k`` of a seed is the same on every machine
and after every restart, so that a resumed run sees exactly the batches that it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from slvp.data.flow import scene_flow
from slvp.data.stills import Stills
from slvp.data.transforms import frames_to_tensor, object_mask
from slvp.data.world import World
from slvp.errors import UserError
from slvp.types import Batch, Clip, Sample

_Needs = Literal["expressions", "captions"]
_MOST_DRAWS = 50  # for one clip with something to ask


class BatchSource(Protocol):
    """Makes one batch from a random generator, and from nothing else."""

    def batch(self, rng: np.random.Generator) -> Batch:
        """Return the generator's batch."""
        ...


@dataclass
class WorldMasks:
    """Clips of the embedded world with masks and referring expressions.

    Attributes:
        worlds: one for each frame size and clip length; each batch is of one of them.
        pixels: roughly how many pixels, all frames together, a batch has.
        expressions: sentences asked of each clip.
    """

    worlds: Sequence[World]
    pixels: int
    expressions: int

    def batch(self, rng: np.random.Generator) -> Batch:
        """Draw one of the worlds, then its clips."""
        clips = _draw_world(self.worlds, self.pixels, rng, "expressions")
        return collate([_mask_sample(clip, self.expressions, rng) for clip in clips])


@dataclass
class StillMasks:
    """Whole photographs with captioned masks, as clips of one frame.

    Attributes:
        stills: the photographs.
        sizes: (height, width) of frames; each batch has one of them.
        pixels: roughly how many pixels, all photographs together, a batch has.
        expressions: sentences asked of each photograph.
        absent: chance that one of them describes nothing in it.
    """

    stills: Stills
    sizes: Sequence[tuple[int, int]]
    pixels: int
    expressions: int
    absent: float = 0.2

    def batch(self, rng: np.random.Generator) -> Batch:
        """Draw a frame size, then photographs."""
        height, width = self.sizes[int(rng.integers(len(self.sizes)))]

        def draw() -> Clip:
            still = int(rng.integers(len(self.stills)))
            return self.stills.clip(still, rng, height, width, absent=self.absent)

        clips = _draw_clips(draw, round(self.pixels / (height * width)), "expressions")
        return collate([_mask_sample(clip, self.expressions, rng) for clip in clips])


@dataclass
class WorldFlow:
    """Captioned clips of the embedded world with optical flow as the target; no mask is used.

    The flow is estimated (DIS) from the rendered frames, as it would be on any captioned video,
    and what the camera does is subtracted: the target is how things move against the scene.
    """

    worlds: Sequence[World]
    pixels: int
    captions: int

    def batch(self, rng: np.random.Generator) -> Batch:
        """Draw one of the worlds, then its clips; the last frame only serves the flow."""
        clips = _draw_world(self.worlds, self.pixels, rng, "captions")
        return collate([_flow_sample(clip, self.captions, rng) for clip in clips])


class StepBatches(Dataset[Batch | UserError]):
    """Batch k is drawn from one of the sources by a generator seeded with (seed, k).

    An unreadable picture is returned as its error: raised in a loader's worker, it would reach the
    user inside a traceback.

    Args:
        sources: where batches come from.
        shares: how often each is drawn; any positive numbers.
        seed: of the whole run.
        steps: number of batches.
    """

    def __init__(
        self, sources: Sequence[BatchSource], shares: Sequence[float], seed: int, steps: int
    ) -> None:
        self.sources = list(sources)
        self.shares = np.array(shares) / sum(shares)
        self.seed = seed
        self.steps = steps

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Batch | UserError:
        rng = np.random.default_rng([self.seed, step])
        source = self.sources[rng.choice(len(self.sources), p=self.shares)]
        try:
            return source.batch(rng)
        except UserError as error:
            return error


def collate(samples: Sequence[Sample]) -> Batch:
    """Stack samples of equal size; their sentences go into one list."""

    def stack(name: str) -> torch.Tensor | None:
        tensors = [getattr(sample, name) for sample in samples]
        return None if tensors[0] is None else torch.stack(tensors)

    masks = [sample.masks_ETHW for sample in samples if sample.masks_ETHW is not None]
    return Batch(
        frames_BTCHW=torch.stack([sample.frames_TCHW for sample in samples]),
        sentences=[text for sample in samples for text in sample.sentences],
        clip_of_E=torch.tensor(
            [clip for clip, sample in enumerate(samples) for _ in sample.sentences]
        ),
        masks_ETHW=torch.cat(masks) if masks else None,
        flow_BT2HW=stack("flow_T2HW"),
        valid_BTHW=stack("valid_THW"),
    )


def _draw_world(
    worlds: Sequence[World], pixels: int, rng: np.random.Generator, needs: _Needs
) -> list[Clip]:
    """Draw about ``pixels`` of clips from one of the worlds."""
    world = worlds[int(rng.integers(len(worlds)))]
    size = world.config.frames * world.config.height * world.config.width
    return _draw_clips(lambda: world.clip(int(rng.integers(2**62))), round(pixels / size), needs)


def _draw_clips(draw: Callable[[], Clip], count: int, needs: _Needs) -> list[Clip]:
    """Draw clips that have something to ask."""
    clips: list[Clip] = []
    for _ in range(_MOST_DRAWS * max(1, count)):
        clip = draw()
        if getattr(clip, needs):
            clips.append(clip)
        if len(clips) >= count:
            return clips
    raise UserError(
        f"{clip.name} and {_MOST_DRAWS} more: no {needs} could be written for them; check that "
        "masks and captions of the training data belong together"
    )


def _mask_sample(clip: Clip, expressions: int, rng: np.random.Generator) -> Sample:
    order = rng.permutation(len(clip.expressions))[:expressions]
    chosen = [clip.expressions[i] for i in order]
    masks = np.stack([object_mask(clip, expression.object_ids) for expression in chosen])
    return Sample(
        frames_TCHW=frames_to_tensor(clip.frames_THWC),
        sentences=[expression.text for expression in chosen],
        masks_ETHW=torch.from_numpy(masks).float(),
    )


def _flow_sample(clip: Clip, captions: int, rng: np.random.Generator) -> Sample:
    order = rng.permutation(len(clip.captions))[:captions]
    flow_THW2, valid_THW = scene_flow(clip.frames_THWC)
    return Sample(
        frames_TCHW=frames_to_tensor(clip.frames_THWC[:-1]),
        sentences=[clip.captions[i] for i in order],
        flow_T2HW=torch.from_numpy(flow_THW2).permute(0, 3, 1, 2),
        valid_THW=torch.from_numpy(valid_THW).float(),
    )


def seed_worker(_: int) -> None:
    """Keep a loader's worker to one thread: the training step needs the other cores."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
