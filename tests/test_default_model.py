"""The shipped model: there, small, and able to do its job."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from slvp import Segmenter
from slvp.data.benchmarks.records import sequences_of
from slvp.data.benchmarks.ref_davis17 import load_ref_davis17
from slvp.evaluation.evaluate import evaluate_sequence
from slvp.evaluation.protocols import PER_EXPRESSION
from slvp.models.checkpoint import shipped_models
from slvp.video import read_frames

REPOSITORY = Path(__file__).parents[1]
WEIGHTS = REPOSITORY / "src/slvp/weights"
VAL5 = REPOSITORY.parent / "shared/real/ref-davis17-val5"


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.from_pretrained("default", device="cpu")


def test_shipped_models_are_small_and_documented():
    assert "default" in shipped_models()
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 20e6
    for name in shipped_models():
        assert (WEIGHTS / name / "README.md").is_file(), f"{name} has no model card"


def test_tells_two_cars_apart_by_place(segmenter):
    """The red car is on the right: its red pixels are the truth, the silver car the distractor."""
    frames = read_frames(REPOSITORY / "examples/cars.mp4")[16:20]
    prediction = segmenter.segment(frames, ["the car on the left", "the car on the right"])
    hue_THW, saturation_THW, _ = np.moveaxis(
        np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2HSV) for frame in frames]), -1, 0
    )
    red_THW = ((hue_THW < 8) | (hue_THW > 172)) & (saturation_THW > 120)
    assert red_THW.mean() > 0.02
    left_THW, right_THW = prediction.masks_ETHW
    assert (right_THW & red_THW).sum() > 0.5 * red_THW.sum()
    assert (left_THW & red_THW).sum() < 0.5 * red_THW.sum()
    columns = np.arange(frames.shape[2]) < 300  # the silver car is in these
    assert left_THW[..., columns].sum() > 0.6 * left_THW.sum()
    assert right_THW[..., columns].sum() < 0.1 * right_THW.sum()


@pytest.mark.skipif(not VAL5.is_dir(), reason="the five Ref-DAVIS17 sequences are not here")
def test_real_video(segmenter):
    """Some frames of each sequence; the full score is in the model card."""
    expressions = [replace(one, scored=tuple(range(20, 24))) for one in load_ref_davis17(VAL5)]
    scores = [
        score
        for group in sequences_of(expressions)
        for score in evaluate_sequence(segmenter, group, PER_EXPRESSION).scores
    ]
    assert PER_EXPRESSION.summarise(scores).metrics["jf"] > 0.5
