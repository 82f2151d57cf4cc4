import numpy as np
import pytest
import torch

from conftest import tiny_model
from slvp.errors import UserError
from slvp.models.slvp import SLVP
from slvp.segmenter import Segmenter


def clip(frames: int, height: int = 50, width: int = 90):
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (frames, height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def segmenter():
    return Segmenter(tiny_model())


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

        def encode_text(self, sentences):
            return segmenter.model.encode_text(sentences)

        def encode_vision(self, frames_BTCHW):
            return frames_BTCHW

        def decode(self, pyramid, words, clip_of_E):
            from slvp.models.heads import MaskOutput

            first = pyramid[0, 0, 0, 0, 0]
            count = pyramid.shape[1]
            return MaskOutput(
                torch.full((1, 1, count, 16, 16), float(first)), torch.zeros(1, 1, count)
            )

    answering = Segmenter(Answers())
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


def test_vision_runs_once_for_all_sentences(segmenter, monkeypatch):
    calls = []
    original = SLVP.encode_vision

    def counted(self, frames_BTCHW):
        calls.append(frames_BTCHW.shape[1])
        return original(self, frames_BTCHW)

    monkeypatch.setattr(SLVP, "encode_vision", counted)
    segmenter.segment(clip(4), ["a", "b", "c"])
    assert calls == [4]


def test_masks_follow_thresholds():
    frames = clip(2)
    prediction = Segmenter(tiny_model(), presence_threshold=0.0).segment(frames, ["a dog"])
    assert (prediction.masks_ETHW == (prediction.probability_ETHW > 0.5)).all()
    hidden = Segmenter(tiny_model(), presence_threshold=1.0).segment(frames, ["a dog"])
    assert not hidden.masks_ETHW.any()


@pytest.mark.parametrize(
    ("sentences", "said"),
    [([], "no sentence"), (["a dog", "  "], "sentence 2 is empty"), (["x" * 10_000], "10,000")],
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
