import numpy as np
import pytest
import torch
from torchvision.utils import flow_to_image

from slvp.training.flow_colours import colour_flow, colour_wheel


def paint(x, y, scale=1.0):
    return tuple(int(c) for c in colour_flow(np.array([[[x, y]]], np.float32), scale)[0, 0])


def test_directions_have_the_colours_of_the_benchmark():
    assert paint(0, 0) == (255, 255, 255)
    assert paint(1, 0) == (255, 0, 0)
    assert paint(-1, 0) == (0, 208, 255)  # two of eleven colours from cyan to blue
    assert paint(0, 1) == (255, 229, 0)
    assert paint(0, -1) == (88, 0, 255)


def test_length_is_paleness_up_to_the_scale_and_darkness_beyond():
    assert paint(0.5, 0) == (255, 127, 127)
    assert paint(2, 0, scale=4) == (255, 127, 127)
    assert paint(3, 0) == (191, 0, 0)


def test_it_agrees_with_another_implementation():
    flow_HW2 = np.random.default_rng(0).normal(size=(20, 30, 2)).astype(np.float32)
    longest = float(np.linalg.norm(flow_HW2, axis=-1).max())
    theirs = flow_to_image(torch.from_numpy(flow_HW2).permute(2, 0, 1)).permute(1, 2, 0).numpy()
    # The other one's table of colours is rounded down before it is blended.
    np.testing.assert_allclose(colour_flow(flow_HW2, longest), theirs, atol=2)


def test_the_wheel_shows_each_direction_at_its_place():
    wheel_HW3 = colour_wheel(101)
    assert wheel_HW3.shape == (101, 101, 3)
    assert tuple(wheel_HW3[50, 100]) == (255, 0, 0)
    assert tuple(wheel_HW3[50, 50]) == (255, 255, 255)
    assert tuple(wheel_HW3[0, 0]) == (255, 255, 255)
    assert wheel_HW3[100, 50][0] == 255 and wheel_HW3[100, 50][2] == pytest.approx(0, abs=2)
