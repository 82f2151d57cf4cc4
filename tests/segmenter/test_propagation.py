import weakref

import numpy as np
import pytest

from slvp.errors import UserError
from slvp.models.slvp import SLVP
from slvp.segmenter import QUALITIES, FirstMask, Segmenter
from tiny import tiny_model

HEIGHT, WIDTH = 64, 96


def moving_boxes(frames: int):
    """A red box that goes right, a blue one that stays; and where they are."""
    noise = np.random.default_rng(0).integers(0, 60, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    frames_THWC = np.repeat(noise[None], frames, axis=0)
    masks_ETHW = np.zeros((2, frames, HEIGHT, WIDTH), np.bool_)
    for t in range(frames):
        masks_ETHW[0, t, 8:32, 8 + 2 * t : 36 + 2 * t] = True
        masks_ETHW[1, t, 36:60, 30:66] = True
        frames_THWC[t][masks_ETHW[0, t]] = (220, 30, 30)
        frames_THWC[t][masks_ETHW[1, t]] = (30, 40, 220)
    return frames_THWC, masks_ETHW


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.fixture(scope="module", params=QUALITIES)
def segmenter(request):
    return Segmenter(tiny_model(), quality=request.param)


@pytest.mark.parametrize("sentences", [["", ""], ["", "a box"], ["a red box", "a blue box"]])
def test_the_first_answer_is_the_mask_given(segmenter, sentences):
    frames_THWC, masks_ETHW = moving_boxes(6)
    got = segmenter.segment(frames_THWC, sentences, list(masks_ETHW[:, 0]))
    assert got.sentences == sentences
    np.testing.assert_array_equal(got.masks_ETHW[:, 0], masks_ETHW[:, 0])


def test_plain_objects_are_followed_without_a_sentence(segmenter):
    frames_THWC, masks_ETHW = moving_boxes(12)
    got = segmenter.segment(frames_THWC, ["", ""], list(masks_ETHW[:, 0])).masks_ETHW
    for e in range(2):
        assert overlap(got[e, -1], masks_ETHW[e, -1]) > 0.7
    # A mask that stayed where it was would have less.
    assert overlap(masks_ETHW[0, 0], masks_ETHW[0, -1]) < 0.3


def test_objects_stay_apart(segmenter):
    """Touching halves of noise, which nothing but the masks tells apart."""
    frames_THWC = np.random.default_rng(0).integers(0, 255, (6, 64, 96, 3), dtype=np.uint8)
    left_HW = np.zeros((64, 96), np.bool_)
    left_HW[:, :48] = True
    got = segmenter.segment(frames_THWC, ["", "a dog"], [left_HW, ~left_HW])
    assert got.masks_ETHW.any((1, 2, 3)).all()
    assert got.masks_ETHW.sum(0).max() == 1


def test_sentences_about_one_mask_do_not_compete(segmenter):
    frames_THWC, masks_ETHW = moving_boxes(5)
    mask_HW = masks_ETHW[0, 0]
    both = segmenter.segment(frames_THWC, ["", "a red box"], [mask_HW, mask_HW])
    alone = segmenter.segment(frames_THWC, [""], [mask_HW])
    np.testing.assert_allclose(
        both.probability_ETHW[0].astype(float), alone.probability_ETHW[0].astype(float), atol=2e-3
    )


def test_a_sentence_beside_masks_is_asked_as_ever(segmenter):
    frames_THWC, masks_ETHW = moving_boxes(5)
    mixed = segmenter.segment(frames_THWC, ["", "the left box"], [masks_ETHW[0, 0], None])
    alone = segmenter.segment(frames_THWC, ["the left box"])
    np.testing.assert_allclose(mixed.presence_ET[1], alone.presence_ET[0], atol=1e-4)
    if not segmenter.quality.choose:
        np.testing.assert_allclose(
            mixed.probability_ETHW[1].astype(float),
            alone.probability_ETHW[0].astype(float),
            atol=2e-3,
        )


def test_a_later_mask_begins_there(segmenter):
    frames_THWC, masks_ETHW = moving_boxes(8)
    later = FirstMask(masks_ETHW[1, 3], 3)
    got = segmenter.segment(frames_THWC, ["", "a box"], [masks_ETHW[0, 0], later])
    assert not got.masks_ETHW[1, :3].any()
    assert got.presence_ET[1, :3].max() < 1e-4
    np.testing.assert_array_equal(got.masks_ETHW[1, 3], masks_ETHW[1, 3])
    assert got.masks_ETHW[1, 4:].any((1, 2)).all()


def test_a_video_whole_or_in_a_stream_says_the_same(segmenter):
    frames_THWC, masks_ETHW = moving_boxes(9)
    arguments = (["", "a box"], list(masks_ETHW[:, 0]))
    whole = segmenter.segment(frames_THWC, *arguments)
    parts = list(segmenter.stream(iter(frames_THWC), *arguments))
    for name in ("probability_ETHW", "presence_ET", "masks_ETHW"):
        streamed = np.concatenate([getattr(part, name) for part in parts], axis=1)
        np.testing.assert_array_equal(streamed, getattr(whole, name))


def test_without_words_vision_sees_each_frame_once_and_the_model_is_not_asked(monkeypatch):
    seen = []
    original = SLVP.encode_vision

    def counted(self, frames_BTCHW):
        seen.append(frames_BTCHW.shape[1])
        return original(self, frames_BTCHW)

    def refuse(*_):
        raise AssertionError("there is nothing to ask")

    monkeypatch.setattr(SLVP, "encode_vision", counted)
    monkeypatch.setattr(SLVP, "decode", refuse)
    frames_THWC, masks_ETHW = moving_boxes(11)
    Segmenter(tiny_model()).segment(frames_THWC, ["", ""], list(masks_ETHW[:, 0]))
    assert sum(seen) == 11


def test_memory_does_not_grow_with_the_video(segmenter):
    """No more frames are alive than two windows hold."""
    alive = weakref.WeakSet()
    frames_THWC, masks_ETHW = moving_boxes(24)

    class Watched(np.ndarray):
        pass

    class Owner:
        def __init__(self, image):
            image.owner = self

    def frames():
        for image in frames_THWC:
            watched = image.copy().view(Watched)
            alive.add(Owner(watched))
            yield watched

    most = 0
    for _ in segmenter.stream(frames(), ["", "a box"], list(masks_ETHW[:, 0])):
        most = max(most, len(alive))
    assert 0 < most <= 2 * segmenter.window


def test_a_mask_of_another_size_is_told(segmenter):
    frames_THWC, masks_ETHW = moving_boxes(2)
    with pytest.raises(UserError, match=r"first mask 2 is 60 x 64 pixels, .* are 96 x 64"):
        segmenter.segment(frames_THWC, ["", ""], [masks_ETHW[0, 0], masks_ETHW[1, 0, :, :60]])


def test_too_few_masks_are_told_at_the_call(segmenter):
    frames_THWC, masks_ETHW = moving_boxes(2)
    with pytest.raises(UserError, match="1 first masks for 2 sentences"):
        segmenter.stream(frames_THWC, ["", ""], [masks_ETHW[0, 0]])
