"""Batches of clips with masks, cut from a benchmark's videos or from photographs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch

from slvp.data import compositing
from slvp.data.benchmarks.records import BenchmarkExpression, Group
from slvp.data.captioned.clips import Form
from slvp.data.captioned.order import EpochOrder, plan_in_turn
from slvp.data.datasets import Draw, collate
from slvp.data.transforms import (
    Box,
    cut_frames,
    cut_masks,
    frames_to_tensor,
    mirror_words,
    random_box,
)
from slvp.errors import UserError
from slvp.types import Batch, BoolArray, Sample, Skipped, UInt8Array

_KEPT = 0.5  # share of an object, over all frames, that must stay in the part that is cut out
_BOXES = 10  # parts to try before the whole frame is taken
_LONGEST_STEP = 3  # frames of the video from one of a clip to the next
_MOST_TRIES = 50  # sentences to try where frames or masks can't be read


@dataclass
class BenchmarkClips:
    """Clips of a benchmark: each sentence once an epoch, in a window of its video at random.

    A window has annotated frames, 1 to 3 apart, and up to ``sentences`` of the sentences that are
    asked of all of them. Where annotated frames lie scattered, as in A2D-Sentences, or are
    photographs, all clips are of one frame. Cut out of the frames is a part that keeps most of
    each object; it is mirrored half the time, and gets colours and faults of a camera that are the
    same in all frames of a clip. Sizes and chances are our own choice.

    Attributes:
        name: of the benchmark, for messages.
        expressions: with masks.
        forms: of clips; batches have each of them in turn, in random order.
        pixels: roughly how many pixels, all frames together, a batch has.
        sentences: asked of each clip, at most.
        seed: of the order of sentences.
    """

    name: str
    expressions: Sequence[BenchmarkExpression]
    forms: Sequence[Form]
    pixels: int
    sentences: int
    seed: int

    def __post_init__(self) -> None:
        if not self._has_windows():
            self.forms = [Form(1, form.height, form.width) for form in self.forms]
        self.forms = list(dict.fromkeys(self.forms))

    @property
    def smallest(self) -> int:
        """Clips of the smallest batch."""
        return min(self._sizes)

    @property
    def videos(self) -> int:
        """How many videos, or photographs, there are."""
        return len(self._of_video)

    @cached_property
    def _sizes(self) -> list[int]:
        """Clips of a batch of each form."""
        return [form.clips(self.pixels) for form in self.forms]

    @cached_property
    def _order(self) -> EpochOrder:
        return EpochOrder(np.array([len(self.expressions)]), self.seed, group=1)

    @cached_property
    def _of_video(self) -> dict[str, list[BenchmarkExpression]]:
        videos: dict[str, list[BenchmarkExpression]] = {}
        for expression in self.expressions:
            videos.setdefault(expression.sequence, []).append(expression)
        return videos

    def plan(self, rng: np.random.Generator, turn: int) -> list[Draw]:
        """Take the sentences that follow those of the turns before, and a seed for each."""
        return plan_in_turn(rng, turn, self._sizes, self._order, self.seed)

    def make(self, draws: Sequence[Draw]) -> Batch:
        """Cut clips. In place of a sentence whose frames or masks can't be read, another is asked.

        Raises:
            UserError: many in a row can't be read.
        """
        skipped: list[Skipped] = []
        return collate([self._sample(draw, skipped) for draw in draws], skipped)

    def _has_windows(self) -> bool:
        """Whether annotated frames follow each other."""
        every = [one.scored for one in self.expressions]
        scattered = any(scored[-1] - scored[0] + 1 > len(scored) for scored in every)
        return not scattered and any(len(scored) > 1 for scored in every)

    def _sample(self, draw: Draw, skipped: list[Skipped]) -> Sample:
        rng = np.random.default_rng(draw.seed)
        item = draw.item
        for _ in range(_MOST_TRIES):
            chosen = self.expressions[item]
            try:
                return self._cut(chosen, self.forms[draw.form], rng)
            except UserError as error:
                skipped.append(Skipped(self._name_of(chosen), "broken", str(error)))
            item = int(rng.integers(len(self.expressions)))
        raise UserError(skipped[-1].reason)

    def _name_of(self, expression: BenchmarkExpression) -> str:
        return f"{self.name}/{expression.sequence}"

    def _cut(self, chosen: BenchmarkExpression, form: Form, rng: np.random.Generator) -> Sample:
        window_T = _draw_window(rng, chosen.scored, form.frames)
        others = [
            other
            for other in self._of_video[chosen.sequence]
            if other is not chosen and set(window_T) <= set(other.scored)
        ]
        rng.shuffle(others)
        asked = [chosen, *others[: self.sentences - 1]]
        frames_THWC = _read_frames(chosen, window_T)
        maps = self._maps(asked, window_T, frames_THWC.shape[1:3])
        box = _draw_box(rng, maps[0] > 0, form)
        mirrored = bool(rng.random() < 0.5)
        size = form.height, form.width
        cut_THWC = cut_frames(frames_THWC, box, *size, mirrored=mirrored)
        cut_maps = tuple(
            np.stack([cut_masks(map_THW, box, *size, mirrored=mirrored) for map_THW in map_ETHW])
            for map_ETHW in maps
        )
        sample = Sample(
            frames_TCHW=frames_to_tensor(compositing.degrade(rng, _vary_colour(rng, cut_THWC))),
            sentences=[mirror_words(one.text) if mirrored else one.text for one in asked],
            name=self._name_of(chosen),
        )
        return self._with_targets(sample, cut_THWC, *cut_maps)

    def _maps(
        self, asked: Group, window_T: Sequence[int], size: tuple[int, ...]
    ) -> tuple[UInt8Array, ...]:
        """Return what is known of each pixel (ETHW); first, where the objects are."""
        return (_read_masks(asked, window_T, size),)

    def _with_targets(self, sample: Sample, frames_THWC: UInt8Array, *maps: UInt8Array) -> Sample:
        """Return a sample with what is to be learnt, made of the cut frames and maps."""
        return replace(sample, masks_ETHW=torch.from_numpy(maps[0]).float())


def split_videos(
    expressions: Sequence[BenchmarkExpression], held_out: float
) -> tuple[list[BenchmarkExpression], list[BenchmarkExpression]]:
    """Part the sentences by their videos' names: the same way on every machine.

    Args:
        expressions: of one benchmark.
        held_out: share of the second part, about.

    Returns:
        Those to train on, and those that no training sees: of at least one video each. A single
        video serves as both, and so do all where ``held_out`` is 0.
    """
    videos = _videos_by_hash(expressions)
    if held_out == 0 or len(videos) < 2:
        return list(expressions), list(expressions)
    kept = set(videos[min(max(1, round(held_out * len(videos))), len(videos) - 1) :])
    return (
        [one for one in expressions if one.sequence in kept],
        [one for one in expressions if one.sequence not in kept],
    )


def keep_videos(
    expressions: Sequence[BenchmarkExpression], share: float
) -> list[BenchmarkExpression]:
    """Keep the sentences of some videos, chosen by their names: the same on every machine.

    The videos of a smaller share are among those of a larger one.

    Args:
        expressions: of one benchmark.
        share: of the videos, above 0 and up to 1; at least one is kept.
    """
    videos = _videos_by_hash(expressions)
    # From the end: split_videos takes from the beginning, so more held out changes less here.
    kept = set(videos[-max(1, round(share * len(videos))) :])
    return [one for one in expressions if one.sequence in kept]


def _videos_by_hash(expressions: Sequence[BenchmarkExpression]) -> list[str]:
    """Return the videos' names in an order that has nothing to do with what they show."""
    return sorted(
        {one.sequence for one in expressions},
        key=lambda name: hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest(),
    )


