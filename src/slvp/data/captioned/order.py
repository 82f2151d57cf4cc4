"""In which order samples are seen: shuffled, each once an epoch, and any place found at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slvp.data.captioned.records import Int64Array
from slvp.data.datasets import Draw, draw_seeds


class EpochOrder:
    """Endless epochs of a seeded shuffle, of which nothing has to be remembered.

    Each epoch shuffles the shards, then the samples within groups of neighbouring shards, so that
    what is read at one time lies in few of them.

    Args:
        counts: samples of each shard; they are numbered through all shards.
        seed: of the shuffles.
        group: shards that are shuffled into each other.
    """

    def __init__(self, counts: Int64Array, seed: int, group: int) -> None:
        self._counts = counts
        self._total = int(counts.sum())
        self._seed = seed
        self._group = group
        self._latest = (-1, -1), counts  # the group that was shuffled last, and its samples

    def take(self, place: int, count: int) -> list[int]:
        """Return the numbers of ``count`` samples from a place in the endless row of epochs."""
        numbers: list[int] = []
        while len(numbers) < count:
            epoch, within = divmod(place + len(numbers), self._total)
            samples, at = self._find(epoch, within)
            numbers += samples[at : at + count - len(numbers)].tolist()
        return numbers

    def _find(self, epoch: int, within: int) -> tuple[Int64Array, int]:
        """Return the group of shards that a place of an epoch is in, and where in it."""
        shards = np.random.default_rng([self._seed, epoch]).permutation(len(self._counts))
        begins = np.cumsum(self._counts[shards])[self._group - 1 :: self._group]
        begins = np.concatenate([[0], begins])
        group = int(np.searchsorted(begins, within, side="right")) - 1
        if self._latest[0] != (epoch, group):
            members = shards[group * self._group : (group + 1) * self._group]
            firsts = np.cumsum(self._counts) - self._counts
            samples = np.concatenate([firsts[m] + np.arange(self._counts[m]) for m in members])
            # One more than the group: NumPy takes seeds that differ in zeros at the end for equal.
            np.random.default_rng([self._seed, epoch, group + 1]).shuffle(samples)
            self._latest = (epoch, group), samples
        return self._latest[1], within - int(begins[group])


def plan_in_turn(
    rng: np.random.Generator, turn: int, sizes: Sequence[int], order: EpochOrder, seed: int
) -> list[Draw]:
    """Plan a batch of a source that goes through its samples in order, in one form after another.

    Each form has one of every ``len(sizes)`` batches, in random order; so the place of a batch in
    the row of samples is known without those before it.

    Args:
        rng: the step's.
        turn: batches of the source before this one.
        sizes: clips of a batch of each form.
        order: of the samples.
        seed: of the order of forms.
    """
    cycle, within = divmod(turn, len(sizes))
    forms = np.random.default_rng([seed, cycle]).permutation(len(sizes)).tolist()
    place = cycle * sum(sizes) + sum(sizes[form] for form in forms[:within])
    form = forms[within]
    items = order.take(place, sizes[form])
    seeds = draw_seeds(rng, len(items))
    return [Draw(seed, form, item) for seed, item in zip(seeds, items, strict=True)]
