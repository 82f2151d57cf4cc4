import itertools

import numpy as np
import pytest

from slvp.errors import UserError
from slvp.models.grounded.candidates import Candidates
from slvp.segmenter import Quality, grounded
from slvp.segmenter.grounded import GroundedSegmenter, UnlinkedSegmenter
from slvp.segmenter.linking import LAG, NO_LINK
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


def test_no_frame_is_held_longer_than_windows_and_link_need(segmenter, frames) -> None:
    given = 0

    def counted():
        nonlocal given
        for frame in itertools.cycle(frames):
            given += 1
            yield frame

    segmenter.overlaps = False
    for part in itertools.islice(segmenter.stream(counted(), ["a dog"]), 60):
        ahead = given - part.first_frame
        assert ahead <= segmenter.lag + 4 * segmenter.window


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


def test_without_the_link_nothing_else_differs() -> None:
    assert UnlinkedSegmenter.lag == 0 and UnlinkedSegmenter.steps == NO_LINK
    assert GroundedSegmenter.lag == LAG


def test_a_first_mask_is_refused(segmenter, frames) -> None:
    with pytest.raises(UserError, match="needs no grounding"):
        segmenter.stream(frames, ["a dog"], [np.ones((72, 96), bool)])
