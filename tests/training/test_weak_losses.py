"""Losses that need no mask: each is low for the right mask, and lower than for wrong ones."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slvp.training.weak_losses import Facts, weak_counts, weak_totals
from slvp.types import Batch

SIDE = 64
ROWS, COLUMNS = slice(16, 48), slice(12, 36)


def batch(move=0, noise=0.0, boxed=(True, True)):
    """Two frames of a red square before green, which goes to the right by ``move`` pixels."""
    masks = torch.zeros(1, 2, SIDE, SIDE)
    for t in range(2):
        masks[0, t, ROWS, COLUMNS.start + t * move : COLUMNS.stop + t * move] = 1
    red, green = torch.tensor([0.8, 0.1, 0.1]), torch.tensor([0.1, 0.6, 0.1])
    frames = torch.where(masks[:, :, None] > 0, red[:, None, None], green[:, None, None])
    frames = frames + noise * torch.rand(frames.shape, generator=torch.Generator().manual_seed(0))
    flow = torch.zeros(1, 2, 2, SIDE, SIDE)
    flow[:, :, 0] = masks * move
    valid = torch.ones(1, 2, SIDE, SIDE)
    valid[:, 1] = 0
    boxes = masks.clone()
    for t, known in enumerate(boxed):
        if not known:
            boxes[:, t] = -1
    return Batch(
        names=["drawn"],
        frames_BTCHW=frames,
        sentences=["the red square"],
        clip_of_E=torch.tensor([0]),
        masks_ETHW=masks,
        trust_ETHW=torch.ones_like(masks),
        boxes_ETHW=boxes,
        flow_BT2HW=flow,
        valid_BTHW=valid,
    )


def losses(mask_ETHW, batch):
    facts = Facts.of(batch)
    logits = 20 * (torch.nn.functional.avg_pool2d(mask_ETHW, 4) * 2 - 1)
    counts = weak_counts(facts)
    return {
        name: (total / counts[name].clamp(min=1)).item()
        for name, total in weak_totals(logits, facts).items()
    }


def shifted(mask_ETHW, by):
    return mask_ETHW.roll(by, -1)


@pytest.mark.parametrize("name", ["projection", "affinity", "level_set"])
@pytest.mark.parametrize("move", [0, 8])
def test_the_right_mask_costs_least(name, move):
    seen = batch(move)
    right = losses(seen.masks_ETHW, seen)[name]
    assert right < 0.02
    assert losses(shifted(seen.masks_ETHW, 12), seen)[name] > right + 0.05


def test_nothing_at_all_disagrees_with_the_box_alone():
    seen = batch()
    nothing = losses(torch.zeros_like(seen.masks_ETHW), seen)
    assert nothing["projection"] > 0.8
    assert nothing["affinity"] < 0.01
    assert nothing["level_set"] > losses(seen.masks_ETHW, seen)["level_set"] + 0.05


def test_only_shadows_on_the_axes_are_compared_with_boxes():
    seen = batch()
    cross = torch.zeros_like(seen.masks_ETHW)
    cross[..., 28:36, COLUMNS] = 1
    cross[..., ROWS, 20:28] = 1
    assert losses(cross, seen)["projection"] < 0.02
    assert losses(cross, seen)["affinity"] > 0.1


def test_motion_decides_where_a_mask_should_go():
    """Of a mask that stays behind, the pixels that move on lose their partners."""
    seen = batch(move=8)
    stays = seen.masks_ETHW[:, :1].repeat(1, 2, 1, 1)
    assert losses(stays, seen)["affinity"] > losses(seen.masks_ETHW, seen)["affinity"] + 0.02


def test_boxes_that_are_not_known_cost_nothing():
    seen = batch(boxed=(True, False))
    wrong = seen.masks_ETHW.clone()
    wrong[:, 1] = 0
    assert losses(wrong, seen)["projection"] < 0.02
    nobody = batch(boxed=(False, False))
    assert weak_counts(Facts.of(nobody))["projection"] == 0
    assert losses(torch.zeros_like(wrong), nobody)["projection"] == 0


@given(scale=st.floats(0.5, 20), noise=st.floats(0, 0.2))
def test_losses_are_finite_and_have_gradients(scale, noise):
    seen = batch(4, noise)
    facts = Facts.of(seen)
    generator = torch.Generator().manual_seed(1)
    logits = (scale * torch.randn(1, 2, 16, 16, generator=generator)).requires_grad_()
    totals = weak_totals(logits, facts)
    assert all(total.isfinite() and total >= 0 for total in totals.values())
    sum(totals.values()).backward()
    assert logits.grad.isfinite().all()
    assert logits.grad.abs().sum() > 0
