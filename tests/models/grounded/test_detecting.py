import numpy as np
import pytest
import torch

from slvp.models.grounded.detecting import _phrase
from slvp.models.grounded.loading import load_grounded

SENTENCES = ["the red car", "a small dog that runs", "the blue car on the left"]
LONG = "the small dog that runs " * 30


@pytest.fixture(scope="module", params=["grounding_dino", "owlv2", "omdet_turbo"])
def detector(request, tiny_folder):
    return load_grounded(tiny_folder(request.param), tiny_folder("sam")).detector


def assert_same(one, other) -> None:
    np.testing.assert_array_equal(one.boxes_N4, other.boxes_N4)
    np.testing.assert_array_equal(one.score_N, other.score_N)


@pytest.mark.parametrize("size", [(37, 53), (53, 37), (3, 40), (16, 16)])
def test_boxes_are_in_the_frame_and_scores_from_0_to_1(detector, size) -> None:
    image_HW3 = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    for found in detector.detect(image_HW3, SENTENCES):
        assert found.boxes_N4.dtype == found.score_N.dtype == np.float32
        assert found.boxes_N4.shape == (len(found.score_N), 4)
        assert len(found.score_N) <= 12
        left, top, right, bottom = found.boxes_N4.T
        assert (left >= 0).all() and (right <= size[1]).all() and (right > left).all()
        assert (top >= 0).all() and (bottom <= size[0]).all() and (bottom > top).all()
        assert (found.score_N > 0).all() and (found.score_N <= 1).all()


def test_a_sentence_asked_with_others_has_the_answer_it_has_alone(detector, frames) -> None:
    together = detector.detect(frames[0], SENTENCES)
    assert len(together) == len(SENTENCES)
    for sentence, found in zip(SENTENCES, together, strict=True):
        assert len(found.score_N)
        (alone,) = detector.detect(frames[0], [sentence])
        assert_close(found, alone)
    # They are told apart at all.
    assert not np.array_equal(together[0].score_N, together[1].score_N)


def assert_close(one, other) -> None:
    np.testing.assert_allclose(one.boxes_N4, other.boxes_N4, atol=1e-3)
    np.testing.assert_allclose(one.score_N, other.score_N, atol=1e-5)


def test_the_same_twice_and_another_frame_another(detector, frames) -> None:
    (first,) = detector.detect(frames[0], SENTENCES[:1])
    (again,) = detector.detect(frames[0], SENTENCES[:1])
    (other,) = detector.detect(frames[1], SENTENCES[:1])
    assert_same(first, again)
    assert not np.array_equal(first.score_N, other.score_N)


def test_no_sentence_no_answer(detector, frames) -> None:
    assert detector.detect(frames[0], []) == []


def test_a_sentence_may_have_more_words_than_the_model_has_places(detector, frames) -> None:
    found, short = detector.detect(frames[0], [LONG, SENTENCES[0]])
    assert len(found.score_N)
    assert_close(short, detector.detect(frames[0], SENTENCES[:1])[0])


@pytest.mark.parametrize("kind", ["grounding_dino", "owlv2", "omdet_turbo"])
def test_half_precision_models_are_given_half_precision(tiny_folder, frames, kind) -> None:
    detector = load_grounded(tiny_folder(kind), tiny_folder("sam")).detector
    (found,) = detector.bfloat16().detect(frames[0], SENTENCES[:1])
    assert found.boxes_N4.dtype == found.score_N.dtype == np.float32
    assert len(found.score_N)


def test_grounding_dino_looks_at_a_frame_once(tiny_folder, frames) -> None:
    detector = load_grounded(tiny_folder("grounding_dino"), tiny_folder("sam")).detector
    looks = []
    backbone = detector.model.model.backbone
    backbone.conv_encoder.register_forward_hook(lambda *_: looks.append(1))
    detector.detect(frames[0], SENTENCES)
    assert len(looks) == 1
    detector.detect(frames[1], SENTENCES)
    assert len(looks) == 2
    assert "forward" not in vars(backbone)


@pytest.mark.parametrize(
    ("sentence", "phrase"),
    [
        ("The Red Car", "the red car."),
        ("the red car. ", "the red car."),
        ("a car. it is red. ", "a car, it is red."),
        ("which car? the red one", "which car, the red one."),
    ],
)
def test_grounding_dino_is_asked_in_lower_case_with_one_full_stop(sentence, phrase) -> None:
    assert _phrase(sentence) == phrase


def test_owl_counts_a_place_for_every_sentence(tiny_folder, frames) -> None:
    """Its own post-processing would give each place to the one sentence that fits it best."""
    detector = load_grounded(tiny_folder("owlv2"), tiny_folder("sam")).detector
    one, other = detector.detect(frames[0], ["the red car", "the red car"])
    assert len(one.score_N)
    torch.testing.assert_close(torch.tensor(one.boxes_N4), torch.tensor(other.boxes_N4))
