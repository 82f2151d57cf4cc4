import cv2
import numpy as np
import pytest

from slvp.apps.answered import answered, mask_png, mean_probability
from slvp.errors import UserError
from slvp.segmenter import Segmenter
from slvp.video import Frame
from tiny import tiny_model


@pytest.fixture
def segmenter():
    return Segmenter(tiny_model(), size=32, quality="fast")


def frames(count):
    rng = np.random.default_rng(0)
    for number in range(count):
        yield Frame(rng.integers(0, 255, (32, 48, 3), dtype=np.uint8), number / 10)


def test_each_frame_comes_with_its_own_answer(segmenter):
    whole = segmenter.segment([frame.image_HW3 for frame in frames(9)], ["a dog"])
    seen = list(answered(segmenter, frames(9), ["a dog"]))
    assert [frame.time for frame, _, _ in seen] == [number / 10 for number in range(9)]
    assert [prediction.first_frame + t for _, prediction, t in seen] == list(range(9))
    for number, (_, prediction, t) in enumerate(seen):
        said = prediction.probability_ETHW[:, t]
        np.testing.assert_array_equal(said, whole.probability_ETHW[:, number])


def test_no_more_frames_are_read_than_the_windows_need(segmenter):
    read = []

    def counted():
        for frame in frames(100):
            read.append(frame)
            yield frame

    segmenter.overlaps = False
    next(answered(segmenter, counted(), ["a dog"]))
    assert len(read) <= 2 * segmenter.window


def test_a_sentence_that_cannot_be_asked_is_told_at_the_call(segmenter):
    with pytest.raises(UserError, match="sentence 1 is empty"):
        answered(segmenter, frames(2), [" "])


def test_masks_and_what_is_said_of_them():
    mask_HW = np.array([[True, False], [True, False]])
    probability_HW = np.array([[0.5, 0.1], [1.0, 0.2]], np.float16)
    png = np.frombuffer(mask_png(mask_HW), np.uint8)
    assert cv2.imdecode(png, cv2.IMREAD_UNCHANGED).tolist() == [[255, 0], [255, 0]]
    assert mean_probability(probability_HW, mask_HW) == 0.75
    assert mean_probability(probability_HW, mask_HW & False) is None
