import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import Scripted, ask, two_boxes

from slvp.evaluation.answers import IdMapAnswer, MaskAnswer
from slvp.evaluation.segmenting import CONTEXT, segment_sequence, segmented_frames


def test_all_frames_are_seen_where_all_count_or_none_is_known_to() -> None:
    assert segmented_frames([ask("x", (1,))]) == [range(5)]
    assert segmented_frames([ask("x", (1,), scored=())]) == [range(5)]


@given(st.sets(st.integers(0, 99), min_size=1))
def test_runs_hold_the_context_of_every_frame_that_counts_and_no_frame_twice(
    scored: set[int],
) -> None:
    group = [ask("x", (1,), ids_THW=two_boxes(100), scored=sorted(scored))]
    runs = segmented_frames(group)
    seen = [t for run in runs for t in run]
    assert seen == sorted(set(seen))
    near = {t + d for t in scored for d in range(-(CONTEXT // 2), CONTEXT // 2 + 1)}
    assert set(seen) == near & set(range(100))


def test_equal_sentences_are_asked_once_and_answered_each() -> None:
    ids_THW = two_boxes()
    segmenter = Scripted({(1, "x"): ids_THW == 1, (1, "y"): ids_THW == 2})
    group = [ask("x", (1,)), ask("y", (2,)), ask("x", (1,), "again")]
    answers = list(segment_sequence(segmenter, group, "masks"))
    assert segmenter.asked == [["x", "y"]]
    assert [one.t for one in answers] == [0, 1, 2, 3, 4]
    for answer in answers:
        assert isinstance(answer, MaskAnswer)
        masks = [candidates[0].mask_HW for candidates in answer.candidates]
        for mask_HW, object_id in zip(masks, (1, 2, 1), strict=True):
            np.testing.assert_array_equal(mask_HW, ids_THW[answer.t] == object_id)


def test_of_a_long_video_only_what_counts_is_seen() -> None:
    ids_THW = two_boxes(60)
    segmenter = Scripted({(1, "x"): ids_THW == 1})
    group = [ask("x", (1,), ids_THW=ids_THW, scored=(5, 40))]
    answers = list(segment_sequence(segmenter, group, "masks"))
    assert segmenter.seen == [list(range(1, 10)), list(range(36, 45))]
    assert [one.t for one in answers] == [*range(1, 10), *range(36, 45)]


def test_a_mask_is_as_sure_as_its_object_is_present() -> None:
    segmenter = Scripted({(1, "x"): two_boxes() == 1}, presence=0.75)
    answer = next(segment_sequence(segmenter, [ask("x", (1,))], "masks"))
    assert isinstance(answer, MaskAnswer)
    assert answer.candidates[0][0].score == 0.75


def test_objects_of_a_set_share_one_map_and_sets_have_their_own() -> None:
    ids_THW = two_boxes()
    both = {
        (1, "one"): 0.9 * (ids_THW == 1) + 0.6 * (ids_THW == 2),
        (1, "two"): 0.7 * (ids_THW == 1) + 0.8 * (ids_THW == 2),
    }
    group = [ask("one", (1,), "a"), ask("two", (2,), "a"), ask("two", (2,), "b")]
    for answer in segment_sequence(Scripted(both), group, "id_maps"):
        assert isinstance(answer, IdMapAnswer)
        np.testing.assert_array_equal(answer.ids["a"], ids_THW[answer.t])
        np.testing.assert_array_equal(answer.ids["b"], 2 * (ids_THW[answer.t] > 0))


@pytest.mark.parametrize("kind", ["masks", "id_maps"])
def test_what_is_not_there_has_no_mask(kind: str) -> None:
    segmenter = Scripted({(1, "x"): two_boxes() == 1}, presence=0.25)
    for answer in segment_sequence(segmenter, [ask("x", (1,))], kind):
        if isinstance(answer, MaskAnswer):
            assert not answer.candidates[0][0].mask_HW.any()
        else:
            assert not answer.ids[""].any()
