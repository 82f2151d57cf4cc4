from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from slvp.training.objectives import Term
from slvp.training.processes import Processes
from slvp.training.validation import validate
from slvp.types import Batch


class Batches:
    """Batches of 1, 2, 3, ... clips."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        clips = index + 1
        return Batch(
            torch.full((clips, 1, 3, 2, 2), float(index)), ["a"] * clips, torch.arange(clips)
        )


class Scores:
    """Scores every clip with the number of its batch."""

    def __init__(self):
        self.asked = []
        self.clips = []

    def score(self, model, batch):
        assert not model.training
        assert not torch.is_grad_enabled()
        number, clips = float(batch.frames_BTCHW.flatten()[0]), len(batch.frames_BTCHW)
        self.asked.append(int(number))
        self.clips.append(clips)
        return {"number": Term(number * clips, clips), "nothing": Term(0.0, 0.0)}


@dataclass(frozen=True)
class Both:
    """Two processes, one after the other."""

    rank: int = 0
    of: int = 2
    device: str = "cpu"
    others: tuple = ()

    def gather(self, thing):
        """Answer for the other one, which has a single clip."""
        return [thing, 1] if isinstance(thing, int) else [*self.others, thing]


def test_clips_count_alike_in_whatever_batch_they_are():
    figures = validate(Scores(), nn.Dropout(), Batches(3), Processes.start("no", "none"), 0)
    assert figures == {"number": pytest.approx((0 + 2 * 1 + 3 * 2) / 6), "nothing": 0.0}


@pytest.mark.parametrize("count", [1, 2, 5])
def test_processes_score_each_batch_once_and_ask_the_model_as_often(count):
    caught = []
    first, second = Scores(), Scores()

    class Catch(Both):
        def gather(self, thing):
            if isinstance(thing, dict):
                caught.append(thing)
            return super().gather(thing)

    validate(first, nn.Dropout(), Batches(count), Catch(rank=0), 0, accumulate=2)
    both = replace(Both(rank=1), others=tuple(caught))
    figures = validate(second, nn.Dropout(), Batches(count), both, 0, accumulate=2)
    assert len(first.asked) == len(second.asked)
    assert set(first.asked) | set(second.asked) == set(range(count))
    alone = validate(Scores(), nn.Dropout(), Batches(count), Processes.start("no", "none"), 0)
    assert figures == alone


def test_batches_are_scored_in_parts_with_the_same_result():
    alone = Processes.start("no", "none")
    whole, in_parts = Scores(), Scores()
    figures = validate(whole, nn.Dropout(), Batches(5), alone, 0)
    assert validate(in_parts, nn.Dropout(), Batches(5), alone, 0, accumulate=2) == figures
    assert whole.clips == [1, 2, 3, 4, 5]
    assert in_parts.clips == [1, 1, 1, 2, 1, 2, 2, 2, 3]
