import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slvp.data.benchmarks.masks import read_mask
from slvp.evaluation.metrics import boundary_accuracy, region_similarity

VAL5 = Path(__file__).parents[3] / "shared" / "real" / "ref-davis17-val5"
MASKS = VAL5 / "DAVIS" / "Annotations" / "480p"


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


def slow_similarity(prediction_HW: np.ndarray, truth_HW: np.ndarray) -> float:
    ours, theirs = ({*map(tuple, np.argwhere(mask_HW))} for mask_HW in (prediction_HW, truth_HW))
    return len(ours & theirs) / len(ours | theirs) if ours | theirs else 1.0


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of masks of noise or of boxes, in frames whose tolerance is 1 to 3 pixels."""
    rows, columns = draw(st.sampled_from([(1, 1), (1, 7), (9, 1), (12, 17), (30, 150), (8, 260)]))

    def mask() -> np.ndarray:
        kind = draw(st.sampled_from(["noise", "box", "empty", "full"]))
        if kind == "noise":
            seed = draw(st.integers(0, 2**32 - 1))
            density = draw(st.sampled_from([0.005, 0.1, 0.5]))
            return np.random.default_rng(seed).random((rows, columns)) < density
        mask_HW = np.full((rows, columns), kind == "full")
        if kind == "box":
            top, bottom = sorted(draw(st.tuples(st.integers(0, rows), st.integers(0, rows))))
            left, right = sorted(draw(st.tuples(st.integers(0, columns), st.integers(0, columns))))
            mask_HW[top:bottom, left:right] = True
        return mask_HW

    return mask(), mask()


@settings(max_examples=300, deadline=None)
@given(mask_pairs())
def test_equals_a_slow_reading_of_the_definition(pair: tuple[np.ndarray, np.ndarray]) -> None:
    prediction_HW, truth_HW = pair
    f_T = boundary_accuracy(prediction_HW[None], truth_HW[None])
    j_T = region_similarity(prediction_HW[None], truth_HW[None])
    assert f_T.dtype == j_T.dtype == np.float64
    assert abs(f_T[0] - slow_accuracy(prediction_HW, truth_HW)) < 1e-12
    assert abs(j_T[0] - slow_similarity(prediction_HW, truth_HW)) < 1e-12


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, max_side=12)))
def test_a_perfect_mask_gets_one(masks_THW: np.ndarray) -> None:
    np.testing.assert_array_equal(region_similarity(masks_THW, masks_THW), 1)
    np.testing.assert_array_equal(boundary_accuracy(masks_THW, masks_THW), 1)


def test_empty_masks() -> None:
    masks_THW = np.zeros((4, 20, 30), bool)
    truths_THW = masks_THW.copy()
    masks_THW[1, 5:9, 5:9] = True
    truths_THW[2, 5:9, 5:9] = True
    truths_THW[3] = True  # fills the frame: no outline
    np.testing.assert_array_equal(region_similarity(masks_THW, truths_THW), [1, 0, 0, 0])
    np.testing.assert_array_equal(boundary_accuracy(masks_THW, truths_THW), [1, 0, 0, 1])


@pytest.mark.parametrize(("shift", "agrees"), [(8, True), (9, False)])
def test_tolerance_of_a_480p_frame_is_8_pixels(shift: int, agrees: bool) -> None:
    truth_HW = np.zeros((480, 854), bool)
    truth_HW[:, 300:] = True
    prediction_HW = np.roll(truth_HW, shift, axis=1)
    prediction_HW[:, :shift] = False
    f_T = boundary_accuracy(prediction_HW[None], truth_HW[None])
    assert f_T[0] == (1.0 if agrees else 0.0)


def test_tolerance_is_a_disk_and_not_a_square() -> None:
    truth_HW = np.zeros((480, 854), bool)
    truth_HW[200, 300] = True
    far_HW = np.zeros_like(truth_HW)
    far_HW[208, 308] = True
    # Of the outline's 2 x 2 pixels only the two opposite corners' nearest ones are within reach.
    f_T = boundary_accuracy(far_HW[None], truth_HW[None])
    assert f_T[0] == slow_accuracy(far_HW, truth_HW) < 1


def real_masks(sequence: str, step: int) -> np.ndarray:
    paths = sorted((MASKS / sequence).iterdir())[::step]
    return np.stack([read_mask(path) == 1 for path in paths])


@pytest.mark.skipif(not VAL5.is_dir(), reason="the real masks of Ref-DAVIS17 are not here")
@pytest.mark.parametrize("sequence", ["camel", "dance-twirl"])
def test_real_masks(sequence: str) -> None:
    truth_THW = real_masks(sequence, 30)
    np.testing.assert_array_equal(region_similarity(truth_THW, truth_THW), 1)
    np.testing.assert_array_equal(boundary_accuracy(truth_THW, truth_THW), 1)
    # A neighbouring frame's mask, shifted out of the frame, with a stray blob.
    prediction_THW = np.roll(truth_THW[::-1], (7, -60), axis=(1, 2))
    prediction_THW[:, :30, :20] = True
    j_T = region_similarity(prediction_THW, truth_THW)
    f_T = boundary_accuracy(prediction_THW, truth_THW)
    for t in range(len(truth_THW)):
        assert abs(j_T[t] - slow_similarity(prediction_THW[t], truth_THW[t])) < 1e-12
        assert abs(f_T[t] - slow_accuracy(prediction_THW[t], truth_THW[t])) < 1e-12
        assert 0 < f_T[t] < 1
