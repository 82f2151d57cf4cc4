import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.segmenter.viterbi import Viterbi


@st.composite
def _problems(draw):
    """Costs of states and moves of a few frames; whole numbers tie often."""
    states = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    number = st.integers(0, 3) if draw(st.booleans()) else st.floats(0, 10, width=16)

    def costs(*shape):
        size = int(np.prod(shape))
        return np.array(draw(st.lists(number, min_size=size, max_size=size)), float).reshape(shape)

    return [costs(n) for n in states], [costs(m, n) for m, n in itertools.pairwise(states)]


def _cost(path, costs, moves):
    stays = sum(cost_N[state] for cost_N, state in zip(costs, path, strict=False))
    return stays + sum(
        move_MN[a, b] for move_MN, (a, b) in zip(moves, itertools.pairwise(path), strict=False)
    )


def _solved(costs, moves, lag):
    viterbi = Viterbi(lag)
    decided = [
        viterbi.add(cost_N, move) for cost_N, move in zip(costs, [None, *moves], strict=True)
    ]
    return [state for state in decided if state is not None], viterbi.finish()


@given(_problems())
def test_the_path_is_as_cheap_as_the_cheapest_of_all(problem) -> None:
    costs, moves = problem
    early, path = _solved(costs, moves, lag=len(costs))
    assert not early and len(path) == len(costs)
    cheapest = min(
        _cost(one, costs, moves) for one in itertools.product(*(range(len(c)) for c in costs))
    )
    assert _cost(path, costs, moves) == pytest.approx(cheapest)


@given(_problems(), st.integers(0, 5))
def test_each_decision_is_the_best_that_agrees_with_those_before(problem, lag) -> None:
    costs, moves = problem
    early, late = _solved(costs, moves, lag)
    path = early + late
    assert len(path) == len(costs) and len(early) == max(0, len(costs) - lag)
    for t in range(len(path)):
        seen = min(t + lag + 1, len(costs))  # frames that were there when t was decided
        agreeing = [
            one
            for one in itertools.product(*(range(len(c)) for c in costs[:seen]))
            if list(one[:t]) == path[:t]
        ]
        cheapest = min(_cost(one, costs, moves) for one in agreeing)
        through = min(_cost(one, costs, moves) for one in agreeing if one[t] == path[t])
        assert through == pytest.approx(cheapest)


def test_a_frame_is_decided_when_as_many_as_the_lag_have_come_after_it() -> None:
    viterbi, stay = Viterbi(lag=2), 1 - np.eye(2)
    one, other = np.array([0.0, 0.9]), np.array([0.9, 0.0])
    assert viterbi.add(one) is None
    assert viterbi.add(other, stay) is None
    assert viterbi.add(one, stay) == 0
    assert viterbi.finish() == [0, 0]  # one dear frame in between isn't worth two moves


def test_a_decision_leaves_all_paths_on_from_it() -> None:
    """The second frame's second state is best reached from a state that isn't chosen."""
    viterbi = Viterbi(lag=1)
    assert viterbi.add(np.zeros(2)) is None
    assert viterbi.add(np.array([0.0, 0.1]), np.array([[0.0, 0.2], [0.1, 0.0]])) == 0
    assert viterbi.add(np.zeros(1), np.array([[5.0], [0.0]])) == 1
