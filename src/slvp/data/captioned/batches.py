"""Batches of captioned clips with optical flow as the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch

from slvp.data.captioned.clips import (
    Flow,
    Form,
    can_be_mirrored,
    colour_change,
    draw_view,
    flow_in_view,
    mirrored,
)
from slvp.data.captioned.order import EpochOrder, plan_in_turn
from slvp.data.captioned.records import CaptionedIndex, CaptionedVideo
from slvp.data.datasets import Draw, collate
from slvp.data.flow import SceneFlow
from slvp.data.flow.stored import FlowReader
from slvp.data.samples import flow_sample, some_of
from slvp.data.sampling import Window, draw_window
from slvp.errors import UserError
from slvp.types import Batch, Sample, Skipped, UInt8Array
from slvp.video.windows import WindowReader

_TRIES = 4  # windows of a video
_OTHERS_TRIED = 20  # videos that may have another caption
_OTHER = 1  # sets the draws of other videos apart from those of a clip
_MOST_CHANGE = 0.45  # share of pixels; more is a scene cut
_LEAST_VALID = 0.1  # share of pixels whose flow can be trusted; fewer are left at a cut, too
_MOVES = 0.5  # pixels per frame; less is noise
_LEAST_MOVING = 0.005  # share of pixels that move in a clip that isn't static


@dataclass
class CaptionedFlow:
    """Clips of captioned videos. Each video of the index once an epoch, a window of it at random.

    Thresholds were set on the windows of 52 real videos, 160 pixels high at 6 frames per second,
    and on pairs of them joined in the middle; they are our own choice.

    Attributes:
        index: the videos.
        forms: of clips; batches have each of them in turn, in random order.
        pixels: roughly how many pixels, all frames together, a batch has.
        sentences: captions asked of each clip, at most.
        seed: of the order of videos.
        frame_rate: frames of a clip per second of video.
        shuffle_shards: shards that are shuffled into each other.
        target: what is to be learnt where no flow is stored beside a video.
        with_others: add captions of other videos.
    """

    index: CaptionedIndex
    forms: Sequence[Form]
    pixels: int
    sentences: int
    seed: int
    frame_rate: float = 6.0
    shuffle_shards: int = 8
    target: SceneFlow = field(default_factory=SceneFlow)
    with_others: bool = False

    @property
    def smallest(self) -> int:
        """Clips of the smallest batch."""
        return min(self._sizes)

    @cached_property
    def _sizes(self) -> list[int]:
        """Clips of a batch of each form; a frame more than is shown serves the flow."""
        return [form.clips(self.pixels, extra=1) for form in self.forms]

    @cached_property
    def _order(self) -> EpochOrder:
        return EpochOrder(self.index.counts, self.seed, self.shuffle_shards)

    def plan(self, rng: np.random.Generator, turn: int) -> list[Draw]:
        """Take the videos that follow those of the turns before, and a seed for each."""
        return plan_in_turn(rng, turn, self._sizes, self._order, self.seed)

    def make(self, draws: Sequence[Draw]) -> Batch:
        """Cut clips. Where none of them can be, a blank one is there that counts for nothing."""
        made = [self._sample(draw) for draw in draws]
        samples = [sample for sample in made if isinstance(sample, Sample)]
        skipped = [sample for sample in made if isinstance(sample, Skipped)]
        return collate(samples or [self._blank(self.forms[draws[0].form])], skipped)

    def _sample(self, draw: Draw) -> Sample | Skipped:
        name = self.index.name(draw.item)
        try:
            video = self.index.read(draw.item)
            if not video.captions:
                return Skipped(name, "uncaptioned")
            sample = self._cut(video, self.forms[draw.form], np.random.default_rng(draw.seed))
            if self.with_others and isinstance(sample, Sample):
                sample.others = [self._other_caption(draw, video)] * len(sample.sentences)
            return sample
        except UserError as error:
            return Skipped(name, "broken", str(error))
        except OSError as error:
            return Skipped(name, "broken", f"can't be read ({error.strerror})")

    def _other_caption(self, draw: Draw, video: CaptionedVideo) -> str:
        """Draw a caption that this video hasn't; an empty one where none is easily found."""
        rng = np.random.default_rng([draw.seed, _OTHER])
        for number in rng.integers(len(self.index), size=_OTHERS_TRIED):
            try:
                captions = self.index.read(int(number)).captions
            except (UserError, OSError):
                continue  # its own turn will tell of it
            others = [caption for caption in captions if caption not in video.captions]
            if others:
                return some_of(others, 1, rng)[0]
        return ""

    def _cut(self, video: CaptionedVideo, form: Form, rng: np.random.Generator) -> Sample | Skipped:
        """Try a few windows of a video, and a part of the picture in each."""
        sentences = some_of(video.captions, self.sentences, rng)
        mirror = can_be_mirrored(sentences) and rng.random() < 0.5
        skipped: Skipped | None = None
        with _opened(video) as (reader, stored):
            for _ in range(_TRIES):
                found = self._window(reader, stored, form, rng)
                if not isinstance(found, Skipped):
                    frames_THWC, flow = mirrored(*found) if mirror else found
                    return flow_sample(frames_THWC, sentences, *flow, video.name)
                # Past the end of a video whose header claims more, other windows still tell more.
                if skipped is None or found.why != "broken":
                    skipped = replace(found, name=video.name)
        assert skipped is not None
        return skipped

    def _window(
        self, reader: WindowReader, stored: FlowReader | None, form: Form, rng: np.random.Generator
    ) -> tuple[UInt8Array, Flow] | Skipped:
        """Read a window and its flow, which has to tell something."""
        view = draw_view(rng, reader.height, reader.width, form)
        count = form.frames + 1
        if stored is None:
            window = draw_window(rng, reader.end, count, self.frame_rate)
        else:
            first = int(rng.integers(max(1, len(stored) - form.frames + 1)))
            window = Window(first * reader.step, reader.step)
        frames_THWC = reader.read(window.start, window.interval, count, view)
        if len(frames_THWC) < count or (stored is not None and len(stored) < form.frames):
            return Skipped("", "broken", f"has fewer than {count} frames")
        if colour_change(frames_THWC) > _MOST_CHANGE:
            return Skipped("", "cut", "the scene changes")
        if stored is None:
            flow = self.target(frames_THWC)
        else:
            flow = flow_in_view(stored.read(first, form.frames), view, self.target.subtract_camera)
        flow_THW2, valid_THW = flow
        if valid_THW.mean((1, 2)).min() < _LEAST_VALID:
            return Skipped("", "cut", "no flow can be trusted")
        moves_THW = np.linalg.norm(flow_THW2, axis=-1) * valid_THW > _MOVES
        if moves_THW.mean() < _LEAST_MOVING:
            return Skipped("", "static", "nothing moves")
        return frames_THWC, flow

    def _blank(self, form: Form) -> Sample:
        """Return a sample none of whose pixels is valid."""
        shape = form.height, form.width
        return Sample(
            frames_TCHW=torch.zeros(form.frames, 3, *shape),
            sentences=["nothing"],
            flow_T2HW=torch.zeros(form.frames, 2, *shape),
            valid_THW=torch.zeros(form.frames, *shape),
            others=["nothing else"] if self.with_others else [],
        )


@contextmanager
def _opened(video: CaptionedVideo) -> Iterator[tuple[WindowReader, FlowReader | None]]:
    with ExitStack() as stack:
        file, size = stack.enter_context(video.video.open())
        reader = stack.enter_context(WindowReader(file, size, "the video"))
        if video.flow is None:
            yield reader, None
        else:
            yield reader, FlowReader(*stack.enter_context(video.flow.open()), "its flow")
