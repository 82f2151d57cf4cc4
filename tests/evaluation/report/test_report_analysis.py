from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slvp.evaluation.report import analysis
from slvp.evaluation.report.analysis import Bin
from slvp.evaluation.scores import Example, ExpressionScore

MakesScore = Callable[..., ExpressionScore]

shares = st.floats(0, 1)
EXAMPLE = Example("00000", {"size": [1, 1], "counts": "1"})


def check_bins(bins: Sequence[Bin], values: Sequence[float]) -> None:
    """Nothing is lost or made up."""
    assert sum(one.count for one in bins) == len(values)
    assert all(one.count > 0 for one in bins)
    whole = sum(one.count * one.mean for one in bins)
    assert whole == pytest.approx(sum(values))
    for one in bins:
        assert min(values) <= one.low <= one.high <= max(values)


@given(values=st.lists(shares, min_size=1), bins=st.integers(1, 30))
def test_histogram_counts_every_value_once(values: list[float], bins: int) -> None:
    counts = analysis.histogram(values, bins)
    assert counts.sum() == len(values)
    assert len(counts) == bins


def test_histogram_puts_values_where_they_belong() -> None:
    assert analysis.histogram([0.0, 0.05, 0.51, 1.0], 10).tolist() == [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]


@given(
    curves=st.lists(st.lists(st.tuples(shares, shares), min_size=1), min_size=1),
    bins=st.integers(1, 20),
)
def test_over_time_every_curve_counts_once_in_each_of_its_parts(
    curves: list[list[tuple[float, float]]], bins: int
) -> None:
    moments = analysis.over_time([tuple(np.array(curve).T) for curve in curves], bins)
    parts = Counter(
        part
        for curve in curves
        for part in {min(int(position * bins), bins - 1) for position, _ in curve}
    )
    assert {round(one.position * bins - 0.5): one.count for one in moments} == parts
    assert [one.position for one in moments] == sorted(one.position for one in moments)
    values = [value for curve in curves for _, value in curve]
    assert all(min(values) - 1e-9 <= one.mean <= max(values) + 1e-9 for one in moments)


def test_over_time_finds_a_score_that_falls() -> None:
    positions = np.linspace(0, 1, 101)
    moments = analysis.over_time([(positions, 1 - positions), (positions, 0 * positions)], 4)
    assert [one.mean for one in moments] == pytest.approx([0.44, 0.315, 0.19, 0.0625])
    assert moments[0].low == pytest.approx(0.22)
    assert moments[0].label == "0 to 25 %"


@given(values=st.lists(shares, min_size=1))
def test_fewer_frames_are_above_a_higher_threshold(values: list[float]) -> None:
    moments = analysis.above_thresholds(np.array(values))
    means = [one.mean for one in moments]
    assert means == sorted(means, reverse=True)
    assert means[-1] == 0.0
    assert means[0] == pytest.approx(np.mean(np.array(values) > 0))
    assert means[10] == pytest.approx(np.mean(np.array(values) > 0.5))


@given(found=st.lists(st.tuples(shares, st.integers(0, 1000)), min_size=1))
@settings(deadline=None)
def test_by_size_no_expression_is_lost(
    score_of: MakesScore, found: list[tuple[float, int]]
) -> None:
    scores = [score_of("v", j=[j], truth=[truth], frame_pixels=1000) for j, truth in found]
    check_bins(analysis.by_object_size(scores), [j for j, _ in found])


def test_size_is_that_of_the_frames_where_the_object_is_seen(score_of: MakesScore) -> None:
    def label(*truth: int) -> str:
        (one,) = analysis.by_object_size([score_of("v", j=[0.5] * len(truth), truth=truth)])
        return one.label

    assert label(0, 0) == "none"
    assert label(0, 60) == "5–10"  # noqa: RUF001
    assert label(4) == "0–0.5"  # noqa: RUF001
    assert label(5) == "0.5–1"  # noqa: RUF001
    assert label(1000) == "40+"
    found = analysis.by_object_size(
        [score_of("v", j=[j], truth=[truth]) for j, truth in ((0.2, 900), (0.4, 900), (1.0, 0))]
    )
    assert [(one.label, one.count, round(one.mean, 9)) for one in found] == [
        ("none", 1, 1.0),
        ("40+", 2, 0.3),
    ]


@given(found=st.lists(st.tuples(shares, st.integers(1, 30)), min_size=1))
@settings(deadline=None)
def test_by_length_no_sentence_is_lost(
    score_of: MakesScore, found: list[tuple[float, int]]
) -> None:
    scores = [score_of("v", j=[j], text="  word" * count) for j, count in found]
    nameless = score_of("v", "", j=[0.5], text="")
    check_bins(analysis.by_length([*scores, nameless]), [j for j, _ in found])


def test_length_is_the_number_of_words(score_of: MakesScore) -> None:
    def label(words: int) -> str:
        (one,) = analysis.by_length([score_of("v", j=[0.5], text="a " * words)])
        return one.label.replace("\N{EN DASH}", " ")

    assert [label(words) for words in (1, 2, 3, 6, 7, 14, 15, 99)] == [
        *("1 2", "1 2", "3 4", "5 6", "7 9", "10 14", "15+", "15+")
    ]


@given(
    found=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), shares), min_size=1),
    count=st.integers(1, 6),
)
@settings(deadline=None)
def test_cases_are_varied_and_in_order(
    score_of: MakesScore, found: list[tuple[int, int, float]], count: int
) -> None:
    scores = [
        replace(score_of(f"v{v}", str(i), j=[j], object_ids=(k,)), examples=(EXAMPLE,))
        for i, (v, k, j) in enumerate(found)
    ]
    hidden = score_of("v0", "hidden", j=[1.0])
    cases = analysis.choose_cases([*scores, hidden], count)
    kinds = (cases.best, cases.middle, cases.worst)
    chosen = [one.key for kind in kinds for one in kind]
    assert len(set(chosen)) == len(chosen)
    assert hidden.key not in chosen
    for kind in kinds:
        assert len(kind) <= count
        assert max(Counter(one.sequence for one in kind).values(), default=0) <= 2
        assert len({(one.sequence, one.object_ids) for one in kind}) == len(kind)
    best, worst = ([analysis.score_of(one) for one in kind] for kind in (cases.best, cases.worst))
    assert best == sorted(best, reverse=True)
    assert worst == sorted(worst)
    assert best[0] == max(j for _, _, j in found)
    if worst:
        assert worst[0] == min(j for _, _, j in found)
        assert best[-1] >= worst[-1]


def test_middling_cases_lie_around_the_median(score_of: MakesScore) -> None:
    scores = [
        replace(score_of(f"v{i}", j=[i / 100]), examples=(EXAMPLE,)) for i in range(0, 101, 10)
    ]
    cases = analysis.choose_cases(scores, 3)
    assert [one.sequence for one in cases.best] == ["v100", "v90", "v80"]
    assert [one.sequence for one in cases.middle] == ["v60", "v50", "v40"]
    assert [one.sequence for one in cases.worst] == ["v0", "v10", "v20"]


def test_cases_are_ranked_by_j_and_f(score_of: MakesScore) -> None:
    assert analysis.score_of(score_of("v", j=[1.0, 0.5], f=[0.25, 0.25])) == 0.5
    assert analysis.score_of(score_of("v", j=[1.0, 0.5])) == 0.75
