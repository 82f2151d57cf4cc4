import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slvp.errors import UserError
from slvp.training import stream
from slvp.training.stream import Seen, Stream, Times, checked
from slvp.types import Batch, Skipped


def batch(*names, skipped=()):
    return Batch(
        frames_BTCHW=torch.zeros(len(names), 1, 3, 8, 8),
        sentences=list(names),
        clip_of_E=torch.arange(len(names)),
        names=names,
        skipped=skipped,
    )


@given(st.lists(st.text(), min_size=2, max_size=8), st.data())
def test_what_processes_saw_together_is_what_one_would_have_seen(names, data):
    one = data.draw(st.permutations(names))
    cut = data.draw(st.integers(1, len(names) - 1))
    skipped = Skipped("other.mp4", "broken", "empty")
    parts = [Seen.of(batch(*one[:cut])), Seen.of(batch(*one[cut:], skipped=(skipped,)))]
    together = Seen.together(parts)
    whole = Seen.of(batch(*names, skipped=(skipped,)))
    assert together == whole
    assert Seen.of(batch(*names, "one more")).digest != whole.digest


def test_an_error_is_raised_when_its_turn_comes():
    batches = checked([batch("a"), UserError("b.mp4: can't be read")])
    assert next(batches).names == ("a",)
    with pytest.raises(UserError, match=r"b\.mp4"):
        next(batches)


class SlowBatches:
    """Batches that take their time."""

    def __init__(self, wait):
        self.wait = wait

    def __len__(self):
        return 5

    def __getitem__(self, step):
        self.wait()
        return batch(str(step))


def test_the_loaders_share_is_what_a_step_waits_for(monkeypatch):
    now = [0.0]

    def take(seconds):
        now[0] += seconds

    monkeypatch.setattr(stream.time, "perf_counter", lambda: now[0])
    batches = Stream(SlowBatches(lambda: take(1.0)), range(1, 5), 0)
    names = []
    for one in batches:
        names += one.names
        take(3.0)
    assert names == ["1", "2", "3", "4"]
    # The first one waits for the workers to start.
    assert batches.times == Times(steps=3, waiting=3.0, working=9.0)
    assert batches.times.loader_share == 0.25


def test_times_add_up():
    early, late = Times(2, 1.0, 3.0), Times(3, 2.0, 4.0)
    assert (late - early) + early == late
    assert early.loader_share == 0.25
    assert early.steps_per_second == 0.5
    assert Times().loader_share == 0
