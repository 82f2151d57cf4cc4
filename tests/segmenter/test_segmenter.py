import weakref
from fractions import Fraction

import numpy as np
import pytest
import torch

from slvp.errors import UserError
from slvp.models.slvp import SLVP
from slvp.models.vision import Pyramid
from slvp.segmenter import QUALITIES, Quality, Segmenter
from slvp.video import VideoReader, VideoWriter
from tiny import tiny_model


def clip(frames: int, height: int = 50, width: int = 90):
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (frames, height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module", params=QUALITIES)
def segmenter(request):
    return Segmenter(tiny_model(), quality=request.param)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 6, 7, 11, 12])
def test_every_frame_once_and_in_order(segmenter, frames):
    parts = list(segmenter.stream(iter(clip(frames)), ["a dog", "a cat"]))
    starts = [part.first_frame for part in parts]
    lengths = [part.masks_ETHW.shape[1] for part in parts]
    assert starts == list(np.cumsum([0, *lengths[:-1]]))
    assert sum(lengths) == frames
    assert all(part.masks_ETHW.shape[2:] == (50, 90) for part in parts)


def test_blend_of_overlapping_windows(segmenter, monkeypatch):
    """A model that answers with the window's first pixel: the blend must be the weighted mean."""
    frames = np.zeros((6, 64, 64, 3), np.uint8)
    frames[:] = np.arange(6, dtype=np.uint8)[:, None, None, None] * 40

    class Answers(torch.nn.Module):
        config = segmenter.model.config
        sides = segmenter.model.sides
        resize = segmenter.model.resize

        def ready(self):
            return self

        def encode_text(self, sentences):
            return segmenter.model.encode_text(sentences)

        def encode_vision(self, frames_BTCHW):
            return Pyramid([frames_BTCHW] * 4, frames_BTCHW)

        def decode(self, pyramid, words, clip_of_E):
            from slvp.models.heads import MaskOutput

            first = pyramid.levels[0][0, 0, 0, 0, 0]
            count = pyramid.frames
            return MaskOutput(
                torch.full((1, 1, count, 16, 16), float(first)), torch.zeros(1, 1, count)
            )

    answering = Segmenter(Answers(), quality="fast")
    got = answering.segment(frames, ["a dog"]).probability_ETHW[0, :, 32, 32].astype(float)
    # Windows 0-3 and 2-5, weights 1 2 2 1.
    a, b = 0.0, 80 / 255
    logits = [a, a, (2 * a + b) / 3, (a + 2 * b) / 3, b, b]
    np.testing.assert_allclose(got, 1 / (1 + np.exp(-np.array(logits))), atol=1e-3)


def test_sentences_do_not_change_each_other(segmenter):
    frames = clip(5)
    both = segmenter.segment(frames, ["a dog", "a much longer sentence about a cat"])
    alone = segmenter.segment(frames, ["a dog"])
    np.testing.assert_allclose(
        both.probability_ETHW[0].astype(float), alone.probability_ETHW[0].astype(float), atol=2e-3
    )
    np.testing.assert_allclose(both.presence_ET[0], alone.presence_ET[0], atol=1e-4)


@pytest.mark.parametrize("frames", [1, 4, 5, 11])
@pytest.mark.parametrize("window", [1, 3, 4])
def test_vision_sees_every_frame_once_however_many_sentences(frames, window, monkeypatch):
    seen = []
    original = SLVP.encode_vision

    def counted(self, frames_BTCHW):
        seen.append(frames_BTCHW.shape[1])
        return original(self, frames_BTCHW)

    monkeypatch.setattr(SLVP, "encode_vision", counted)
    Segmenter(tiny_model(), window=window).segment(clip(frames), [f"dog {n}" for n in range(20)])
    assert sum(seen) == frames


def test_features_carried_over_say_the_same_as_fresh_ones(fusion):
    """The second window alone, against the second of two, where no other window has a say."""
    segmenter = Segmenter(tiny_model(fusion=fusion), quality="fast")
    frames = clip(6)
    both, second = (segmenter.segment(some, ["a dog"]) for some in (frames, frames[2:]))
    np.testing.assert_allclose(
        both.probability_ETHW[:, 4:].astype(float),
        second.probability_ETHW[:, 2:].astype(float),
        atol=2e-3,
    )
    np.testing.assert_allclose(both.presence_ET[:, 4:], second.presence_ET[:, 2:], atol=1e-4)


def test_no_more_than_a_few_sentences_are_decoded_at_once(segmenter, monkeypatch):
    asked = []
    original = SLVP.decode

    def counted(self, pyramid, words, clip_of_E):
        asked.append(len(clip_of_E))
        return original(self, pyramid, words, clip_of_E)

    sentences = [f"dog {number}" for number in range(19)]
    alone = segmenter.segment(clip(2), sentences[-1:])
    monkeypatch.setattr(SLVP, "decode", counted)
    prediction = segmenter.segment(clip(2), sentences)
    views = len(segmenter.quality.scales) * (1 + segmenter.quality.flip)
    assert asked == [8, 8, 3] * views
    assert prediction.sentences == sentences
    np.testing.assert_allclose(
        prediction.probability_ETHW[-1].astype(float),
        alone.probability_ETHW[0].astype(float),
        atol=2e-3,
    )


def test_a_video_whole_or_in_a_stream_says_the_same(segmenter):
    frames, sentences = clip(9), ["a dog", "the cats"]
    whole = segmenter.segment(frames, sentences)
    parts = list(segmenter.stream(iter(frames), sentences))
    for name in ("probability_ETHW", "presence_ET", "masks_ETHW"):
        streamed = np.concatenate([getattr(part, name) for part in parts], axis=1)
        np.testing.assert_array_equal(streamed, getattr(whole, name))


