from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.captioned.order import EpochOrder

COUNTS = st.lists(st.integers(0, 12), min_size=1, max_size=9).filter(sum)


def order(counts: list[int], seed: int = 0, group: int = 2) -> EpochOrder:
    return EpochOrder(np.array(counts), seed, group)


@given(counts=COUNTS, seed=st.integers(0, 2**31), group=st.integers(1, 4), data=st.data())
def test_an_epoch_has_each_sample_once(
    counts: list[int], seed: int, group: int, data: st.DataObject
) -> None:
    total = sum(counts)
    epoch = data.draw(st.integers(0, 5))
    taken = order(counts, seed, group).take(epoch * total, total)
    assert sorted(taken) == list(range(total))


@given(counts=COUNTS, place=st.integers(0, 200), pieces=st.lists(st.integers(1, 9), min_size=1))
def test_any_place_is_found_from_any_other(
    counts: list[int], place: int, pieces: list[int]
) -> None:
    row, one = order(counts), order(counts)
    whole = row.take(place, sum(pieces))
    ends = np.cumsum([0, *pieces])
    for n in reversed(range(len(pieces))):  # not in the order that a cache would like
        assert one.take(place + int(ends[n]), pieces[n]) == whole[ends[n] : ends[n + 1]]


def test_reading_stays_in_a_group_of_shards() -> None:
    counts = [50] * 12
    taken = order(counts, group=3).take(0, 600)
    for group in range(4):
        shards = {number // 50 for number in taken[150 * group : 150 * (group + 1)]}
        assert len(shards) == 3
    firsts = [number // 50 for number in taken[:30]]
    assert len(set(firsts)) == 3  # and all of the group's shards are mixed


def test_epochs_and_seeds_differ() -> None:
    one = order([40, 40])
    assert one.take(0, 80) != one.take(80, 80)
    assert one.take(0, 80) != order([40, 40], seed=1).take(0, 80)
    shards = [order([1] * 50, seed, group=1).take(0, 50) for seed in range(2)]
    assert shards[0] != shards[1] != list(range(50))
