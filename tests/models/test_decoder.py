import torch
from torch.nn import functional as F  # noqa: N812

from slvp.models.decoder import Outline


@torch.no_grad()
def test_outlines_drawn_in_halves_are_those_of_both_side_by_side() -> None:
    torch.manual_seed(0)
    outline = Outline(16)
    pixels_GTCHW, colours_BTCHW = torch.randn(3, 2, 16, 4, 6), torch.randn(2, 2, 12, 8, 12)
    clip_of_G = torch.tensor([1, 0, 1])
    found = outline(pixels_GTCHW, outline.draw(colours_BTCHW), clip_of_G)
    coarse_FCHW = F.interpolate(
        outline.narrow(pixels_GTCHW.flatten(0, 1)), scale_factor=2, mode="bilinear"
    )
    colours_FCHW = outline.colours(colours_BTCHW[clip_of_G].flatten(0, 1))
    expected = outline.fine(torch.cat([coarse_FCHW, colours_FCHW], dim=1))
    assert found.shape == (3, 2, 8, 8, 12)
    torch.testing.assert_close(found.flatten(0, 1), expected, rtol=1e-4, atol=1e-5)
