import numpy as np
import pytest

from slvp.segmenter.specks import names_one, specks


@pytest.mark.parametrize(
    "sentence",
    [
        "a brown dog",
        "An elephant near two cats",
        "the black and white dog",
        "person on the left",
        "the bus",
        "the man riding two horses",
        "a girl with skis and the sticks",
        "a bear, seen by many people",
    ],
)
def test_sentences_that_name_one(sentence):
    assert names_one(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "two people riding a motorbike",
        "the dogs",
        "White cats on a sofa",
        "people in the background",
        "a group of men",
        "a man and woman on the left",
        "a bunch of sheep",
        "every car moving left",
        "a man and his dog",
        "the horse and the rider jumping",
    ],
)
def test_sentences_that_name_several(sentence):
    assert not names_one(sentence)


def test_light_pieces_are_specks_and_the_rest_is_not():
    probability = np.zeros((20, 30), np.float32)
    probability[2:12, 2:12] = 0.9  # weight 40
    probability[2:6, 15:20] = 0.9  # weight 8: a fifth
    probability[15:18, 15:18] = 1.0  # weight 4.5
    probability[14:19, 2:8] = 0.6  # weight 3, though it is larger
    found = specks(probability, 0.499)
    assert not found[:12].any()
    assert found[15:18, 15:18].all()
    assert found[14:19, 2:8].all()
    assert found.sum() == 9 + 30


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_one_piece_or_none_has_no_specks(value):
    assert not specks(np.full((5, 6), value, np.float32), 0.5).any()
