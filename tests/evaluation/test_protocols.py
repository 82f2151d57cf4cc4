import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.evaluation.protocols import (
    ExpressionScore,
    Score,
    exclusive_masks,
    mean_over_annotation_sets,
    mean_over_expressions,
)


def scored(sequence: str, annotation_set: str, j: float, f: float) -> ExpressionScore:
    expression = BenchmarkExpression(
        sequence=sequence,
        expression_id="0",
        text="a thing",
        object_ids=(1,),
        annotation_set=annotation_set,
        frame_paths=(),
        mask_paths=(),
    )
    return ExpressionScore(expression, Score(j, f))


SCORES = [
    scored("car", "annot1", 0.9, 0.6),
    scored("car", "annot1", 0.3, 0.0),
    scored("car", "annot2", 0.5, 0.4),
    scored("car", "annot2", 0.5, 0.2),
    scored("bear", "annot1", 0.0, 0.3),
    scored("bear", "annot2", 0.8, 1.0),
]


def approx(score: Score) -> tuple[object, object, object]:
    return pytest.approx(score.j), pytest.approx(score.f), pytest.approx(score.jf)


def test_objects_weigh_alike_within_a_set_and_sets_alike_above() -> None:
    summary = mean_over_annotation_sets(SCORES)
    first, second = summary.annotation_sets
    assert (first.name, second.name) == ("annot1", "annot2")
    # By objects, not by sequences, which would be (0.6 + 0.0) / 2.
    assert approx(first.score) == (0.4, 0.3, 0.35)
    assert approx(second.score) == (0.6, 1.6 / 3, (0.6 + 1.6 / 3) / 2)
    assert approx(first.sequences["car"]) == (0.6, 0.3, 0.45)
    assert approx(first.sequences["bear"]) == (0.0, 0.3, 0.15)
    assert approx(summary.score) == (0.5, (0.3 + 1.6 / 3) / 2, (1.0 + 0.3 + 1.6 / 3) / 4)
    assert approx(summary.sequences["car"]) == (0.55, 0.3, 0.425)
    assert list(summary.sequences) == ["car", "bear"]


def test_sets_weigh_alike_however_many_expressions_they_have() -> None:
    scores = [scored("car", "a", 1, 1)] * 3 + [scored("car", "b", 0, 0)]
    assert mean_over_annotation_sets(scores).score == Score(0.5, 0.5)
    assert mean_over_expressions(scores).score == Score(0.75, 0.75)


def test_expressions_weigh_alike() -> None:
    summary = mean_over_expressions(SCORES)
    assert approx(summary.score) == (0.5, 2.5 / 6, (0.5 + 2.5 / 6) / 2)
    assert [one.name for one in summary.annotation_sets] == ["all"]
    assert approx(summary.sequences["bear"]) == (0.4, 0.65, 0.525)


def test_a_pixel_goes_to_the_likeliest_mask_that_holds_it() -> None:
    probability_EHW = np.array([[[0.9, 0.6, 0.2, 0.7]], [[0.4, 0.8, 0.1, 0.7]]], np.float16)
    masks_EHW = probability_EHW > 0.5
    # The second object is held to be absent in the second pixel, however likely.
    masks_EHW[1, 0, 1] = False
    expected_EHW = [[[True, True, False, True]], [[False, False, False, False]]]
    np.testing.assert_array_equal(exclusive_masks(probability_EHW, masks_EHW), expected_EHW)
    masks_EHW[1, 0, 1] = True
    expected_EHW = [[[True, False, False, True]], [[False, True, False, False]]]
    np.testing.assert_array_equal(exclusive_masks(probability_EHW, masks_EHW), expected_EHW)


@given(st.data())
def test_shared_masks_cover_the_same_pixels_once(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=3, max_dims=3, max_side=6))
    probability_EHW = data.draw(hnp.arrays(np.float16, shape, elements=st.floats(0, 1, width=16)))
    masks_EHW = data.draw(hnp.arrays(bool, shape))
    shared_EHW = exclusive_masks(probability_EHW, masks_EHW)
    assert (shared_EHW <= masks_EHW).all()
    np.testing.assert_array_equal(shared_EHW.sum(axis=0), masks_EHW.any(axis=0))
