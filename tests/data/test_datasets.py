from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Subset

from slvp.data.datasets import WHOLE, Draw, Part, StepBatches, collate, draw_seeds, seed_worker
from slvp.errors import UserError
from slvp.types import Sample, Skipped


@dataclass
class Numbers:
    """Clips whose one pixel is drawn from their seed, named after their place in the run."""

    label: str
    clips: int

    @property
    def smallest(self):
        return self.clips

    def plan(self, rng, turn):
        return [
            Draw(seed, item=turn * self.clips + n)
            for n, seed in enumerate(draw_seeds(rng, self.clips))
        ]

    def make(self, draws):
        return collate(
            [
                Sample(
                    torch.full((1, 3, 1, 1), np.random.default_rng(draw.seed).random()),
                    [f"{self.label} {draw.item}"],
                    name=f"{self.label}{draw.item}",
                )
                for draw in draws
            ]
        )


def two_sources(seed, steps, part=WHOLE):
    return StepBatches([Numbers("a", 5), Numbers("b", 7)], [3, 1], seed, steps, part)


def same(one, other):
    assert one.names == other.names
    assert one.sentences == other.sentences
    assert torch.equal(one.frames_BTCHW, other.frames_BTCHW)


@given(seed=st.integers(0, 2**31), steps=st.integers(1, 30), of=st.integers(1, 5))
def test_processes_make_together_what_one_would_make(seed, steps, of):
    whole = two_sources(seed, steps)
    parts = [two_sources(seed, steps, Part(rank, of)) for rank in range(of)]
    for step in range(steps):
        expected, shares = whole[step], [part[step] for part in parts]
        for rank, share in enumerate(shares):
            assert share.names == expected.names[rank::of]
            assert share.sentences == expected.sentences[rank::of]
            assert torch.equal(share.frames_BTCHW, expected.frames_BTCHW[rank::of])


@given(seed=st.integers(0, 2**31), steps=st.integers(2, 30), data=st.data())
def test_a_batch_is_a_function_of_seed_and_step(seed, steps, data):
    step = data.draw(st.integers(0, steps - 1))
    batches = two_sources(seed, steps)
    _ = batches[0]  # what was drawn before must not matter
    same(batches[step], two_sources(seed, steps)[step])
    same(batches[step], two_sources(seed, steps + 9)[step])  # nor how long the run is
    assert not torch.equal(batches[0].frames_BTCHW[:5], batches[1].frames_BTCHW[:5])
    assert not torch.equal(batches[0].frames_BTCHW, two_sources(seed + 1, 1)[0].frames_BTCHW)


def test_a_source_hears_how_often_it_was_asked():
    names = [
        name for batch in map(two_sources(4, 40).__getitem__, range(40)) for name in batch.names
    ]
    for label in "ab":
        own = [name for name in names if name.startswith(label)]
        assert own == [f"{label}{n}" for n in range(len(own))]


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_and_restarts_change_nothing(workers):
    loader = DataLoader(
        Subset(two_sources(1, 12), range(5, 12)),
        batch_size=None,
        num_workers=workers,
        worker_init_fn=seed_worker,
    )
    whole = two_sources(1, 12)
    for step, batch in enumerate(loader, start=5):
        same(batch, whole[step])


def test_sources_come_in_their_shares():
    batches = two_sources(0, 400)
    drawn = [batches[step].names[0][0] for step in range(400)]
    assert 0.68 < drawn.count("a") / 400 < 0.82


def test_the_first_batch_of_each_source():
    batches = two_sources(0, 60)
    names = [batches[step].names[0][0] for step in range(60)]
    firsts = batches.first_of_each()
    assert firsts == sorted((names.index("a"), names.index("b")))
    assert two_sources(0, 1).first_of_each() == [0]


def test_more_processes_than_clips():
    with pytest.raises(UserError, match="batch of 5 clips can't be shared by 6 processes"):
        two_sources(0, 1, Part(0, 6))


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_of_the_user_comes_out_of_a_worker_as_a_value(workers):
    class Unreadable(Numbers):
        def make(self, draws):
            raise UserError("a.png: unreadable")

    batches = StepBatches([Unreadable("a", 2)], [1.0], 0, steps=1)
    (got,) = DataLoader(batches, batch_size=None, num_workers=workers)
    assert isinstance(got, UserError)
    assert str(got) == "a.png: unreadable"


def test_collate_keeps_sentences_with_their_clips():
    samples = [
        Sample(
            torch.full((1, 3, 8, 8), float(k)),
            [f"{k}{i}" for i in range(k)],
            torch.full((k, 1, 8, 8), float(k)),
            name=f"clip {k}",
        )
        for k in (1, 2)
    ]
    batch = collate(samples, [Skipped("clip 3", "broken")])
    assert batch.sentences == ["10", "20", "21"]
    assert batch.clip_of_E.tolist() == [0, 1, 1]
    assert batch.masks_ETHW[:, 0, 0, 0].tolist() == [1, 2, 2]
    assert batch.flow_BT2HW is None
    assert batch.names == ("clip 1", "clip 2")
    assert batch.to("cpu").skipped == (Skipped("clip 3", "broken"),)


def test_the_beginning_of_a_batch_is_that_of_the_whole_in_every_part():
    whole = StepBatches([Numbers("a", 5)], [1], 0, 3)
    part = StepBatches([Numbers("a", 5)], [1], 0, 3, Part(1, 2))
    for step in range(3):
        few = part.beginning(step, 2)
        assert few.sentences == whole[step].sentences[:2]
        assert (few.frames_BTCHW == whole[step].frames_BTCHW[:2]).all()
