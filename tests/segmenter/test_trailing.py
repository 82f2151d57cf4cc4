import numpy as np
import pytest
import torch

from slvp.errors import UserError
from slvp.segmenter import QUALITIES, Quality, Segmenter
from slvp.segmenter.trailing import Trailing
from tiny import tiny_model

SENTENCES = ["a dog", "the red ball"]
PLAIN = Quality(follow=False, refine=False, choose=False)


def clip(frames: int, height: int = 50, width: int = 90):
    return np.random.default_rng(0).integers(0, 255, (frames, height, width, 3), dtype=np.uint8)


def test_the_newest_frame_gets_what_the_model_says_of_it_in_the_window_that_ends_there():
    model = tiny_model()
    segmenter = Segmenter(model, window=3, quality=PLAIN)
    trailing = Trailing(segmenter, SENTENCES)
    frames = clip(6)
    for t, image in enumerate(frames):
        prediction = trailing.add(image)
        window = frames[max(0, t - 2) : t + 1]
        sides = model.sides(image.shape[:2], segmenter.size)
        with torch.inference_mode():
            seen = model.encode_vision(
                torch.stack([model.resize(one, sides) for one in window])[None]
            )
            output = model.decode(
                seen, model.encode_text(SENTENCES), torch.zeros(2, dtype=torch.long)
            )
            logits, presence = output.best()
            expected = torch.nn.functional.interpolate(
                logits[:, -1:], size=image.shape[:2], mode="bilinear"
            ).sigmoid()
        assert prediction.first_frame == t
        assert prediction.probability_ETHW.shape == (2, 1, 50, 90)
        np.testing.assert_allclose(prediction.probability_ETHW, expected, atol=2e-3)
        np.testing.assert_allclose(prediction.presence_ET, presence[:, -1:].sigmoid(), atol=1e-4)


def test_earlier_frames_have_a_say():
    frames = clip(2)
    segmenter = Segmenter(tiny_model(), quality=PLAIN)
    trailing = Trailing(segmenter, SENTENCES)
    trailing.add(frames[0])
    after_another = trailing.add(frames[1])
    alone = Trailing(segmenter, SENTENCES).add(frames[1])
    assert np.abs(after_another.probability_ETHW - alone.probability_ETHW).max() > 1e-3


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_first_frame_is_finished_as_a_video_of_one_frame_is(quality):
    segmenter = Segmenter(tiny_model(presence_threshold=0.25), quality=quality)
    image = clip(1)[0]
    expected = segmenter.segment([image], SENTENCES)
    prediction = Trailing(segmenter, SENTENCES).add(image)
    np.testing.assert_allclose(
        prediction.probability_ETHW, expected.probability_ETHW, atol=2e-3, rtol=0
    )
    np.testing.assert_allclose(prediction.presence_ET, expected.presence_ET, atol=1e-4)


@pytest.mark.parametrize("follow", [False, True])
def test_masks_agree_along_time_where_quality_asks_for_it(follow):
    """With a window of one frame, only finishing can know of the frame before."""
    quality = Quality(follow=follow, refine=False, choose=False)
    segmenter = Segmenter(tiny_model(), window=1, quality=quality)
    before = clip(1)[0] // 2
    image = before + np.uint8(8)  # so like it that flow is trusted
    trailing = Trailing(segmenter, SENTENCES)
    trailing.add(before)
    followed = trailing.add(image).probability_ETHW
    alone = Trailing(segmenter, SENTENCES).add(image).probability_ETHW
    assert np.array_equal(followed, alone) != follow


@pytest.mark.parametrize("window", [1, 2, 4])
def test_no_more_frames_are_kept_than_the_window_needs(window):
    model = tiny_model()
    seen = []
    decode = model.decode
    model.decode = lambda pyramid, *rest: seen.append(pyramid.frames) or decode(pyramid, *rest)
    trailing = Trailing(Segmenter(model, window=window, quality="fast"), ["a dog"])
    for image in clip(3 * window + 2, 32, 48):
        trailing.add(image)
        assert trailing.kept <= window - 1
    assert seen == [min(t + 1, window) for t in range(3 * window + 2)]


def test_what_cannot_be_asked_is_told():
    segmenter = Segmenter(tiny_model())
    with pytest.raises(UserError, match="sentence 2"):
        Trailing(segmenter, ["a dog", " "])
    trailing = Trailing(segmenter, ["a dog"])
    trailing.add(clip(1, 32, 48)[0])
    with pytest.raises(UserError, match="48 x 40 pixels"):
        trailing.add(clip(1, 40, 48)[0])
