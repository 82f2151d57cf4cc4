import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image

from slvp.data.benchmarks.masks import IdMap
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.rle import encode_rle
from slvp.evaluation.report.pictures import (
    PREDICTION,
    TRUTH,
    FramePictures,
    draw_examples,
    outlined,
    tinted,
)
from slvp.evaluation.scores import Example, ExpressionScore
from slvp.types import UInt8Array


@dataclass(frozen=True)
class Grey:
    """Frames whose grey value tells their number."""

    height: int
    width: int
    names: tuple[str, ...] = ("a", "b", "c", "d")

    def read(self, indices: Sequence[int]) -> Iterator[UInt8Array]:
        assert list(indices) == sorted(indices)
        for t in indices:
            yield np.full((self.height, self.width, 3), 60 * t, np.uint8)


@dataclass(frozen=True)
class Halves:
    """Object 1 is the left half, object 2 the right."""

    height: int
    width: int

    def read(self, t: int) -> IdMap:
        ids_HW = np.ones((self.height, self.width), np.uint8)
        ids_HW[:, self.width // 2 :] = 2
        return IdMap(ids_HW)


def case(height: int, width: int) -> tuple[ExpressionScore, BenchmarkExpression]:
    """Object 1 was asked for; the upper half was predicted."""
    prediction_HW = np.zeros((height, width), bool)
    prediction_HW[: height // 2] = True
    rle = encode_rle(prediction_HW)
    expression = BenchmarkExpression(
        "v", "0", "left", (1,), "", Grey(height, width), Halves(height, width), (1, 2, 3)
    )
    return ExpressionScore(
        "v",
        "0",
        "",
        "left",
        (1,),
        ("b", "c", "d"),
        np.array([0.5, 0.25, 0.75]),
        None,
        np.ones(3, int),
        np.ones(3, int),
        height * width,
        examples=(Example("d", rle), Example("b", rle)),
    ), expression


def pixels(uri: str) -> np.ndarray:
    kind, _, content = uri.partition(",")
    assert kind == "data:image/webp;base64"
    return np.array(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB"), int)


def test_examples_come_in_the_order_of_the_video_with_their_own_j() -> None:
    first, second = draw_examples(*case(80, 160))
    assert (first.frame, first.j) == ("b", 0.5)
    assert (second.frame, second.j) == ("d", 0.75)
    assert pixels(first.prediction)[70, 80] == pytest.approx([60] * 3, abs=12)
    assert pixels(second.prediction)[70, 80] == pytest.approx([180] * 3, abs=12)


def test_truth_and_prediction_are_drawn_where_they_are() -> None:
    _, picture = draw_examples(*case(80, 160))
    truth_HWC, prediction_HWC = pixels(picture.truth), pixels(picture.prediction)
    assert truth_HWC[40, 40] == pytest.approx([180] * 3, abs=12)  # the object stays as it is
    assert truth_HWC[40, 120] == pytest.approx([108] * 3, abs=12)  # all else is darker
    assert prediction_HWC[20, 80] == pytest.approx((180 + np.array(PREDICTION)) / 2, abs=14)
    assert prediction_HWC[60, 80] == pytest.approx([180] * 3, abs=12)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(480, 854, (320, 180)), (640, 320, (160, 320)), (72, 96, (96, 72)), (2000, 3, (1, 320))],
)
def test_pictures_are_no_larger_than_they_need_be(
    height: int, width: int, expected: tuple[int, int]
) -> None:
    picture: FramePictures = draw_examples(*case(height, width))[0]
    assert (picture.width, picture.height) == expected
    for uri in (picture.truth, picture.prediction):
        assert pixels(uri).shape == (expected[1], expected[0], 3)


def test_drawing() -> None:
    frame_HWC = np.full((40, 60, 3), 100, np.uint8)
    mask_HW = np.zeros((40, 60), bool)
    mask_HW[10:30, 20:40] = True
    before = frame_HWC.copy()
    truth_HWC = outlined(frame_HWC, mask_HW)
    assert truth_HWC[20, 30].tolist() == [100] * 3
    assert truth_HWC[2, 2].tolist() == [60] * 3
    assert truth_HWC[20, 20].tolist() == pytest.approx(TRUTH, abs=3)
    assert tinted(frame_HWC, mask_HW)[2, 2].tolist() == [100] * 3
    assert tinted(frame_HWC, mask_HW)[20, 20].tolist() == pytest.approx(PREDICTION, abs=20)
    assert np.array_equal(frame_HWC, before)

    nothing_HW = np.zeros_like(mask_HW)
    assert np.array_equal(tinted(frame_HWC, nothing_HW), frame_HWC)
    assert (outlined(frame_HWC, nothing_HW) == 60).all()


def test_without_examples_there_is_nothing_to_draw() -> None:
    score, expression = case(8, 8)
    assert draw_examples(replace(score, examples=()), expression) == []
