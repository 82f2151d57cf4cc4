"""Batches on their way to the training step, and how long it waits for them."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from torch.utils.data import DataLoader, Subset

from slvp.data.datasets import StepBatches, seed_worker
from slvp.errors import UserError
from slvp.types import Batch, Skipped


@dataclass(frozen=True)
class Seen:
    """What one process, or all together, saw in a step.

    Attributes:
        clips: how many.
        digest: of their names, whatever their order.
        skipped: samples that should have been there, too.
    """

    clips: int
    digest: int
    skipped: tuple[Skipped, ...]

    @classmethod
    def of(cls, batch: Batch) -> Seen:
        """Look a batch over."""
        digest = sum(zlib.crc32(name.encode()) for name in batch.names)
        return cls(len(batch.frames_BTCHW), digest % 2**32, batch.skipped)

    @classmethod
    def together(cls, parts: Sequence[Seen]) -> Seen:
        """Join what the processes saw."""
        return cls(
            sum(part.clips for part in parts),
            sum(part.digest for part in parts) % 2**32,
            tuple(one for part in parts for one in part.skipped),
        )


@dataclass(frozen=True)
class Times:
    """Seconds that steps took.

    Attributes:
        steps: how many steps.
        waiting: seconds until their batches were there.
        working: seconds of the rest.
    """

    steps: int = 0
    waiting: float = 0.0
    working: float = 0.0

    @property
    def loader_share(self) -> float:
        """Share of the time that went into waiting."""
        return self.waiting / max(1e-9, self.waiting + self.working)

    @property
    def steps_per_second(self) -> float:
        """Steps by the time they took."""
        return self.steps / max(1e-9, self.waiting + self.working)

    def __add__(self, other: Times) -> Times:
        return Times(
            self.steps + other.steps, self.waiting + other.waiting, self.working + other.working
        )

    def __sub__(self, other: Times) -> Times:
        return Times(
            self.steps - other.steps, self.waiting - other.waiting, self.working - other.working
        )


class Stream:
    """Training batches of some steps of a run, made by other processes meanwhile.

    Args:
        batches: of the run.
        steps: whose batches are taken.
        workers: processes that make them; 0 makes them here, when they are asked for.
        before: times of steps that came earlier.

    Attributes:
        times: of the steps that are over. The first one counts in none of them: it waits for the
            workers to start.
    """

    def __init__(
        self, batches: StepBatches, steps: range, workers: int, before: Times | None = None
    ) -> None:
        self._loader = loader(batches, steps, workers)
        self.times = before or Times()

    def __iter__(self) -> Iterator[Batch]:
        """Yield each batch; a step is what is done until the next is asked for.

        Raises:
            UserError: what the batches are made of can't be read.
        """
        asked = time.perf_counter()
        for number, batch in enumerate(checked(self._loader)):
            given = time.perf_counter()
            yield batch
            done = time.perf_counter()
            if number:
                self.times += Times(1, given - asked, done - given)
            asked = done


def loader(
    batches: StepBatches, chosen: Sequence[int], workers: int
) -> DataLoader[Batch | UserError]:
    """Make some of the batches, in order, in other processes."""
    return DataLoader(
        Subset(batches, chosen),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=seed_worker,
    )


def checked(batches: Iterable[Batch | UserError]) -> Iterator[Batch]:
    """Raise the errors among batches when their turn comes."""
    for batch in batches:
        if isinstance(batch, UserError):
            raise batch
        yield batch
