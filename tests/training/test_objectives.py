"""What each switch of pre-training's objective changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from slvp.models.heads import FlowOutput
from slvp.training.config import ObjectiveConfig
from slvp.training.losses import FLOW_UNIT, FlowTarget, contrast_count, contrast_total, flow_totals
from slvp.training.objectives import FlowPretraining
from slvp.types import Batch

SIDE = 64
UNIT = FLOW_UNIT * SIDE  # pixels


class Says(nn.Module):
    """Predicts, everywhere, the x that a sentence spells; remembers what it was asked."""

    def forward(self, frames_BTCHW, sentences, clip_of_E):
        self.asked, self.frames = sentences, frames_BTCHW.shape[1]
        self.x_E = torch.tensor([float(s or 0) for s in sentences], requires_grad=True)
        flow = torch.zeros(len(sentences), frames_BTCHW.shape[1], 2, SIDE // 4, SIDE // 4)
        flow[:, :, 0] = self.x_E[:, None, None, None]
        assert len(clip_of_E) == len(sentences)
        return FlowOutput(flow)


def batch(*moves: float, sentences: list[str], others: list[str]) -> Batch:
    """Clips of two frames; a quarter of each moves to the right by some flow units."""
    flow = torch.zeros(len(moves), 2, 2, SIDE, SIDE)
    for clip, move in enumerate(moves):
        flow[clip, :, 0, :32, :32] = move * UNIT
    return Batch(
        frames_BTCHW=torch.zeros(len(moves), 2, 3, SIDE, SIDE),
        sentences=sentences,
        clip_of_E=torch.arange(len(moves)),
        flow_BT2HW=flow,
        valid_BTHW=torch.ones(len(moves), 2, SIDE, SIDE),
        others=others,
    )


ONE = batch(3.0, sentences=["2"], others=["7"])


def loss(config: ObjectiveConfig, of: Batch = ONE, step: int = 0) -> dict[str, float]:
    """The terms of one step, divided by their counts, and their weighted sum."""
    objective = FlowPretraining(config)
    counts, totals = objective.counts(of, step), objective.totals(Says(), of, step)
    assert counts.keys() == totals.keys() == objective.weights.keys()
    terms = {name: float(totals[name].detach() / counts[name]) for name in totals}
    return terms | {"loss": sum(objective.weights[name] * terms[name] for name in terms)}


def huber(distance: float) -> float:
    return (distance**2 + 1) ** 0.5 - 1


def test_balanced_or_plain_mean():
    """A quarter is off by 1, three quarters by 2."""
    apart = loss(ObjectiveConfig())
    assert apart["moving"] == pytest.approx(huber(1), rel=1e-3)
    assert apart["still"] == pytest.approx(huber(2), rel=1e-3)
    assert apart["loss"] == pytest.approx(huber(1) + huber(2), rel=1e-3)
    together = loss(ObjectiveConfig(balanced=False))
    assert together["loss"] == pytest.approx(huber(1) / 4 + 3 * huber(2) / 4, rel=1e-3)


@pytest.mark.parametrize(("share", "frames"), [(0.0, {2}), (0.5, {1, 2}), (1.0, {1})])
def test_frame_dropout(share, frames):
    objective = FlowPretraining(ObjectiveConfig(single_frame=share))
    seen = set()
    for step in range(20):
        model = Says()
        counts = objective.counts(ONE, step)
        objective.totals(model, ONE, step)
        seen.add(model.frames)
        assert counts["moving"] + counts["still"] == model.frames * (SIDE // 4) ** 2
    assert seen == frames


@pytest.mark.parametrize(("captions", "asked"), [("right", "2"), ("shuffled", "7"), ("none", "")])
def test_which_captions_are_asked(captions, asked):
    model = Says()
    FlowPretraining(ObjectiveConfig(captions=captions)).totals(model, ONE, 0)
    assert model.asked == [asked]


def test_scores_are_of_right_and_of_other_captions():
    score = FlowPretraining().score(Says(), ONE)
    epe = {name: term.total / term.count for name, term in score.items()}
    expected = {"predicted_epe": 1 * UNIT, "zero_epe": 3 * UNIT, "shuffled_epe": 4 * UNIT}
    assert epe == pytest.approx(expected, rel=1e-3)
    blind = FlowPretraining(ObjectiveConfig(captions="none")).score(Says(), ONE)
    assert blind["predicted_epe"].total == pytest.approx(blind["zero_epe"].total)


def test_contrast_asks_once_for_right_and_wrong_captions():
    model = Says()
    two = batch(3.0, 5.0, sentences=["2", "5"], others=["7", "0"])
    config = ObjectiveConfig(contrast=0.5, contrast_margin=0.25)
    objective = FlowPretraining(config)
    totals = objective.totals(model, two, 0)
    assert model.asked == ["2", "5", "7", "0"]
    # The second clip is right by far more than the margin.
    missing = huber(1) - huber(4) + 0.25 * huber(3)
    assert missing < 0
    assert totals["contrast"] == 0
    near = batch(3.0, 5.0, sentences=["2", "5"], others=["3.9", "0"])
    terms = loss(config, near)
    missing = huber(1) - huber(0.9) + 0.25 * huber(3)
    assert terms["contrast"] == pytest.approx(missing / 2, rel=1e-3)
    plain = loss(replace(config, contrast=0.0), near)
    assert terms["loss"] == pytest.approx(plain["loss"] + 0.5 * missing / 2, rel=1e-3)


def test_contrast_pulls_the_right_caption_to_the_target_and_pushes_the_other_away():
    model = Says()
    clip = batch(3.0, sentences=["2"], others=["2.5"])
    objective = FlowPretraining(ObjectiveConfig(contrast=1.0))
    objective.totals(model, clip, 0)["contrast"].backward()
    right, wrong = model.x_E.grad
    assert right < 0  # more of x lowers the loss
    assert wrong > 0


def test_contrast_is_about_what_moves():
    still = batch(0.0, sentences=["2"], others=["7"])
    objective = FlowPretraining(ObjectiveConfig(contrast=1.0))
    assert objective.counts(still, 0)["contrast"] == 0
    assert objective.totals(Says(), still, 0)["contrast"] == 0
    # Saying nothing to a wrong caption is good enough, however fast things move.
    for move in (1.2, 3.0, 20.0):
        honest = batch(move, sentences=[str(move)], others=["0"])
        assert objective.totals(Says(), honest, 0)["contrast"] == 0


def test_parts_of_a_batch_add_up_to_the_whole():
    """So that processes and micro-batches do together what one does."""
    objective = FlowPretraining(ObjectiveConfig(contrast=1.0))
    a = batch(3.0, sentences=["2"], others=["3.5"])
    b = batch(1.5, sentences=["1"], others=["1"])
    both = batch(3.0, 1.5, sentences=["2", "1"], others=["3.5", "1"])
    for method in (objective.counts, lambda *about: objective.totals(Says(), *about)):
        parts, whole = [method(part, 0) for part in (a, b)], method(both, 0)
        for name in whole:
            torch.testing.assert_close(parts[0][name] + parts[1][name], whole[name])


def test_contrast_counts_what_the_target_alone_tells():
    flow = torch.zeros(2, 1, 2, SIDE, SIDE)
    flow[0, :, 0, :32, :32] = 3 * UNIT
    target = FlowTarget.of(flow, torch.ones(2, 1, SIDE, SIDE))
    assert contrast_count(target) == 1
    spoilt = FlowTarget.of(flow, torch.zeros(2, 1, SIDE, SIDE))
    assert contrast_count(spoilt) == 0
    output = spoilt.zero()
    assert contrast_total(output, output, spoilt, 0.5) == 0
    assert flow_totals(output, spoilt)["moving"] == 0
