"""Boxes made coherent in time: which of each frame's candidates is the sentence's object.

Khoreva, Rohrbach and Schiele, "Video Object Segmentation with Language Referring Expressions" (ACCV
2018), ground a sentence in each frame and then make the boxes temporally coherent. How is our own
choice: the cheapest path through the candidates of all frames, and "not to be seen" beside them.
What a candidate costs says how little it is believed; what a step costs, how unlike two candidates
are that would be one object in neighbouring frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from slvp.data.colour_histograms import colour_bins, count_colours
from slvp.data.flow.dis import DisFlow
from slvp.models.grounded.candidates import Candidates, overlaps
from slvp.segmenter.following import shrink
from slvp.segmenter.viterbi import Costs, Viterbi
from slvp.types import Float32Array, UInt8Array

LAG = 20
"""Frames later than one that have a say in what is chosen in it."""

_SIDE = 128  # pixels of the short side of the pictures in which colours and motion are measured
_LEAST = 1e-3  # score: whatever it is, it isn't impossible
_DIS = DisFlow("fast")


@dataclass(frozen=True)
class StepCosts:
    """What each way of being unlike costs at most; a score is worth its negative logarithm.

    Attributes:
        overlap: the two boxes don't overlap.
        looks: they have no colour in common.
        motion: the second isn't where optical flow takes the first, by its own size or more.
        change: the object comes or goes. Twice as much is more than all the others together, or
            it would be cheaper to go and come back as another than to be another at once.
        unseen: the object stays away: about as much as boxes of one object differ anyhow from frame
            to frame, or what is hard to outline would soon be taken to be gone.
    """

    overlap: float = 1.0
    looks: float = 2.0
    motion: float = 1.0
    change: float = 2.5
    unseen: float = 0.6


NO_LINK = StepCosts(0, 0, 0, 0, 0)
"""Each frame by itself."""


@dataclass(frozen=True, eq=False)
class Found:
    """A frame and what may be in it.

    Attributes:
        image_HW3: uint8 RGB.
        candidates_E: of each sentence.
        absent_E: how much it is believed, as scores are, that a sentence's object isn't to be seen.
    """

    image_HW3: UInt8Array
    candidates_E: list[Candidates]
    absent_E: list[float]


F = TypeVar("F", bound=Found)


@dataclass(frozen=True, eq=False)
class Chosen:
    """Where the object is in a frame.

    Attributes:
        box_4: left, top, right, bottom in pixels.
        score: as it was a candidate, in 0..1.
    """

    box_4: Float32Array
    score: float


@dataclass(frozen=True, eq=False)
class Grounded(Generic[F]):
    """A frame in which it is decided where objects are.

    Attributes:
        found: the frame.
        chosen_E: one candidate of each sentence, None where its object isn't to be seen.
    """

    found: F
    chosen_E: list[Chosen | None]

    @property
    def boxes(self) -> list[Float32Array | None]:
        """For each sentence box_4 in pixels, or None."""
        return [None if chosen is None else chosen.box_4 for chosen in self.chosen_E]


class Scene:
    """What the candidates of all sentences of a frame are compared by.

    Attributes:
        scale: pixels of the small picture for one of the frame.
        bins_HW: colours of the small picture, see ``colour_bins``.
        flow_HW2: how its places moved since the frame before; None at the first frame.
    """

    def __init__(self, image_HW3: UInt8Array, before: Scene | None) -> None:
        height, width = image_HW3.shape[:2]
        self.scale = min(1.0, _SIDE / min(height, width))
        sides = max(1, round(self.scale * height)), max(1, round(self.scale * width))
        self._small_HW3 = shrink(image_HW3, *sides)
        self.bins_HW = colour_bins(self._small_HW3)
        self.flow_HW2: Float32Array | None = None
        if before is not None:
            (self.flow_HW2,) = _DIS(np.stack([before._small_HW3, self._small_HW3]))

    def looks(self, box_4: Float32Array) -> Float32Array:
        """Return a histogram of the colours in the ellipse that fills a box, of unit length."""
        left, top, right, bottom = self._inside(box_4)
        bins_HW = self.bins_HW[top:bottom, left:right]
        x_W, y_H = (np.linspace(-1, 1, 2 * n + 1)[1::2] for n in (right - left, bottom - top))
        inside_HW = np.square(y_H)[:, None] + np.square(x_W) <= 1
        return np.sqrt(_normalised(count_colours(bins_HW, inside_HW)))

    def moved(self, box_4: Float32Array) -> Float32Array:
        """Return where a box of the frame before is now, as most of its places moved."""
        if self.flow_HW2 is None:
            return box_4
        left, top, right, bottom = self._inside(box_4)
        x, y = np.median(self.flow_HW2[top:bottom, left:right].reshape(-1, 2), axis=0) / self.scale
        return np.asarray(box_4 + np.array([x, y, x, y], np.float32))

    def _inside(self, box_4: Float32Array) -> tuple[int, int, int, int]:
        """Return the edges of a box in the small picture; at least a pixel is within."""
        height, width = self.bins_HW.shape
        left, top = np.floor(self.scale * box_4[:2]).astype(int)
        right, bottom = np.ceil(self.scale * box_4[2:]).astype(int)
        left, top = np.clip(left, 0, width - 1), np.clip(top, 0, height - 1)
        return (
            left,
            top,
            int(np.clip(right, left + 1, width)),
            int(np.clip(bottom, top + 1, height)),
        )


class Linker:
    """Chooses in each frame of a video a box for one sentence, or none.

    Args:
        lag: see ``Viterbi``.
        steps: what steps from frame to frame cost.
    """

    def __init__(self, lag: int = LAG, steps: StepCosts = StepCosts()) -> None:
        self._steps = steps
        self._viterbi = Viterbi(lag)
        self._undecided: deque[Candidates] = deque()
        self._newest: tuple[Float32Array, list[Float32Array]] | None = None

    def add(self, candidates: Candidates, absent: float, scene: Scene) -> list[Chosen | None]:
        """Add the next frame.

        Args:
            candidates: where the object may be.
            absent: how much it is believed not to be there, as scores are, in 0..1.
            scene: the frame.

        Returns:
            What is chosen in the frame that is now decided, None if the object isn't to be seen in
            it; no entry as long as there are too few frames.
        """
        boxes_N4 = candidates.boxes_N4
        looks = [scene.looks(box_4) for box_4 in boxes_N4]
        cost_N = -np.log(np.clip([*candidates.score_N, absent], _LEAST, 1.0))
        move_MN = None if self._newest is None else self._moves(boxes_N4, looks, scene)
        self._newest = boxes_N4, looks
        self._undecided.append(candidates)
        state = self._viterbi.add(cost_N, move_MN)
        return [] if state is None else [self._chosen(state)]

    def finish(self) -> list[Chosen | None]:
        """Return what is chosen in the frames that aren't decided yet."""
        return [self._chosen(state) for state in self._viterbi.finish()]

    def _chosen(self, state: int) -> Chosen | None:
        candidates = self._undecided.popleft()
        if state == len(candidates.boxes_N4):
            return None
        return Chosen(candidates.boxes_N4[state], float(candidates.score_N[state]))

    def _moves(self, boxes_N4: Float32Array, looks: list[Float32Array], scene: Scene) -> Costs:
        """Return costs of all steps from the frame before; the last state is "not to be seen"."""
        assert self._newest is not None
        before_M4, looks_before = self._newest
        steps = self._steps
        move_MN = np.zeros((len(before_M4) + 1, len(boxes_N4) + 1))
        move_MN[:-1, -1] = move_MN[-1, :-1] = steps.change
        move_MN[-1, -1] = steps.unseen
        if not (len(before_M4) and len(boxes_N4)):
            return move_MN
        moved_M4 = np.stack([scene.moved(box_4) for box_4 in before_M4])
        alike_MN = np.stack(looks_before) @ np.stack(looks).T
        move_MN[:-1, :-1] = (
            steps.overlap * (1 - overlaps(before_M4, boxes_N4))
            + steps.looks * (1 - alike_MN)
            + steps.motion * _distances(moved_M4, boxes_N4)
        )
        return move_MN


