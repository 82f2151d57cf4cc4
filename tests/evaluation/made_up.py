"""Sequences in memory, and a segmenter whose answers are known."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from slvp.data.benchmarks.masks import IdMap
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.segmenter import FirstMasks
from slvp.types import Prediction, UInt8Array

HEIGHT, WIDTH, FRAMES = 24, 32, 5


@dataclass(frozen=True)
class MadeFrames:
    """Frames of one grey value each: the video's in red, the frame's number in green."""

    red: int
    count: int = FRAMES
    size: tuple[int, int] = (HEIGHT, WIDTH)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{t:05d}" for t in range(self.count))

    def read(self, indices: Sequence[int]) -> Iterator[UInt8Array]:
        for t in indices:
            frame_HWC = np.zeros((*self.size, 3), np.uint8)
            frame_HWC[..., 0], frame_HWC[..., 1] = self.red, t
            yield frame_HWC


@dataclass(frozen=True)
class MadeMasks:
    ids_THW: UInt8Array

    def read(self, t: int) -> IdMap:
        return IdMap(self.ids_THW[t])


def two_boxes(count: int = FRAMES) -> UInt8Array:
    """A still box (object 1) and a moving one (object 2)."""
    ids_THW = np.zeros((count, HEIGHT, WIDTH), np.uint8)
    ids_THW[:, 2:10, 3:12] = 1
    for t in range(count):
        left = 10 + 2 * (t % FRAMES)
        ids_THW[t, 12:20, left : left + 8] = 2
    return ids_THW


def ask(
    text: str,
    object_ids: tuple[int, ...],
    annotation_set: str = "",
    sequence: str = "video",
    red: int = 1,
    ids_THW: UInt8Array | None = None,
    scored: Sequence[int] | None = None,
) -> BenchmarkExpression:
    ids_THW = two_boxes() if ids_THW is None else ids_THW
    return BenchmarkExpression(
        sequence=sequence,
        expression_id=f"{annotation_set}-{text}",
        text=text,
        object_ids=object_ids,
        annotation_set=annotation_set,
        frames=MadeFrames(red, len(ids_THW)),
        masks=MadeMasks(ids_THW),
        scored=tuple(range(len(ids_THW)) if scored is None else scored),
    )


@dataclass
class Scripted:
    """Answers by (video's red value, sentence) -> probability_THW, in windows of three frames."""

    answers: dict[tuple[int, str], np.ndarray]
    window: int = 3
    presence: float = 1.0
    asked: list[list[str]] = field(default_factory=list)
    given: list[FirstMasks | None] = field(default_factory=list)
    seen: list[list[int]] = field(default_factory=list)

    def stream(
        self,
        video: Iterable[UInt8Array],
        sentences: Sequence[str],
        first_masks: FirstMasks | None = None,
    ) -> Iterator[Prediction]:
        self.asked.append(list(sentences))
        self.given.append(first_masks)
        self.seen.append([])
        window: list[UInt8Array] = []
        first = 0
        for frame in video:
            self.seen[-1].append(int(frame[0, 0, 1]))
            window.append(frame)
            if len(window) == self.window:
                yield self._predict(window, sentences, first)
                first += len(window)
                window = []
        if window:
            yield self._predict(window, sentences, first)

    def _predict(
        self, window: list[UInt8Array], sentences: Sequence[str], first: int
    ) -> Prediction:
        red = int(window[0][0, 0, 0])
        times = [int(frame[0, 0, 1]) for frame in window]
        probability_ETHW = np.stack([self.answers[red, text][times] for text in sentences])
        return Prediction(
            sentences=list(sentences),
            probability_ETHW=probability_ETHW.astype(np.float16),
            presence_ET=np.full((len(sentences), len(window)), self.presence, np.float32),
            first_frame=first,
        )
