"""Batches of clips that are made, not found: of the embedded world, and of photographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from slvp.data.captioned.clips import Form
from slvp.data.datasets import Draw, collate, draw_seeds
from slvp.data.flow import camera_flow, scene_flow
from slvp.data.samples import FlowTarget, flow_sample, mask_sample, some_of
from slvp.data.stills import Stills
from slvp.data.world import World
from slvp.errors import UserError
from slvp.types import Batch, Clip, Float32Array, Sample, UInt8Array

_Needs = Literal["expressions", "captions"]
_MOST_TRIES = 50  # for one clip with something to ask
_OTHER = 1  # sets the draws of other clips apart from those of a clip


@dataclass
class _WorldClips:
    """Clips of the embedded world.

    Attributes:
        worlds: one for each frame size and clip length; each batch is of one of them.
        pixels: roughly how many pixels, all frames together, a batch has.
        sentences: asked of each clip, at most.
    """

    worlds: Sequence[World]
    pixels: int
    sentences: int

    @property
    def smallest(self) -> int:
        """Clips of the smallest batch."""
        return min(self._clips(form) for form in range(len(self.worlds)))

    def plan(self, rng: np.random.Generator, turn: int) -> list[Draw]:
        """Draw one of the worlds, and a seed for each clip."""
        form = int(rng.integers(len(self.worlds)))
        return [Draw(seed, form) for seed in draw_seeds(rng, self._clips(form))]

    def _clips(self, form: int) -> int:
        config = self.worlds[form].config
        return Form(config.frames, config.height, config.width).clips(self.pixels)

    def _clip(self, form: int, rng: np.random.Generator, needs: _Needs) -> Clip:
        return _draw_clip(lambda: self.worlds[form].clip(int(rng.integers(2**62))), needs)


class WorldMasks(_WorldClips):
    """Clips of the embedded world with masks and referring expressions."""

    def make(self, draws: Sequence[Draw]) -> Batch:
        """Render clips and write expressions for them."""
        return collate([self._sample(draw) for draw in draws])

    def _sample(self, draw: Draw) -> Sample:
        rng = np.random.default_rng(draw.seed)
        return mask_sample(self._clip(draw.form, rng, "expressions"), self.sentences, rng)


@dataclass
class WorldFlow(_WorldClips):
    """Captioned clips of the embedded world with optical flow as the target; no mask is used.

    The flow is estimated from the rendered frames, as it would be on any captioned video.

    Attributes:
        target: what is to be learnt: by default how things move against the scene.
        exact: how they do, as the world knows it, instead of an estimate.
        with_others: add captions of other clips; these must be rendered, too.
    """

    target: FlowTarget = scene_flow
    exact: bool = False
    with_others: bool = False

    def make(self, draws: Sequence[Draw]) -> Batch:
        """Render clips and estimate their flow; the last frame only serves the flow."""
        return collate([self._sample(draw) for draw in draws])

    def _sample(self, draw: Draw) -> Sample:
        rng = np.random.default_rng(draw.seed)
        clip = self._clip(draw.form, rng, "captions")
        sentences = some_of(clip.captions, self.sentences, rng)
        flow_THW2, valid_THW = _exact_flow(clip) if self.exact else self.target(clip.frames_THWC)
        others = [self._other_caption(draw, clip)] * len(sentences) if self.with_others else []
        return flow_sample(clip.frames_THWC, sentences, flow_THW2, valid_THW, clip.name, others)

    def _other_caption(self, draw: Draw, clip: Clip) -> str:
        """Draw clips until one has a caption that this one hasn't."""
        rng = np.random.default_rng([draw.seed, _OTHER])
        while True:
            caption = some_of(self._clip(draw.form, rng, "captions").captions, 1, rng)[0]
            if caption not in clip.captions:
                return caption


@dataclass
class StillMasks:
    """Whole photographs with captioned masks, as clips: a camera moves over each.

    Attributes:
        stills: the photographs.
        forms: clip lengths and frame sizes; each batch has one of them.
        pixels: roughly how many pixels, all frames together, a batch has.
        sentences: asked of each photograph, at most.
        absent: chance that one of them describes nothing in it.
        randomise: vary colour, blur, noise and JPEG as the world does.
    """

    stills: Stills
    forms: Sequence[Form]
    pixels: int
    sentences: int
    absent: float = 0.2
    randomise: bool = True

    @property
    def smallest(self) -> int:
        """Photographs of the smallest batch."""
        return min(form.clips(self.pixels) for form in self.forms)

    def plan(self, rng: np.random.Generator, turn: int) -> list[Draw]:
        """Draw a form, and a seed for each photograph."""
        form = int(rng.integers(len(self.forms)))
        return [Draw(seed, form) for seed in draw_seeds(rng, self.forms[form].clips(self.pixels))]

    def make(self, draws: Sequence[Draw]) -> Batch:
        """Draw photographs and cut them."""
        return collate([self._sample(draw) for draw in draws])

    def _sample(self, draw: Draw) -> Sample:
        rng = np.random.default_rng(draw.seed)
        form = self.forms[draw.form]

        def cut() -> Clip:
            return self.stills.clip(
                self.stills.pick(rng),
                rng,
                form.height,
                form.width,
                frames=form.frames,
                randomise=self.randomise,
                absent=self.absent,
            )

        return mask_sample(_draw_clip(cut, "expressions"), self.sentences, rng)


def _exact_flow(clip: Clip) -> tuple[Float32Array, UInt8Array]:
    """Return how things move against the scene between the frames of a clip, and that it's so."""
    assert clip.flow_THW2 is not None
    assert clip.camera_T33 is not None
    flow_THW2 = clip.flow_THW2[:-1]
    camera_THW2 = [camera_flow(one_33, *flow_THW2.shape[1:3]) for one_33 in clip.camera_T33[:-1]]
    return flow_THW2 - np.stack(camera_THW2), np.ones(flow_THW2.shape[:3], np.uint8)


def _draw_clip(draw: Callable[[], Clip], needs: _Needs) -> Clip:
    """Draw until a clip has something to ask."""
    for _ in range(_MOST_TRIES):
        clip = draw()
        if getattr(clip, needs):
            return clip
    raise UserError(
        f"{clip.name} and {_MOST_TRIES - 1} more: no {needs} could be written for them; check that "
        "masks and captions of the training data belong together"
    )