def test_nothing_is_remembered_of_another_video(segmenter):
    frames = clip(5)
    first = segmenter.segment(frames, ["a dog"])
    segmenter.segment(255 - frames, ["a dog"])
    again = segmenter.segment(frames, ["a dog"])
    np.testing.assert_array_equal(first.probability_ETHW, again.probability_ETHW)


def test_memory_does_not_grow_with_the_video(segmenter):
    """No more frames are alive than two windows hold."""
    alive = weakref.WeakSet()

    class Watched(np.ndarray):
        pass

    def frames():
        for image in clip(24):
            watched = image.copy().view(Watched)
            alive.add(Owner(watched))
            yield watched

    class Owner:
        def __init__(self, image):
            image.owner = self

    most = 0
    for _ in segmenter.stream(frames(), ["a dog"]):
        most = max(most, len(alive))
    assert 0 < most <= 2 * segmenter.window


def test_mirrored_frames_and_words_give_mirrored_masks():
    """With a flip, the model is asked the same two questions, in another order."""
    segmenter = Segmenter(tiny_model(), quality=Quality(follow=False, refine=False, flip=True))
    frames = clip(3, 64, 96)
    there = segmenter.segment(frames, ["a dog on the left"]).probability_ETHW
    mirrored = segmenter.segment(frames[:, :, ::-1], ["a dog on the right"]).probability_ETHW
    np.testing.assert_allclose(mirrored[..., ::-1].astype(float), there.astype(float), atol=2e-3)
    once = Segmenter(tiny_model(), quality="fast").segment(frames, ["a dog on the left"])
    assert np.abs(once.probability_ETHW.astype(float) - there.astype(float)).max() > 1e-2


def test_several_sizes_are_averaged():
    frames = clip(3, 64, 96)

    def logits(scales):
        quality = Quality(follow=False, refine=False, scales=scales)
        prediction = Segmenter(tiny_model(), quality=quality).segment(frames, ["a dog"])
        probability = prediction.probability_ETHW.astype(float)
        return np.log(probability / (1 - probability))

    # At the frames' own size: what is between the places of the smaller answer is interpolated.
    small, large, both = logits((1.0,)), logits((2.0,)), logits((1.0, 2.0))
    mean = (small + large) / 2
    assert np.abs(both - mean).mean() < 0.25 * np.abs(small - large).mean()


def test_a_path_a_reader_and_frames_say_the_same(segmenter, tmp_path):
    with VideoWriter(tmp_path / "clip.mp4", frame_rate=Fraction(10)) as writer:
        for image in clip(5):
            writer.write(image)
    path = tmp_path / "clip.mp4"
    with VideoReader(path) as reader:
        frames = [frame.image_HW3 for frame in reader]
        sources = [str(path), path, reader, iter(reader), iter(frames), np.stack(frames)]
        predictions = [segmenter.segment(source, ["a dog"]) for source in sources]
    for prediction in predictions:
        assert (prediction.probability_ETHW == predictions[0].probability_ETHW).all()


def test_a_missing_video_is_told_at_the_call(segmenter, tmp_path):
    with pytest.raises(UserError, match="doesn't exist"):
        segmenter.stream(tmp_path / "no.mp4", ["a dog"])


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (clip(2).astype(np.float32), "frame 0 .* float32"),
        (clip(2)[..., :1], r"frame 0 has shape \(50, 90, 1\)"),
        (clip(1)[0], r"frame 0 has shape \(90, 3\)"),
        (clip(1, 0), r"frame 0 has shape \(0, 90, 3\)"),
        ([*clip(5), *clip(1, 50, 64)], "frame 5 is 64 x 50 pixels, .* 90 x 50"),
    ],
)
def test_frames_of_another_kind_or_size(segmenter, frames, said):
    with pytest.raises(UserError, match=said):
        segmenter.segment(frames, ["a dog"])


def test_masks_follow_thresholds():
    frames = clip(2)
    prediction = Segmenter(tiny_model(), presence_threshold=0.0).segment(frames, ["a dog"])
    assert (prediction.masks_ETHW == (prediction.probability_ETHW > 0.5)).all()
    hidden = Segmenter(tiny_model(), presence_threshold=1.0).segment(frames, ["a dog"])
    assert not hidden.masks_ETHW.any()


@pytest.mark.parametrize(
    ("sentences", "said"),
    [
        ([], "no sentence"),
        (["a dog", "  "], "sentence 2 is empty"),
        (["x" * 10_000], "10,000"),
        ("a dog", r"expected a list, such as \['a dog'\]"),
        (["caf\udce9"], "sentence 1 has bytes"),
    ],
)
def test_bad_sentences_are_told_at_the_call(segmenter, sentences, said):
    with pytest.raises(UserError, match=said):
        segmenter.stream(iter(clip(1)), sentences)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": 0}, "size 0"),
        ({"size": 100_000}, "size 100000"),
        ({"threshold": 1.5}, "threshold 1.5"),
        ({"presence_threshold": -1}, "presence threshold -1"),
        ({"window": 0}, "window 0"),
        ({"quality": "superb"}, "quality 'superb'"),
    ],
)
def test_bad_options(options, said):
    with pytest.raises(UserError, match=said):
        Segmenter(tiny_model(), **options)


def test_a_flow_model_is_refused():
    with pytest.raises(UserError, match="flow head"):
        Segmenter(tiny_model(head="flow"))


def test_unknown_device(tiny_model_folder):
    with pytest.raises(UserError, match="device 'tpu'"):
        Segmenter.from_pretrained(tiny_model_folder, device="tpu")


def test_no_frames(segmenter):
    with pytest.raises(UserError, match="no frames"):
        segmenter.segment([], ["a dog"])
