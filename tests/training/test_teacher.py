"""What a model says of whole videos."""

import numpy as np
import pytest
import torch

from slvp.models.slvp import SLVP
from slvp.training.teacher import Teacher
from tiny import tiny_config, tiny_model

FRAMES = np.random.default_rng(0).integers(0, 256, (5, 40, 56, 3), np.uint8)
CPU = torch.device("cpu")


@pytest.mark.parametrize("head", ["mask", "flow"])
def test_probabilities_have_the_frames_size(head):
    torch.manual_seed(0)
    teacher = Teacher(SLVP(tiny_config(head=head)), CPU)
    told = teacher.ask(FRAMES, ["a dog", "a cat", "a horse"])
    assert told.shape == (3, 5, 40, 56)
    assert told.dtype == np.float32
    assert told.min() >= 0
    assert told.max() <= 1
    assert told.std() > 0


def test_no_sentence_gets_no_answer():
    assert Teacher(tiny_model(), CPU).ask(FRAMES, []).shape == (0, 5, 40, 56)


def test_sentences_are_asked_one_by_one():
    teacher = Teacher(tiny_model(), CPU)
    sentences = [f"the dog of {number} cats" for number in range(10)]
    together = teacher.ask(FRAMES, sentences)
    for number in (0, 9):
        np.testing.assert_allclose(
            together[number], teacher.ask(FRAMES, [sentences[number]])[0], atol=1e-5
        )


def test_a_model_in_training_stays_so():
    model = tiny_model().train()
    teacher = Teacher(model, CPU)
    first, second = (teacher.ask(FRAMES, ["a dog"]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert model.training


def test_of_flow_what_moves_most_is_the_object(monkeypatch):
    from slvp.training import teacher

    speed = torch.zeros(2, 3, 8, 8)
    speed[0, :, 2:5, 2:5] = 6.0
    speed[1] += 0.1  # all but still
    told = teacher._log_odds_of_flow(speed).sigmoid()
    assert (told[0, :, 2:5, 2:5] > 0.95).all()
    assert (told[0, :, 6:] < 0.05).all()
    assert (told[1] < 0.05).all()
