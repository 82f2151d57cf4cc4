import gc
import itertools
import weakref

import numpy as np
import pytest
import torch

from slvp.errors import UserError
from slvp.models.grounded.candidates import Candidates
from slvp.segmenter import Quality, grounded
from slvp.segmenter.grounded import GroundedSegmenter, UnlinkedSegmenter
from slvp.segmenter.linking import LAG
from slvp.segmenter.windows import Answers
from tiny import tiny_model


@pytest.fixture(scope="module")
def frames():
    random = np.random.default_rng(3)
    coarse = random.integers(0, 256, (LAG + 9, 6, 8, 3), dtype=np.uint8)
    return coarse.repeat(12, axis=1).repeat(12, axis=2)


@pytest.fixture(scope="module", params=[GroundedSegmenter, UnlinkedSegmenter])
def segmenter(request):
    return request.param(tiny_model(), quality="fast", presence_threshold=0.3)


@pytest.mark.parametrize("count", [1, 3, LAG + 1, LAG + 9])
def test_every_frame_has_its_answer_in_order(segmenter, frames, count) -> None:
    parts = list(segmenter.stream(frames[:count], ["a dog", "two cats"]))
    assert [part.first_frame for part in parts] == list(range(count))
    whole = segmenter.segment(frames[:count], ["a dog", "two cats"])
    assert whole.probability_ETHW.shape == (2, count, 72, 96)
    assert np.isfinite(whole.probability_ETHW).all()
    for t, part in enumerate(parts):
        assert (part.masks_ETHW[:, 0] == whole.masks_ETHW[:, t]).all()


def test_a_sentence_is_answered_alike_alone_and_among_others(segmenter, frames) -> None:
    both = segmenter.segment(frames[:9], ["a dog", "two cats"])
    alone = segmenter.segment(frames[:9], ["two cats"])
    difference = both.probability_ETHW[1].astype(float) - alone.probability_ETHW[0]
    assert np.abs(difference).max() < 0.01


@pytest.mark.parametrize("overlaps", [False, True])
@pytest.mark.parametrize("kind", [GroundedSegmenter, UnlinkedSegmenter])
def test_no_frame_is_kept_longer_than_windows_and_link_need(kind, overlaps) -> None:
    segmenter = kind(tiny_model(), quality="fast")
    segmenter.overlaps = overlaps
    alive = weakref.WeakValueDictionary()

    def fresh():
        for t in itertools.count():
            image = np.full((40, 40, 3), t % 250, np.uint8)
            alive[t] = image
            yield image

    stream = segmenter.stream(fresh(), ["a dog", "two cats"])
    most = 0
    for _ in range(80):
        next(stream)
        gc.collect()
        most = max(most, len(alive))
    stream.close()
    assert most <= segmenter.lag + 8 * segmenter.window


def test_what_is_said_of_a_crop_is_of_its_own_frame_and_sentence(segmenter, monkeypatch) -> None:
    """The model's logits tell how bright the picture is that it sees; boxes are where a test says.

    Of each frame, the left half has twice the brightness of the right one.
    """
    count = LAG + 5
    images = np.zeros((count, 64, 128, 3), np.uint8)
    images[:, :, :64] = 2 * np.arange(1, count + 1)[:, None, None, None]
    images[:, :, 64:] = np.arange(1, count + 1)[:, None, None, None]
    boxes = iter([[8, 24, 24, 40], [104, 24, 120, 40]] * count)  # left, right, left, ...

    def at(*_, **__):
        return Candidates(np.array([next(boxes)], np.float32), np.array([0.9], np.float32))

    monkeypatch.setattr(grounded, "propose", at)
    found = type(segmenter)(tiny_model(), quality="fast", presence_threshold=0.0)
    monkeypatch.setattr(found, "_ask", _brightness)
    parts = list(found.stream(images, ["a left dog", "a right dog"]))
    for t, part in enumerate(parts):
        probability = part.probability_ETHW.astype(float).clip(1e-4, 1 - 1e-4)
        logit = np.log(probability / (1 - probability))
        assert logit[0, 0, 32, 16] == pytest.approx(2 * (t + 1) / 50, abs=0.03)
        assert logit[1, 0, 32, 112] == pytest.approx((t + 1) / 50, abs=0.03)


def _brightness(images, views, helpers, **_):
    """Answer like ``Segmenter._ask``: each place's logit is its brightness, divided by 50."""
    for image_HW3 in images:
        logits_HW = torch.from_numpy(image_HW3[::4, ::4, 0] / 50).float()
        sentences = sum(count for count, _ in views[0]._words)
        logits_ETHW = logits_HW.expand(sentences, 1, -1, -1)
        yield Answers([image_HW3], logits_ETHW, torch.ones(sentences, 1), [])


