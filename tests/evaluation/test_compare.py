from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slvp.errors import UserError
from slvp.evaluation.card import ResultCard, make_card
from slvp.evaluation.compare import bootstrap_interval, compare, format_comparison
from slvp.evaluation.protocols import DETECTION, PER_EXPRESSION, Protocol
from slvp.evaluation.scores import ExpressionScore

MakesScore = Callable[..., ExpressionScore]


def card_of(
    scores: Sequence[ExpressionScore], protocol: Protocol = PER_EXPRESSION, split: str = "valid_u"
) -> ResultCard:
    return make_card(
        protocol.summarise(scores),
        scores,
        protocol,
        benchmark="mevis",
        split=split,
        data=Path("/data"),
        predictions="/p.zip",
        seconds=1.0,
        frames=1,
        command="slvp score",
    )


@st.composite
def two_results(draw: st.DrawFn, score_of: MakesScore) -> tuple[ResultCard, ResultCard]:
    share = st.floats(0, 1)
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    names = [(f"v{v}", str(e)) for v, size in enumerate(sizes) for e in range(size)]
    cards = [
        card_of([score_of(*name, j=[draw(share)], f=[draw(share)]) for name in names])
        for _ in range(2)
    ]
    return cards[0], cards[1]


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_result_does_not_differ_from_itself(score_of: MakesScore, data: st.DataObject) -> None:
    card, _ = data.draw(two_results(score_of))
    same = compare(card, card, samples=50)
    assert [one.metric for one in same.metrics] == ["j", "f", "jf"]
    assert all((one.difference, one.low, one.high) == (0, 0, 0) for one in same.metrics)
    assert (same.wins, same.losses, same.ties) == (0, 0, len(card.expressions))
    assert same.gains == same.setbacks == ()
    assert (same.only_a, same.only_b) == (0, 0)


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_to_swap_the_results_turns_the_signs(score_of: MakesScore, data: st.DataObject) -> None:
    a, b = data.draw(two_results(score_of))
    there, back = compare(a, b, samples=50), compare(b, a, samples=50)
    assert (there.wins, there.losses, there.ties) == (back.losses, back.wins, back.ties)
    for one, other in zip(there.metrics, back.metrics, strict=True):
        assert one.difference == pytest.approx(-other.difference)
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
        assert (one.a, one.b) == (other.b, other.a)
        assert one.difference == pytest.approx(one.b - one.a)
        assert one.low <= one.high
    differences = [one.difference for one in there.gains]
    assert differences == pytest.approx([-one.difference for one in back.setbacks])
    assert differences == sorted(differences, reverse=True)


def test_the_interval_covers_what_is_true_about_as_often_as_it_says() -> None:
    # Values of a cluster are nearly alike: taken as independent, they would seem sixteen times
    # as many, and the interval would miss far more often than it admits.
    random = np.random.default_rng(0)
    covered = naive = 0
    for trial in range(200):
        clusters_N = np.repeat(np.arange(40), 16)
        values_N = 0.03 + random.normal(0, 0.1, 40)[clusters_N] + random.normal(0, 0.02, 640)
        low, high = bootstrap_interval(values_N, clusters_N, samples=400, seed=trial)
        covered += low <= 0.03 <= high
        low, high = bootstrap_interval(values_N, np.arange(640), samples=400, seed=trial)
        naive += low <= 0.03 <= high
    assert 0.88 <= covered / 200 <= 0.99
    assert naive / 200 < 0.6


def test_a_known_shift(score_of: MakesScore) -> None:
    random = np.random.default_rng(0)
    base = random.uniform(0.2, 0.6, 60)
    noise = random.normal(0, 0.02, 60)
    a, b = (
        card_of([score_of(f"v{i // 3}", str(i), j=[j], f=[j / 2]) for i, j in enumerate(values)])
        for values in (base, base + 0.1 + noise)
    )
    j, f, jf = compare(a, b, samples=2000).metrics
    assert j.low < 0.1 < j.high
    assert f.low < 0.05 < f.high
    assert jf.low < 0.075 < jf.high
    assert j.high - j.low < 0.02
    assert compare(a, b, samples=2000) == compare(a, b, samples=2000)


