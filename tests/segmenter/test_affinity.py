import pytest
import torch

from slvp.segmenter.affinity import OTHER_SAMPLES, REACH, GivenFrame, NewestFrame


def looks(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """Features that no two places share."""
    return torch.randn(64, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [(8, 8), (5, 11), (16, 24), (1, 1)])
def test_what_does_not_move_keeps_its_shares(size):
    features_CHW = looks(*size)
    share_EHW = torch.rand(2, *(2 * side for side in size))
    told_EHW = NewestFrame(features_CHW, share_EHW).tell(features_CHW)
    torch.testing.assert_close(told_EHW, share_EHW, atol=0.02, rtol=0)


def test_shares_move_with_the_places_within_reach_and_no_farther():
    features_CHW = looks(8, 40)
    share_EHW = torch.zeros(1, 16, 80)
    share_EHW[..., 8:16] = 1
    frame = NewestFrame(features_CHW, share_EHW)
    near_EHW = frame.tell(features_CHW.roll(3, dims=2))
    moved_EHW = share_EHW.roll(6, dims=2)
    # What comes in on the left was too far away.
    torch.testing.assert_close(near_EHW[..., 6:], moved_EHW[..., 6:], atol=0.05, rtol=0)
    far = REACH + 16
    assert frame.tell(features_CHW.roll(far, dims=2))[0, :, 2 * far + 8 :].max() < 0.5


def test_a_given_frame_finds_the_object_anywhere():
    features_CHW = looks(8, 40)
    share_HW = torch.zeros(8, 40)
    share_HW[:, 4:8] = 1
    frame = GivenFrame(features_CHW, share_HW.flatten())
    told_HW = frame.tell(features_CHW.roll(22, dims=2))
    assert ((told_HW > 0.5) == (share_HW.roll(22, dims=1) > 0.5)).all()


def test_of_a_large_frame_some_places_stand_for_all():
    """Alike everywhere: what is told is the object's share of the frame."""
    features_CHW = torch.ones(4, 40, 80)
    share_P = torch.zeros(3200)
    share_P[: OTHER_SAMPLES * 2] = 1
    told_HW = GivenFrame(features_CHW, share_P).tell(features_CHW)
    torch.testing.assert_close(told_HW, torch.full((40, 80), OTHER_SAMPLES * 2 / 3200))
