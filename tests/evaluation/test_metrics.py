import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slvp.data.benchmarks.masks import read_mask
from slvp.evaluation.metrics import (
    FrameScores,
    decay,
    frame_scores,
    recall,
)

VAL5 = Path(__file__).parents[3] / "shared" / "real" / "ref-davis17-val5"
MASKS = VAL5 / "DAVIS" / "Annotations" / "480p"


def j_and_f(prediction_THW: np.ndarray, truth_THW: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score frame by frame: J_T and F_T."""
    j_T, f_T, _, _ = np.array([*map(frame_scores, prediction_THW, truth_THW)]).T
    return j_T, f_T


def outline(mask_HW: np.ndarray) -> np.ndarray:
    """Return (row, column) of the pixels that differ from what is right of or below them.

    Beyond the frame the mask is taken to go on as it ends, which says the same as DAVIS's rules
    for the last row and column.
    """
    wider_HW = np.pad(mask_HW, ((0, 1), (0, 1)), mode="edge")
    right_HW, below_HW, corner_HW = wider_HW[:-1, 1:], wider_HW[1:, :-1], wider_HW[1:, 1:]
    return np.argwhere((mask_HW != right_HW) | (mask_HW != below_HW) | (mask_HW != corner_HW))


def slow_accuracy(prediction_HW: np.ndarray, truth_HW: np.ndarray) -> float:
    """F of one frame by measuring the distance between every two outline pixels."""
    rows, columns = truth_HW.shape
    reach = math.ceil(0.008 * math.sqrt(rows * rows + columns * columns))
    ours, theirs = outline(prediction_HW), outline(truth_HW)
    if len(ours) == 0 and len(theirs) == 0:
        precision = recall = 1.0
    elif len(ours) == 0:
        precision, recall = 1.0, 0.0
    elif len(theirs) == 0:
        precision, recall = 0.0, 1.0
    else:
        distance2 = ((ours[:, None] - theirs[None]) ** 2).sum(-1)
        precision = float((distance2.min(axis=1) <= reach * reach).mean())
        recall = float((distance2.min(axis=0) <= reach * reach).mean())
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


def slow_scores(
    prediction_HW: np.ndarray, truth_HW: np.ndarray, void_HW: np.ndarray | None = None
) -> FrameScores:
    """Score a frame pixel by pixel."""
    if void_HW is not None:
        prediction_HW, truth_HW = (
            np.where(void_HW, False, mask_HW) for mask_HW in (prediction_HW, truth_HW)
        )
    ours, theirs = ({*map(tuple, np.argwhere(mask_HW))} for mask_HW in (prediction_HW, truth_HW))
    union = len(ours | theirs)
    return FrameScores(
        j=len(ours & theirs) / union if union else 1.0,
        f=slow_accuracy(prediction_HW, truth_HW),
        truth=len(theirs),
        union=union,
    )


# Tolerances of 1 to 3 pixels, then of 9, 10, 13 and 17.
SIZES = [(1, 1), (1, 7), (9, 1), (2, 2), (12, 17), (30, 150), (8, 260)]
LONG = [(4, 1050), (1201, 9), (1600, 2), (1, 2100)]


@st.composite
def frames(draw: st.DrawFn, masks: int) -> list[np.ndarray]:
    """Masks of noise, boxes, dots and blobs, in frames of one size."""
    rows, columns = draw(st.sampled_from(SIZES + LONG))
    place = st.tuples(st.integers(0, rows), st.integers(0, columns))

    def mask() -> np.ndarray:
        kind = draw(st.sampled_from(["noise", "box", "dot", "blob", "empty", "full"]))
        mask_HW = np.full((rows, columns), kind == "full")
        if kind == "noise":
            random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
            mask_HW = random.random((rows, columns)) < draw(st.sampled_from([0.005, 0.1, 0.5]))
        elif kind == "box":
            (top, left), (bottom, right) = draw(place), draw(place)
            mask_HW[min(top, bottom) : max(top, bottom), min(left, right) : max(left, right)] = True
        elif kind == "dot":
            row, column = draw(place)
            mask_HW[min(row, rows - 1), min(column, columns - 1)] = True
        elif kind == "blob":
            row, column = draw(place)
            distance_HW = np.hypot(*(np.indices((rows, columns)).T - (row, column)).T)
            mask_HW = distance_HW < draw(st.integers(1, 20))
        return np.asfortranarray(mask_HW) if draw(st.booleans()) else mask_HW

    return [mask() for _ in range(masks)]


@settings(max_examples=500, deadline=None)
@given(frames(masks=2))
def test_equals_a_slow_reading_of_the_definition(masks: list[np.ndarray]) -> None:
    scores, expected = frame_scores(*masks), slow_scores(*masks)
    assert (scores.truth, scores.union) == (expected.truth, expected.union)
    assert abs(scores.j - expected.j) < 1e-12
    assert abs(scores.f - expected.f) < 1e-12


@settings(max_examples=300, deadline=None)
@given(frames(masks=3))
def test_void_pixels_belong_to_neither_mask(masks: list[np.ndarray]) -> None:
    before = [mask_HW.copy() for mask_HW in masks]
    scores, expected = frame_scores(*masks), slow_scores(*masks)
    assert (scores.truth, scores.union) == (expected.truth, expected.union)
    assert abs(scores.j - expected.j) < 1e-12
    assert abs(scores.f - expected.f) < 1e-12
    for mask_HW, before_HW in zip(masks, before, strict=True):
        np.testing.assert_array_equal(mask_HW, before_HW)


@pytest.mark.parametrize("shape", [(1080, 1920), (2160, 3840)])
def test_a_disk_of_a_large_frame_is_exact(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(shape[0])
    prediction_HW, truth_HW = np.zeros((2, *shape), bool)
    for mask_HW in (prediction_HW, truth_HW):
        rows, columns = random.integers(300, 500, (2, 60))
        mask_HW[rows, columns] = True
    assert abs(frame_scores(prediction_HW, truth_HW).f - slow_accuracy(prediction_HW, truth_HW)) < (
        1e-12
    )


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, max_side=12)))
def test_a_perfect_mask_gets_one(masks_THW: np.ndarray) -> None:
    j_T, f_T = j_and_f(masks_THW, masks_THW)
    np.testing.assert_array_equal(j_T, 1)
    np.testing.assert_array_equal(f_T, 1)


def test_empty_masks() -> None:
    masks_THW = np.zeros((4, 20, 30), bool)
    truths_THW = masks_THW.copy()
    masks_THW[1, 5:9, 5:9] = True
    truths_THW[2, 5:9, 5:9] = True
    truths_THW[3] = True  # fills the frame: no outline
    j_T, f_T = j_and_f(masks_THW, truths_THW)
    np.testing.assert_array_equal(j_T, [1, 0, 0, 0])
    np.testing.assert_array_equal(f_T, [1, 0, 0, 1])


@pytest.mark.parametrize(("shift", "agrees"), [(8, True), (9, False)])
def test_tolerance_of_a_480p_frame_is_8_pixels(shift: int, agrees: bool) -> None:
    truth_HW = np.zeros((480, 854), bool)
    truth_HW[:, 300:] = True
    prediction_HW = np.roll(truth_HW, shift, axis=1)
    prediction_HW[:, :shift] = False
    assert frame_scores(prediction_HW, truth_HW).f == (1.0 if agrees else 0.0)


def test_tolerance_is_a_disk_and_not_a_square() -> None:
    truth_HW = np.zeros((480, 854), bool)
    truth_HW[200, 300] = True
    far_HW = np.zeros_like(truth_HW)
    far_HW[208, 308] = True
    # Of the outline's 2 x 2 pixels only the two opposite corners' nearest ones are within reach.
    assert frame_scores(far_HW, truth_HW).f == slow_accuracy(far_HW, truth_HW) < 1


def real_masks(sequence: str, step: int) -> np.ndarray:
    paths = sorted((MASKS / sequence).iterdir())[::step]
    return np.stack([read_mask(path) == 1 for path in paths])


@pytest.mark.skipif(not VAL5.is_dir(), reason="the real masks of Ref-DAVIS17 are not here")
@pytest.mark.parametrize("sequence", ["camel", "dance-twirl"])
def test_real_masks(sequence: str) -> None:
    truth_THW = real_masks(sequence, 30)
    j_T, f_T = j_and_f(truth_THW, truth_THW)
    np.testing.assert_array_equal(j_T, 1)
    np.testing.assert_array_equal(f_T, 1)
    # A neighbouring frame's mask, shifted out of the frame, with a stray blob.
    prediction_THW = np.roll(truth_THW[::-1], (7, -60), axis=(1, 2))
    prediction_THW[:, :30, :20] = True
    j_T, f_T = j_and_f(prediction_THW, truth_THW)
    for t in range(len(truth_THW)):
        expected = slow_scores(prediction_THW[t], truth_THW[t])
        assert abs(j_T[t] - expected.j) < 1e-12
        assert abs(f_T[t] - expected.f) < 1e-12
        assert 0 < f_T[t] < 1


def test_recall_is_the_share_above_one_half() -> None:
    assert recall(np.array([0.5, 0.51, 0.2, 1.0, 0.0])) == 0.4


@pytest.mark.parametrize(
    ("frames", "first", "last"),
    [
        (1, [0], [0]),
        (2, [0], [1]),
        (3, [0, 1], [2]),
        (4, [0, 1], [2, 3]),
        (8, [0, 1, 2], [5, 6, 7]),
        (69, range(18), range(51, 69)),
        (256, range(65), range(191, 256)),
        (401, range(101), range(300, 401)),
    ],
)
def test_decay_compares_the_first_quarter_with_the_last(
    frames: int, first: Sequence[int], last: Sequence[int]
) -> None:
    values_T = np.random.default_rng(frames).random(frames)
    expected = values_T[list(first)].mean() - values_T[list(last)].mean()
    assert abs(decay(values_T) - expected) < 1e-12