def _draw_window(rng: np.random.Generator, scored: Sequence[int], frames: int) -> list[int]:
    """Draw frames at equal distances; where there are too few, the last one is held."""
    longest = max(1, min(_LONGEST_STEP, (len(scored) - 1) // max(1, frames - 1)))
    step = int(rng.integers(1, longest + 1))
    start = int(rng.integers(max(1, len(scored) - (frames - 1) * step)))
    return [scored[min(start + k * step, len(scored) - 1)] for k in range(frames)]


def _read_frames(asked: BenchmarkExpression, window_T: Sequence[int]) -> UInt8Array:
    """Return frames_THWC; a frame that stands twice in the window is read once."""
    wanted, place_T = np.unique(window_T, return_inverse=True)
    return np.stack(list(asked.frames.read(wanted.tolist())))[place_T]


def _read_masks(asked: Group, window_T: Sequence[int], size: tuple[int, ...]) -> UInt8Array:
    """Return masks_ETHW in {0, 1}.

    Raises:
        UserError: masks can't be read, or aren't of the frames' size.
    """
    frames, masks = asked[0].frames, asked[0].masks
    assert masks is not None
    wanted, place_T = np.unique(window_T, return_inverse=True)
    objects_T = [masks.read(t) for t in wanted.tolist()]
    for t, objects in zip(wanted, objects_T, strict=True):
        if objects.size != size:
            raise UserError(
                f"frame {frames.names[t]} of {asked[0].sequence} is of {size[1]} x {size[0]} "
                f"pixels, its masks of {objects.size[1]} x {objects.size[0]}: unpack the data set "
                "again."
            )
    masks_ETHW = np.stack(
        [[objects.mask(one.object_ids) for objects in objects_T] for one in asked]
    )
    return masks_ETHW[:, place_T].astype(np.uint8)


def _draw_box(rng: np.random.Generator, masks_ETHW: BoolArray, form: Form) -> Box:
    """Draw a part of the frames in which each object stays for the most part."""
    seen_EHW: npt.NDArray[np.int32] = masks_ETHW.sum(1, dtype=np.int32)
    _, height, width = seen_EHW.shape
    needed_E = _KEPT * seen_EHW.sum((1, 2))
    for _ in range(_BOXES):
        box = random_box(rng, height, width, form.height / form.width)
        if (seen_EHW[:, *box].sum((1, 2)) >= needed_E).all():
            return box
    return slice(0, height), slice(0, width)


def _vary_colour(rng: np.random.Generator, frames_THWC: UInt8Array) -> UInt8Array:
    """Change the colours of all frames alike."""
    tall = frames_THWC.reshape(-1, *frames_THWC.shape[2:])
    return compositing.vary_colour(rng, tall, 0.6).reshape(frames_THWC.shape)