def test_what_the_link_leaves_is_left_at_once(segmenter, monkeypatch) -> None:
    """A still scene with two things, both of which the model marks; the box changes over."""
    images = np.full((8, 64, 128, 3), 40, np.uint8)
    images[:, 24:40, 8:24] = images[:, 24:40, 104:120] = 200
    boxes = iter([[8, 24, 24, 40]] * 5 + [[104, 24, 120, 40]] * 3)

    def at(*_, **__):
        return Candidates(np.array([next(boxes)], np.float32), np.array([0.9], np.float32))

    def sure(images, views, helpers, **_):
        for image_HW3 in images:
            logits_HW = torch.from_numpy(image_HW3[::4, ::4, 0] / 20.0 - 6).float()
            yield Answers([image_HW3], logits_HW[None, None], torch.ones(1, 1), [])

    monkeypatch.setattr(grounded, "propose", at)
    found = type(segmenter)(tiny_model(), quality="good")
    monkeypatch.setattr(found, "_ask", sure)
    masks = found.segment(images, ["a dog"]).masks_ETHW[0]
    assert masks[:, 32, 16].tolist() == [True] * 5 + [False] * 3
    assert masks[:, 32, 112].tolist() == [False] * 5 + [True] * 3


@pytest.mark.parametrize("sentence", ["the red ball", "the ball on the right"])
def test_what_is_marked_but_not_meant_is_no_candidate(segmenter, monkeypatch, sentence) -> None:
    """The model marks two things, and is surer of the one that the sentence's words leave out."""
    images = np.full((6, 64, 128, 3), 90, np.uint8)
    images[:, 24:40, 8:24] = (20, 20, 220)
    images[:, 24:40, 104:120] = (220, 20, 20)
    logits_HW = torch.full((16, 32), -6.0)
    logits_HW[6:10, 2:6], logits_HW[6:10, 26:30] = 5.0, 2.0

    def sure(images, views, helpers, **_):
        for image_HW3 in images:
            yield Answers([image_HW3], logits_HW[None, None], torch.ones(1, 1), [])

    def boxes(quality):
        found = type(segmenter)(tiny_model(), quality=quality)
        monkeypatch.setattr(found, "_ask", sure)
        return [frame.boxes[0] for frame in found.ground(images, [sentence])]

    assert all(box_4[2] < 32 for box_4 in boxes("fast"))  # chooses nothing by words
    assert all(box_4[0] > 96 for box_4 in boxes("good"))


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (70, 2)])
def test_frames_of_any_shape(segmenter, size) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    good = segmenter.again(threshold=0.3, quality="good")
    assert good.segment(images, ["a dog"]).masks_ETHW.shape == (1, 3, *size)


def test_a_frame_without_a_box_has_no_mask(frames) -> None:
    segmenter = GroundedSegmenter(tiny_model(), quality="fast", presence_threshold=0.999)
    assert not segmenter.segment(frames[:6], ["a dog"]).masks_ETHW.any()


def test_masks_are_near_the_boxes_that_are_linked(segmenter, frames, monkeypatch) -> None:
    box = np.array([[24, 16, 48, 40]], np.float32)
    found = Candidates(box, np.array([0.9], np.float32))
    monkeypatch.setattr(grounded, "propose", lambda *_, **__: found)
    close = type(segmenter)(tiny_model(), quality="fast", threshold=0.01, presence_threshold=0.01)
    masks = close.segment(frames[:6], ["a dog"]).masks_ETHW[0]
    assert masks[:, 16:40, 24:48].any((1, 2)).all()
    beyond = masks.copy()
    beyond[:, 16 - 8 : 40 + 8, 24 - 8 : 48 + 8] = False
    assert not beyond.any()


def test_better_qualities_work_on_grounded_maps(segmenter, frames) -> None:
    found = segmenter.again(threshold=0.4, quality=Quality(flip=True, scales=(1.0, 0.75)))
    assert type(found) is type(segmenter) and found.presence_threshold == 0.3
    assert found.segment(frames[:5], ["a dog"]).masks_ETHW.shape == (1, 5, 72, 96)


def test_a_presence_is_believed_by_half_at_the_threshold() -> None:
    for least in (0.0, 0.3, 1.0):
        segmenter = GroundedSegmenter(tiny_model(), presence_threshold=least)
        assert segmenter._believed(0.0) == 0 and segmenter._believed(1.0) == 1
    assert GroundedSegmenter(tiny_model(), presence_threshold=0.3)._believed(0.3) == 0.5


def test_presence_stays_a_share(frames) -> None:
    segmenter = GroundedSegmenter(tiny_model(), quality="fast", presence_threshold=0.0)
    presence = segmenter.segment(frames[:4] * 0, ["a dog"]).presence_ET
    assert (presence >= 0).all() and (presence <= 1).all()


def test_boxes_are_told_without_masks(segmenter, frames) -> None:
    grounded_frames = list(segmenter.ground(frames[:5], ["a dog", "two cats"]))
    assert len(grounded_frames) == 5
    for frame, image in zip(grounded_frames, frames, strict=False):
        assert (frame.found.image_HW3 == image).all()
        for box, candidates in zip(frame.boxes, frame.found.candidates_E, strict=True):
            assert box is None or box.tolist() in candidates.boxes_N4.tolist()


def test_a_first_mask_is_refused(segmenter, frames) -> None:
    with pytest.raises(UserError, match="needs no grounding"):
        segmenter.stream(frames, ["a dog"], [np.ones((72, 96), bool)])
    assert next(segmenter.stream(frames, ["a dog"], [None])).first_frame == 0
