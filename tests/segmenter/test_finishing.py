import cv2
import numpy as np
import pytest
import torch

from slvp.segmenter.finishing import Finisher
from slvp.segmenter.quality import QUALITIES, Quality

GRID = (16, 24)
SIZE = (120, 200)
REFINE = Quality(follow=False)


def picture() -> np.ndarray:
    """A red disk on a green, noisy ground, and a small one apart."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 30, (*SIZE, 3), dtype=np.uint8) + np.uint8([20, 120, 20])
    for centre, radius in (((70, 60), 35), ((170, 30), 7)):
        cv2.circle(image, centre, radius, (210, 40, 40), -1)
    return image


def disk_logits(stride_grid=GRID) -> torch.Tensor:
    """A blurred idea of both disks."""
    mask = (picture()[..., 0] > 150).astype(np.float32)
    height, width = stride_grid
    blurred = cv2.GaussianBlur(mask, (0, 0), 6)
    small = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(8 * small - 3)[None]


def finish(quality, logits, image=None, sentence="a red ball", threshold=0.5):
    image = picture() if image is None else image
    return Finisher(quality, threshold, [sentence]).finish(image, logits, GRID).numpy()[0]


@pytest.mark.parametrize("name", QUALITIES)
@pytest.mark.parametrize("logit", [-4.0, 0.0, 1.0])
def test_a_constant_stays_what_it_is(name, logit):
    got = finish(QUALITIES[name], torch.full((1, *GRID), logit))
    assert got.shape == SIZE
    np.testing.assert_allclose(got, 1 / (1 + np.exp(-logit)), atol=1e-3)


def test_refined_masks_follow_the_picture():
    truth = np.zeros(SIZE, np.uint8)
    cv2.circle(truth, (70, 60), 35, 1, -1)
    errors = {}
    for name, quality in (("alone", QUALITIES["fast"]), ("refined", REFINE)):
        errors[name] = ((finish(quality, disk_logits()) > 0.5) != truth).sum()
    assert errors["refined"] < 0.3 * errors["alone"]


@pytest.mark.parametrize("stride_grid", [(16, 24), (32, 48), (8, 12)])
def test_logits_of_any_stride(stride_grid):
    got = finish(REFINE, disk_logits(stride_grid))
    truth = np.zeros(SIZE, np.uint8)
    cv2.circle(truth, (70, 60), 35, 1, -1)
    assert ((got > 0.5) & (truth > 0)).sum() > 0.8 * ((got > 0.5) | (truth > 0)).sum()


def test_a_mirrored_frame_is_refined_alike():
    there = finish(REFINE, disk_logits().flip(-1), np.ascontiguousarray(picture()[:, ::-1]))
    np.testing.assert_allclose(there[:, ::-1], finish(REFINE, disk_logits()), atol=2e-3)


@pytest.mark.parametrize(("sentence", "kept"), [("a red ball", False), ("two red balls", True)])
def test_a_small_piece_apart_stays_where_several_are_asked_for(sentence, kept):
    got = finish(REFINE, disk_logits() + 1.5, sentence=sentence)
    assert (got[60, 70] > 0.5) and ((got[20:40, 160:180] > 0.5).any() == kept)


def test_a_video_is_followed_and_its_colours_are_remembered():
    still = Finisher(QUALITIES["good"], 0.5, ["a red ball"])
    for _ in range(3):
        first = still.finish(picture(), disk_logits(), GRID).numpy()[0]
    unsure = torch.zeros(1, *GRID)
    after = still.finish(picture(), unsure, GRID).numpy()[0]
    assert ((after > 0.5) == (first > 0.5)).mean() > 0.95
    assert finish(QUALITIES["good"], unsure).max() < 0.51  # with nothing to remember


@pytest.mark.parametrize("follow", [False, True])
def test_the_one_that_a_sentence_places_is_chosen_unless_it_names_several(follow):
    """The small disk is enlarged in the map, as a thing of the same kind would be."""
    logits = disk_logits()
    logits[0, 1:6, 19:23] = 4
    quality = Quality(follow=follow)
    assert (finish(quality, logits, sentence="the ball on the right")[:, :110] < 0.5).all()
    assert (finish(quality, logits, sentence="the ball on the left")[:, 140:] < 0.5).all()
    both = finish(quality, logits, sentence="the balls on the right")
    assert (both[:, :110] > 0.5).any()
    assert (both[:, 140:] > 0.5).any()
