import pytest
import torch

from slvp.segmenter.places import Places


def levels(scale: float = 1.0):
    generator = torch.Generator().manual_seed(0)
    return [
        scale * (5 + torch.randn(channels, 64 // stride, 96 // stride, generator=generator))
        for channels, stride in ((4, 4), (6, 8), (10, 16), (20, 32))
    ]


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_levels_weigh_alike_whatever_their_scale(scale):
    first = levels(scale)
    seen = Places(first).see(first)
    assert [tuple(level_CHW.shape) for level_CHW in seen] == [(4, 8, 12), (6, 8, 12), (10, 8, 12)]
    for level_CHW in seen:
        assert level_CHW.mean().abs() < 1e-4
        assert level_CHW.square().sum(0).mean() == pytest.approx(1, abs=0.1)


def test_later_frames_are_seen_as_the_first_one_is():
    places = Places(levels())
    for now_CHW, then_CHW in zip(places.see(levels(2.0)), places.see(levels()), strict=True):
        assert now_CHW.mean() > then_CHW.mean() + 0.5
