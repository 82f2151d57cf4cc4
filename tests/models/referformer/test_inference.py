"""Inference as published, written down plainly, beside the Segmenter."""

import numpy as np
import pytest
import torch
import torchvision.transforms as T  # noqa: N812
from PIL import Image

from slvp.errors import UserError
from slvp.models.build import build
from slvp.models.referformer.config import ReferFormerConfig
from slvp.segmenter import Segmenter

SHORT, WINDOW = 48, 3


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = ReferFormerConfig(
        vision="timm:test_efficientnet",
        roberta={"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                 "intermediate_size": 16},
        width=64, attention_heads=2, feedforward=32, encoder_layers=1, decoder_layers=2,
        pixel_width=32, frame_size=SHORT, window=WINDOW,
    )  # fmt: skip
    built = build(config, weights="random").eval()
    for score in built.scores:  # or all queries would have the same
        torch.nn.init.normal_(score.weight, std=2.0)
    return built


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).integers(0, 255, (7, 75, 101, 3), np.uint8)


def published(model, frames, sentence):
    """As ``inference_davis.py`` goes about it: clips that don't overlap, one query for each."""
    resize = T.Compose([T.Resize(SHORT), T.ToTensor()])
    chances = []
    for first in range(0, len(frames), WINDOW):
        images = [resize(Image.fromarray(frame)) for frame in frames[first : first + WINDOW]]
        clip = torch.stack(images)[None]
        with torch.no_grad():
            output = model(clip, [sentence], torch.zeros(1, dtype=torch.long))
        query = output.scores_ETNK[0].sigmoid().mean(0).max(-1).values.argmax()
        logits_THW = output.logits_ENTHW[0, query]
        chances.append(
            torch.nn.functional.interpolate(
                logits_THW[None], size=frames.shape[1:3], mode="bilinear", align_corners=False
            )[0].sigmoid()
        )
    return torch.cat(chances).numpy()


def test_masks_are_those_of_published_inference(model, frames):
    sentences = ["a brown dog", "the car"]
    got = Segmenter(model, quality="fast").segment(frames, sentences)
    for e, sentence in enumerate(sentences):
        expected_THW = published(model, frames, sentence)
        np.testing.assert_allclose(got.probability_ETHW[e], expected_THW, atol=1e-3)
        unsure = np.abs(expected_THW - 0.5) < 1e-3
        assert (got.masks_ETHW[e] == (expected_THW > 0.5))[~unsure].all()


def test_frames_are_resized_as_published(model, frames):
    image = frames[0]
    expected = T.Compose([T.Resize(SHORT), T.ToTensor()])(Image.fromarray(image))
    sides = model.sides(image.shape[:2], SHORT)
    assert sides == tuple(expected.shape[1:])
    torch.testing.assert_close(model.resize(image, sides), expected)


def test_a_stream_holds_one_window(model, frames):
    segmenter = Segmenter(model, quality="fast")
    asked = 0

    def counted():
        nonlocal asked
        for frame in frames:
            asked += 1
            yield frame

    ahead = []
    for part in segmenter.stream(counted(), ["a brown dog"]):
        ahead.append(asked - (part.first_frame + part.masks_ETHW.shape[1]))
    assert max(ahead) <= WINDOW


def test_the_class_that_counts_is_the_best_over_the_clip(model):
    from slvp.models.referformer.records import QueryOutput

    scores_ETNK = torch.tensor([[[[3.0], [0.0]], [[-3.0], [1.0]]]])  # 2 frames, 2 queries
    output = QueryOutput(
        logits_ENTHW=torch.arange(2.0).view(1, 2, 1, 1, 1).expand(1, 2, 2, 4, 4),
        presence_ENT=scores_ETNK[..., 0].transpose(1, 2),
        scores_ETNK=scores_ETNK,
        boxes_ETN4=torch.rand(1, 2, 2, 4),
    )
    logits_ETHW, presence_ET = output.best()  # means of chances: 0.50 and 0.62
    assert (logits_ETHW == 1).all()
    assert presence_ET.tolist() == [[0.0, 1.0]]


def test_a_first_mask_is_not_followed(model, frames):
    with pytest.raises(UserError, match="a first mask is followed by the features of SLVP"):
        Segmenter(model).stream(frames, [""], [np.ones(frames.shape[1:3], np.bool_)])
