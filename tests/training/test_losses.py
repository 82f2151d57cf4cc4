import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slvp.models.heads import FlowOutput, MaskOutput
from slvp.training.losses import (
    FLOW_UNIT,
    FlowTarget,
    end_point_error,
    flow_counts,
    flow_totals,
    flow_unit,
    mask_counts,
    mask_totals,
    soft_dice,
)


def mask_losses(output, masks):
    counts = mask_counts(masks)
    totals = mask_totals(output, masks)
    return {name: total / counts[name].clamp(min=1) for name, total in totals.items()}


def flow_losses(output, flow, valid):
    target = FlowTarget.of(flow, valid)
    counts = flow_counts(target)
    totals = flow_totals(output, target)
    return {name: total / counts[name].clamp(min=1) for name, total in totals.items()}


def square(frames=2, side=64):
    masks = torch.zeros(1, frames, side, side)
    masks[:, :, 16:48, 16:48] = 1
    return masks


def logits_of(masks_ETHW, certainty=20.0):
    return (torch.nn.functional.avg_pool2d(masks_ETHW, 4) * 2 - 1)[:, None] * certainty


def test_right_masks_cost_little_and_wrong_ones_much():
    masks = square()
    presence = torch.full((1, 1, 2), 10.0)
    right = mask_losses(MaskOutput(logits_of(masks), presence), masks)
    wrong = mask_losses(MaskOutput(-logits_of(masks), -presence), masks)
    assert right["dice"] < 0.05
    assert right["presence"] < 1e-3
    assert wrong["dice"] > 0.9
    assert wrong["presence"] > 5
    assert wrong["bce"] > 10 * right["bce"]


def test_what_is_wrong_at_an_outline_costs_most():
    masks = square()
    presence = torch.full((1, 1, 2), 10.0)

    def bce(top: int) -> torch.Tensor:
        logits = logits_of(masks).clone()
        logits[..., top, 6:10] *= -1  # four places, inside or outside the square
        return mask_losses(MaskOutput(logits, presence), masks)["bce"]

    inside, at_outline, outside = bce(8), bce(4), bce(1)
    assert at_outline > 1.5 * max(inside, outside)


def test_only_the_best_query_is_trained():
    masks = square()
    right, wrong = logits_of(masks), -logits_of(masks)
    logits = torch.cat([wrong, right, wrong], dim=1).requires_grad_()
    presence = torch.zeros(1, 3, 2, requires_grad=True)
    losses = mask_losses(MaskOutput(logits, presence), masks)
    sum(losses.values()).backward()
    assert logits.grad[0, 1].abs().sum() > 0
    assert logits.grad[0, 0].abs().sum() == 0
    assert (presence.grad[0, 1] < 0).all()
    assert (presence.grad[0, 0] > 0).all()
    assert losses["dice"] < 0.05


def test_an_absent_object_has_no_dice_and_should_be_denied():
    masks = torch.zeros(1, 2, 64, 64)
    presence = torch.zeros(1, 1, 2, requires_grad=True)
    losses = mask_losses(MaskOutput(torch.zeros(1, 1, 2, 16, 16), presence), masks)
    assert losses["dice"] == 0
    losses["presence"].backward()
    assert (presence.grad > 0).all()


@given(st.integers(0, 2**31))
def test_dice_is_between_zero_and_one(seed):
    generator = torch.Generator().manual_seed(seed)
    p, t = torch.rand(2, 3, 8, 8, generator=generator)
    t = (t > 0.5).float()
    loss = soft_dice(p, t)
    assert (loss >= 0).all()
    assert (loss <= 1).all()
    assert soft_dice(t, t).abs().max() < 1e-6


def moving_square(dx=8.0):
    flow = torch.zeros(1, 1, 2, 64, 64)
    flow[:, :, 0, 16:32, 16:32] = dx
    return flow, torch.ones(1, 1, 64, 64)


def test_flow_in_units_of_the_frame():
    flow, valid = moving_square(dx=6.4)
    unit = FLOW_UNIT * 64
    predicted = torch.nn.functional.avg_pool2d(flow[0], 4)[None] / unit
    assert all(v < 0.02 for v in flow_losses(FlowOutput(predicted), flow, valid).values())
    zero = FlowOutput(torch.zeros_like(predicted))
    nothing = flow_losses(zero, flow, valid)
    assert nothing["moving"].item() == pytest.approx(101**0.5 - 1, abs=0.01)
    assert nothing["still"] < 0.02
    target = FlowTarget.of(flow, valid)
    pixels = end_point_error(zero, target) / flow_counts(target)["moving"] * flow_unit(flow)
    assert pixels.item() == pytest.approx(6.4, abs=0.01)


def test_still_background_does_not_drown_what_moves():
    """The error of what moves must not depend on how small it is in the frame."""
    flow, valid = moving_square()
    larger = torch.zeros_like(flow)
    larger[:, :, 0, 8:56, 8:56] = 8
    zero = FlowOutput(torch.zeros(1, 1, 2, 16, 16))
    torch.testing.assert_close(
        flow_losses(zero, flow, valid)["moving"], flow_losses(zero, larger, valid)["moving"]
    )


def test_pixels_that_are_not_valid_do_not_count():
    flow, valid = moving_square()
    spoilt = flow.clone()
    spoilt[..., 40:48, 40:48] = 1000
    valid[..., 40:48, 40:48] = 0
    zero = FlowOutput(torch.zeros(1, 1, 2, 16, 16))
    for name, value in flow_losses(zero, spoilt, valid).items():
        torch.testing.assert_close(value, flow_losses(zero, flow, valid)[name])


def test_totals_and_counts_of_parts_add_up_to_those_of_the_whole():
    generator = torch.Generator().manual_seed(0)
    masks = torch.zeros(3, 2, 64, 64)
    masks[0, :, 8:24, 8:24] = 1
    masks[1, 1, 20:60, 20:60] = 1  # the third sentence's object is not there
    logits = torch.randn(3, 4, 2, 16, 16, generator=generator)
    presence = torch.randn(3, 4, 2, generator=generator)
    flow = 4 * torch.randn(3, 2, 2, 8, 8, generator=generator).repeat_interleave(8, -1)
    flow = flow.repeat_interleave(8, -2)
    valid = (torch.rand(3, 2, 64, 64, generator=generator) > 0.3).float()
    predicted = torch.randn(3, 2, 2, 16, 16, generator=generator)

    def sums(part):
        target = FlowTarget.of(flow[part], valid[part])
        output = FlowOutput(predicted[part])
        return [
            mask_counts(masks[part]),
            mask_totals(MaskOutput(logits[part], presence[part]), masks[part]),
            flow_counts(target),
            flow_totals(output, target),
            {"epe": end_point_error(output, target)},
        ]

    for whole, one, two in zip(sums(slice(3)), sums(slice(0, 1)), sums(slice(1, 3)), strict=True):
        for name, value in whole.items():
            assert value > 0
            torch.testing.assert_close(one[name] + two[name], value, msg=name, check_dtype=False)
