"""Errors of single clips, of a model whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from slvp.evaluation.flow import mean_flow, measure
from slvp.models.heads import FlowOutput
from slvp.training.losses import FLOW_UNIT
from slvp.types import Batch, Skipped

SIDE = 64
UNIT = FLOW_UNIT * SIDE  # pixels


class Says(nn.Module):
    """Predicts the x that a sentence spells, and twice that from more than one frame."""

    def forward(self, frames_BTCHW, sentences, clip_of_E):
        assert len(sentences) == len(clip_of_E)
        frames = frames_BTCHW.shape[1]
        flow = torch.zeros(len(sentences), frames, 2, SIDE // 4, SIDE // 4)
        for flow_T2HW, sentence in zip(flow, sentences, strict=True):
            flow_T2HW[0, 0] = float(sentence or 0) * min(frames, 2)
            flow_T2HW[1:] = 99  # of frames that are not judged
        return FlowOutput(flow)


def batch(*moves: float, sentences: list[str], others: list[str], name: str = "v") -> Batch:
    """A quarter of each clip's first frame moves to the right by some flow units."""
    flow = torch.zeros(len(moves), 2, 2, SIDE, SIDE)
    for clip, move in enumerate(moves):
        flow[clip, 0, 0, :32, :32] = move * UNIT
    return Batch(
        frames_BTCHW=torch.zeros(len(moves), 2, 3, SIDE, SIDE),
        sentences=sentences,
        clip_of_E=torch.arange(len(moves)),
        flow_BT2HW=flow,
        valid_BTHW=torch.ones(len(moves), 2, SIDE, SIDE),
        names=tuple(f"{name}{clip}" for clip in range(len(moves))),
        others=others,
    )


def huber(distance: float) -> float:
    return (distance**2 + 1) ** 0.5 - 1


def test_errors_of_what_is_told_and_of_what_needs_no_model():
    clips = batch(8.0, 4.0, sentences=["2", "3"], others=["1", "0"])
    found = measure(Says(), [(clips, None)], 2)
    assert (found.unmoved, found.skipped) == (0, 0)
    first, second = found.clips
    assert (first.name, first.caption, first.other) == ("v0", "2", "1")
    assert (second.name, second.caption, second.other) == ("v1", "3", "0")
    off = {  # distance in flow units of what moves, and of what is still
        "frame-right": (6, 2),
        "frame-other": (7, 1),
        "frame-none": (8, 0),
        "clip-right": (4, 4),
        "clip-other": (6, 2),
        "zero": (8, 0),
        "mean": (8 - 1.5, 1.5),  # a quarter of both clips, by 8 and by 4
        "target": (0, 0),
    }
    assert first.errors.keys() == off.keys()
    for name, (moving, still) in off.items():
        errors = first.errors[name]
        assert errors.distance == pytest.approx(moving * UNIT, abs=1e-3), name
        assert errors.loss == pytest.approx(huber(moving) + huber(still), abs=1e-3), name
        assert errors.exact_distance is None


def test_the_mean_of_other_clips_is_compared_where_it_is_given():
    others = [batch(8.0, 0.0, 4.0, sentences=["2"] * 3, others=["1"] * 3)]
    mean_2 = mean_flow(others, 2)
    # A quarter of two clips moves, by 8 and by 4; of one nothing does.
    assert mean_2.tolist() == pytest.approx([1.5, 0.0])
    assert mean_flow(others * 2, 3).tolist() == pytest.approx([(8 + 4 + 8) / 4 / 3, 0.0])
    clips = batch(4.0, sentences=["2"], others=["1"])
    errors = measure(Says(), [(clips, None)], 1, torch.tensor([3.0, 0.0])).clips[0].errors
    assert errors["mean"].distance == pytest.approx(1 * UNIT, abs=1e-3)
    assert errors["mean"].loss == pytest.approx(huber(1) + huber(3), abs=1e-3)


def test_the_true_flow_is_compared_where_it_moves_and_the_target_is_trusted():
    clips = batch(8.0, sentences=["2"], others=["1"])
    exact = batch(8.0, sentences=["2"], others=["1"])
    exact.flow_BT2HW[0, 0, 0, :32, 32:] = 5 * UNIT  # where the target says nothing moves
    clips.valid_BTHW[0, 0, :16, :32] = 0  # which is half of what moves
    errors = measure(Says(), [(clips, exact)], 1).clips[0].errors
    # An eighth of the frame by 8 and a quarter by 5.
    assert errors["zero"].exact_distance == pytest.approx((8 + 2 * 5) / 3 * UNIT, abs=1e-3)
    assert errors["frame-right"].exact_distance == pytest.approx((6 + 2 * 3) / 3 * UNIT, abs=1e-3)
    assert errors["target"].exact_distance == pytest.approx(2 * 5 / 3 * UNIT, abs=1e-3)
    assert errors["zero"].distance == pytest.approx(8 * UNIT, abs=1e-3)
    exact.flow_BT2HW[:] = 0
    still = measure(Says(), [(clips, exact)], 1).clips[0].errors
    assert still["zero"].exact_distance is None


def test_clips_that_say_nothing_are_counted_and_left_out():
    clips = batch(8.0, 0.0, 3.0, sentences=["2", "0", "1"], others=["1", "1", "1"])
    clips = replace(clips, skipped=(Skipped("w", "broken"), Skipped("x", "static")))
    blank = batch(0.0, sentences=["0"], others=["0"])
    blank.valid_BTHW[:] = 0  # stands where none of a batch's clips could be read
    found = measure(Says(), [(blank, None), (clips, None)], 9)
    assert [clip.name for clip in found.clips] == ["v0", "v2"]
    assert (found.unmoved, found.skipped) == (1, 2)


def test_no_more_batches_are_made_than_needed():
    made = []

    def batches():
        for number in range(9):
            made.append(number)
            one = batch(8.0, 8.0, sentences=["1", "1"], others=["0", "0"], name=f"v{number}-")
            yield one, None

    found = measure(Says(), batches(), 3)
    assert made == [0, 1]
    assert [clip.name for clip in found.clips] == ["v0-0", "v0-1", "v1-0"]
