import pytest
import torch

from slvp.models.motion import LocalCorrelation, _standardised


@pytest.fixture
def correlation() -> LocalCorrelation:
    torch.manual_seed(0)
    return LocalCorrelation(stride4=8, stride8=16, width=12, reach=3)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, -2), (-3, 3)])
@torch.no_grad()
def test_what_moves_is_found_where_it_went(correlation, down: int, right: int) -> None:
    places_BTHWC = torch.nn.functional.normalize(torch.randn(1, 1, 12, 14, 32), dim=-1)
    moved = places_BTHWC.roll((down, right), dims=(2, 3))
    chance_BTHWK = correlation._found(correlation._likeness(places_BTHWC, moved))[..., :-2]
    inside = chance_BTHWK[0, 0, 3:-3, 3:-3].flatten(0, 1)
    offsets = correlation.offsets_K2[inside.argmax(-1)] * correlation.reach
    assert torch.allclose(offsets, torch.tensor([down, right]).float())


@torch.no_grad()
def test_what_is_seen_from_there_is_the_likeness_from_there(correlation) -> None:
    places, others = torch.randn(2, 1, 3, 5, 6, 32).unbind()
    from_there = correlation._seen_from_there(correlation._likeness(places, others))
    torch.testing.assert_close(from_there, correlation._likeness(others, places))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_clip_is_standardised_in_any_precision(dtype: torch.dtype) -> None:
    clips_BTHWC = 30 * torch.randn(2, 4, 32, 56, 3) + 100
    places_BNC = clips_BTHWC.flatten(1, 3)
    expected = (places_BNC - places_BNC.mean(1, keepdim=True)) / places_BNC.std(1, keepdim=True)
    found = _standardised(clips_BTHWC.to(dtype))
    assert found.dtype == dtype
    torch.testing.assert_close(found.float().flatten(1, 3), expected, rtol=0.02, atol=0.03)


def test_a_clip_of_one_colour_has_gradients(correlation) -> None:
    stride8_BTCHW = torch.zeros(1, 2, 16, 4, 4, requires_grad=True)
    correlation(torch.zeros(1, 2, 8, 8, 8), stride8_BTCHW).sum().backward()
    assert stride8_BTCHW.grad is not None
    assert stride8_BTCHW.grad.isfinite().all()


@torch.no_grad()
def test_a_single_frame_tells_no_motion(correlation) -> None:
    motion = [
        correlation(torch.randn(1, 1, 8, 8, 8), torch.randn(1, 1, 16, 4, 4)) for _ in range(2)
    ]
    assert motion[0].shape == (1, 1, 4, 4, 12)
    torch.testing.assert_close(motion[0], motion[1])


@torch.no_grad()
def test_frames_are_compared_with_their_neighbours_only(correlation) -> None:
    stride4, stride8 = torch.randn(1, 4, 8, 8, 8), torch.randn(1, 4, 16, 4, 4)
    before = correlation(stride4, stride8)
    # Shifted in a circle, so that the clip's mean and deviation stay what they were.
    stride4[:, 3], stride8[:, 3] = stride4[:, 3].roll(2, -1), stride8[:, 3].roll(1, -1)
    after = correlation(stride4, stride8)
    torch.testing.assert_close(after[:, :2], before[:, :2])
    assert not torch.allclose(after[:, 2], before[:, 2])