def test_only_what_is_in_both_is_compared(score_of: MakesScore) -> None:
    common = [score_of("v1", j=[0.5], f=[0.5]), score_of("v2", j=[0.5], f=[0.5])]
    other_object = score_of("v1", j=[0.0], f=[0.0], object_ids=(2,))
    other_set = score_of("v1", j=[0.0], f=[0.0], annotation_set="annot2")
    other_expression = score_of("v1", "1", j=[0.0], f=[0.0])
    found = compare(
        card_of([*common, other_object]), card_of([other_set, *common[::-1], other_expression])
    )
    assert (found.expressions, found.sequences) == (2, 2)
    assert (found.only_a, found.only_b) == (1, 2)
    assert found.metrics[0].a == 0.5
    assert "1 only in A, 2 only in B" in format_comparison(found)


def test_largest_gains_and_losses_are_told(score_of: MakesScore) -> None:
    steps = [0.4, 0.3, 0.25, 0.2, 0.1, 0.05, 0.0, -0.1, -0.3]
    a = card_of([score_of("v", str(i), j=[0.5], f=[0.5]) for i in range(9)])
    b = card_of(
        [score_of("v", str(i), j=[0.5 + step], f=[0.5 + step]) for i, step in enumerate(steps)]
    )
    found = compare(a, b, samples=10)
    assert (found.wins, found.ties, found.losses) == (6, 1, 2)
    assert [one.expression.expression_id for one in found.gains] == ["0", "1", "2", "3", "4"]
    assert [one.expression.expression_id for one in found.setbacks] == ["8", "7"]
    text = format_comparison(found).splitlines()
    assert text[0] == "mevis valid_u (mean-over-expressions)"
    assert ' +40.0   50.0 ->  90.0  v 0: "the dog on the left"' in text
    assert any(one.startswith(" -30.0") for one in text)
    assert "B is better on 6 expressions, worse on 2, the same on 1" in text
    assert any("too few sequences" in one for one in text)


def test_without_f_the_numbers_of_detection_are_compared(score_of: MakesScore) -> None:
    # Expressions have one frame or three, so that a mean over expressions would be another number.
    a = card_of([score_of("v", j=[0.5, 0.25, 0.75]), score_of("w", j=[0.0])], DETECTION)
    b = card_of([score_of("v", j=[0.75, 0.5, 1.0]), score_of("w", j=[0.25])], DETECTION)
    found = compare(a, b, samples=10)
    (iou,) = found.metrics
    assert (iou.metric, iou.a, iou.b, iou.difference) == ("mean_iou", 0.375, 0.625, 0.25)
    assert (iou.a, iou.b) == (a.summary["mean_iou"], b.summary["mean_iou"])
    assert (iou.low, iou.high) == (0.25, 0.25)
    assert [one.difference for one in found.gains] == [0.25, 0.25]
    wholes = {name: (in_a, in_b) for name, in_a, in_b in found.wholes}
    assert wholes.keys() == a.summary.keys() - {"mean_iou"}
    assert wholes["precision_50"] == (0.25, 0.5)
    text = format_comparison(found)
    assert "largest gains in mean IoU" in text
    assert "P@0.5         25.0   50.0  +25.00\n" in text


def test_the_interval_of_weighted_values_is_that_of_repeated_ones() -> None:
    values_N, times_N = np.array([0.1, 0.9, 0.4, 0.2]), np.array([3, 1, 2, 5])
    clusters_N = np.array([0, 0, 1, 2])
    weighted = bootstrap_interval(
        values_N, clusters_N, samples=200, seed=1, weights_N=times_N.astype(float)
    )
    repeated = bootstrap_interval(
        values_N.repeat(times_N), clusters_N.repeat(times_N), samples=200, seed=1
    )
    assert weighted == pytest.approx(repeated)


def test_results_of_different_kinds_are_refused(score_of: MakesScore) -> None:
    scores = [score_of("v", j=[0.5], f=[0.5])]
    card = card_of(scores)
    for other in (
        card_of(scores, split="valid"),
        replace(card, benchmark="world"),
        replace(card, protocol=replace(card.protocol, name="fixed")),
    ):
        with pytest.raises(UserError, match=r"^A is a result of mevis valid_u .*, B of .*:"):
            compare(card, other)


def test_results_without_a_common_expression_are_refused(score_of: MakesScore) -> None:
    a, b = (card_of([score_of(name, j=[0.5], f=[0.5])]) for name in ("v1", "v2"))
    with pytest.raises(UserError, match=r"no expression of mevis valid_u .* in common"):
        compare(a, b)
