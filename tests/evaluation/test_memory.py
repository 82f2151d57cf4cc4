import tracemalloc
from pathlib import Path

import numpy as np
from made_up import MadeMasks, ask, two_boxes

from slvp.evaluation.answers import Candidate, MaskAnswer
from slvp.evaluation.evaluate import score_sequence
from slvp.evaluation.protocols import PER_EXPRESSION
from slvp.evaluation.store import ScoreStore


class Shifted:
    """Predictions: each object's own mask, moved by a pixel."""

    def answers(self, group):
        for t in group[0].scored:
            masks = (one.masks.read(t).mask(one.object_ids) for one in group)
            yield MaskAnswer(t, tuple((Candidate(np.roll(mask, 1, 1)),) for mask in masks))


def peak(sequences: int, folder: Path) -> int:
    """Return the most bytes at a time that scoring so many sequences takes."""
    folder.mkdir()
    store = ScoreStore(folder)
    ids_THW = np.kron(two_boxes(20), np.ones((1, 8, 8), np.uint8))
    tracemalloc.start()
    for number in range(sequences):
        group = [ask("x", (1,), sequence=f"{number}", ids_THW=ids_THW)]
        assert isinstance(group[0].masks, MadeMasks)
        store.add(score_sequence(Shifted(), group, PER_EXPRESSION))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_scoring_takes_no_more_memory_for_more_sequences(tmp_path: Path) -> None:
    peak(1, tmp_path / "warm")
    few, many = peak(2, tmp_path / "few"), peak(20, tmp_path / "many")
    # Kept masks would make it eighty times as much; allow for what Python itself caches.
    assert many < 1.5 * few
