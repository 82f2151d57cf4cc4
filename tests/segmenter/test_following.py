import cv2
import numpy as np
import pytest

from slvp.segmenter.following import FINER, Follower, shrink

HEIGHT, WIDTH = 48, 80


def scene(left: int, seed: int = 0) -> np.ndarray:
    """A textured square, 32 pixels wide, over a textured background."""
    rng = np.random.default_rng(seed)
    size = (WIDTH * FINER, HEIGHT * FINER)
    ground, square = (
        cv2.resize(rng.integers(low, low + 128, (12, 20, 3), dtype=np.uint8), size)
        for low in (0, 127)
    )
    ground[32:64, left : left + 32] = square[:32, :32]
    return ground


def square_at(left: int, value: float = 4.0) -> np.ndarray:
    logits = np.full((1, HEIGHT, WIDTH), -value, np.float32)
    logits[:, 16:32, left // FINER : left // FINER + 16] = value
    return logits


def test_the_first_frame_is_as_it_was():
    logits = np.random.default_rng(0).normal(size=(2, HEIGHT, WIDTH)).astype(np.float32)
    np.testing.assert_array_equal(Follower().follow(scene(20), logits), logits)


def test_a_constant_stays_what_it_is():
    follower = Follower()
    for left in (20, 24, 28):
        constant = np.full((1, HEIGHT, WIDTH), 1.5, np.float32)
        np.testing.assert_allclose(follower.follow(scene(left), constant), 1.5, atol=1e-5)


def test_flicker_of_a_still_video_is_evened_out():
    rng, follower = np.random.default_rng(0), Follower()
    for _ in range(12):
        noisy = square_at(20) + rng.normal(0, 3, (1, HEIGHT, WIDTH)).astype(np.float32)
        followed = follower.follow(scene(20), noisy)
    assert np.abs(followed - square_at(20)).mean() < 0.5 * np.abs(noisy - square_at(20)).mean()


def test_what_was_said_moves_with_the_object_and_does_not_smear():
    follower = Follower()
    follower.follow(scene(40), square_at(40))
    followed = follower.follow(scene(52), np.zeros((1, HEIGHT, WIDTH), np.float32))[0]
    inside = followed[18:30, 28:40]  # of the square where it is now: columns 26 to 41
    assert (inside > 1).mean() > 0.8
    left_behind = followed[18:30, 20:24]
    assert (left_behind < 0.5).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_after_a_cut_a_frame_speaks_for_itself(seed):
    follower = Follower()
    follower.follow(scene(40), square_at(40))
    own = square_at(100, value=2.0)
    another = np.where(scene(100, seed) > 127, 0, 255).astype(np.uint8)
    followed = follower.follow(another, own)
    assert (np.abs(followed - own) < 0.5).mean() > 0.95
    assert ((followed > 0) == (own > 0)).mean() > 0.98


def test_sentences_are_followed_apart():
    both = np.concatenate([square_at(40), square_at(60)])
    together, alone = Follower(), Follower()
    for left in (40, 44):
        got = together.follow(scene(left), both)
        np.testing.assert_allclose(got[1:], alone.follow(scene(left), both[1:]), atol=1e-5)


def test_a_picture_is_averaged_when_it_shrinks():
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[:, ::2] = 200
    assert (shrink(stripes, 10, 10) == 100).all()