def link(
    frames: Iterable[F], sentences: int, lag: int = LAG, steps: StepCosts = StepCosts()
) -> Iterator[Grounded[F]]:
    """Choose boxes for some sentences in all frames of a video.

    A frame is held back as long as later ones have a say in it; see :class:`Linker`.
    """
    linkers = [Linker(lag, steps) for _ in range(sentences)]
    held: deque[F] = deque()
    scene: Scene | None = None
    for frame in frames:
        held.append(frame)
        scene = Scene(frame.image_HW3, scene)
        decided = [
            linker.add(candidates, absent, scene)
            for linker, candidates, absent in zip(
                linkers, frame.candidates_E, frame.absent_E, strict=True
            )
        ]
        for chosen_E in zip(*decided, strict=True):
            yield Grounded(held.popleft(), list(chosen_E))
    for chosen_E in zip(*(linker.finish() for linker in linkers), strict=True):
        yield Grounded(held.popleft(), list(chosen_E))


def _distances(boxes_M4: Float32Array, boxes_N4: Float32Array) -> Float32Array:
    """Return how far edges of each two boxes are apart, in widths and heights of the first."""
    sides_M2 = np.maximum(boxes_M4[:, 2:] - boxes_M4[:, :2], 1)
    apart_MN4 = np.abs(boxes_M4[:, None] - boxes_N4[None]) / np.tile(sides_M2, 2)[:, None]
    return np.asarray(np.minimum(apart_MN4.mean(-1), 1))


def _normalised(counts_N: Float32Array) -> Float32Array:
    return np.asarray(counts_N / max(float(counts_N.sum()), 1e-6))
