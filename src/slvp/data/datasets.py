"""Which batches a run sees.

Batch ``k`` of a run is a function of the seed and ``k``, the same on every machine and after every
restart, so that a resumed run sees exactly the batches that it has not seen. Each clip of a batch
has a seed of its own, so that processes that share a batch make together what one would make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from slvp.errors import UserError
from slvp.types import Batch, Sample, Skipped

_SOURCES = 1  # sets these draws apart from those of a step


@dataclass(frozen=True)
class Draw:
    """All that a source needs to make one clip of a batch.

    Attributes:
        seed: of every chance in it.
        form: which of the source's forms (frame size and length of clips) it has; one for all
            clips of a batch.
        item: which of the source's samples it is cut from, where the source counts them.
    """

    seed: int
    form: int = 0
    item: int = 0


class BatchSource(Protocol):
    """Plans a whole batch, cheaply, and makes the clips of any part of it."""

    @property
    def smallest(self) -> int:
        """Clips of the smallest batch."""
        ...

    def plan(self, rng: np.random.Generator, turn: int) -> list[Draw]:
        """Draw a batch; nothing is read.

        Args:
            rng: the step's.
            turn: how many batches of the run came from this source before. A source that goes
                through its samples in order finds its place by it.
        """
        ...

    def make(self, draws: Sequence[Draw]) -> Batch:
        """Make the clips of some draws of one batch, each by its own seed and nothing else.

        Returns:
            At least one clip. Fewer than draws where some can't be used: ``skipped`` tells them.

        Raises:
            UserError: what all clips need is unusable.
        """
        ...


@dataclass(frozen=True)
class Part:
    """The share of process ``rank`` of ``of`` in every batch: draws rank, rank + of, ..."""

    rank: int = 0
    of: int = 1


WHOLE = Part()


class StepBatches(Dataset[Batch | UserError]):
    """Batch k is drawn from one of the sources by a generator seeded with (seed, k).

    An unreadable picture is returned as its error: raised in a loader's worker, it would reach the
    user inside a traceback.

    Args:
        sources: where batches come from.
        shares: how often each is drawn; any positive numbers.
        seed: of the whole run.
        steps: number of batches. The first ones of a longer run are the same.
        part: which clips of each batch are made here.

    Raises:
        UserError: there are more processes than clips in the smallest batch.
    """

    def __init__(
        self,
        sources: Sequence[BatchSource],
        shares: Sequence[float],
        seed: int,
        steps: int,
        part: Part = WHOLE,
    ) -> None:
        smallest = min(source.smallest for source in sources)
        if smallest < part.of:
            raise UserError(
                f"a batch of {smallest} clips can't be shared by {part.of} processes; expected at "
                "least one clip for each: start fewer processes, or train by a recipe with larger "
                "batches"
            )
        self.sources = list(sources)
        self.seed = seed
        self.part = part
        rng = np.random.default_rng([seed, 0, _SOURCES])
        portions = np.array(shares) / sum(shares)
        self._source_of_step = rng.choice(len(sources), size=steps, p=portions).astype(np.int16)
        self._turn_of_step = np.zeros(steps, np.int64)
        for number in range(len(sources)):
            own = self._source_of_step == number
            self._turn_of_step[own] = np.arange(own.sum())

    def __len__(self) -> int:
        return len(self._source_of_step)

    def first_of_each(self) -> list[int]:
        """Return the first batch of each source that has any."""
        return np.sort(np.unique(self._source_of_step, return_index=True)[1]).tolist()

    def __getitem__(self, step: int) -> Batch | UserError:
        return self._make(step, slice(self.part.rank, None, self.part.of))

    def beginning(self, step: int, clips: int) -> Batch | UserError:
        """Make the first few clips of a batch, whichever part of it is made here otherwise."""
        return self._make(step, slice(clips))

    def _make(self, step: int, chosen: slice) -> Batch | UserError:
        source = self.sources[self._source_of_step[step]]
        rng = np.random.default_rng([self.seed, step])
        draws = source.plan(rng, int(self._turn_of_step[step]))
        try:
            return source.make(draws[chosen])
        except UserError as error:
            return error


def draw_seeds(rng: np.random.Generator, count: int) -> list[int]:
    """Draw seeds for the clips of a batch."""
    return [int(seed) for seed in rng.integers(2**63, size=count)]


def collate(samples: Sequence[Sample], skipped: Sequence[Skipped] = ()) -> Batch:
    """Stack samples of equal size; their sentences go into one list."""

    def stack(name: str) -> torch.Tensor | None:
        tensors = [getattr(sample, name) for sample in samples]
        return None if tensors[0] is None else torch.stack(tensors)

    def join(name: str) -> torch.Tensor | None:
        tensors = [getattr(sample, name) for sample in samples]
        return None if tensors[0] is None else torch.cat(tensors)

    return Batch(
        frames_BTCHW=torch.stack([sample.frames_TCHW for sample in samples]),
        sentences=[text for sample in samples for text in sample.sentences],
        clip_of_E=torch.tensor(
            [clip for clip, sample in enumerate(samples) for _ in sample.sentences]
        ),
        masks_ETHW=join("masks_ETHW"),
        flow_BT2HW=stack("flow_T2HW"),
        valid_BTHW=stack("valid_THW"),
        trust_ETHW=join("trust_ETHW"),
        boxes_ETHW=join("boxes_ETHW"),
        names=tuple(sample.name for sample in samples),
        skipped=tuple(skipped),
        others=[text for sample in samples for text in sample.others],
    )


def seed_worker(_: int) -> None:
    """Keep a loader's worker to one thread: the training step needs the other cores."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
