"""Means, differences and their intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from slvp.evaluation.flow import (
    format_reports,
    make_flow_card,
    make_report,
    report,
    write_flow_card,
)
from slvp.evaluation.flow.measure import PREDICTIONS, ClipErrors, Errors, Measured
from slvp.evaluation.flow.report import Gap
from slvp.training.recipes import recipe


def clips(
    gaps: list[float], *, names: list[str] | None = None, exact: bool = True, base: float = 5.0
) -> Measured:
    """Clips where another caption has so much more error, in every measure, than the right one."""
    made = []
    for number, gap in enumerate(gaps):
        errors = {name: Errors(base, base, base if exact else None) for name in PREDICTIONS}
        worse = base + gap
        errors["frame-other"] = Errors(worse, 2 * worse, worse if exact else None)
        name = names[number] if names else f"clip {number}"
        made.append(ClipErrors(name, "a dog", "a cat", errors))
    return Measured(tuple(made), 3, 2)


def gap_of(measured: Measured, measure: str = "loss", seed: int = 0) -> Gap:
    (gap,) = (
        gap
        for gap in make_report("world", measured, seed=seed).gaps
        if (gap.prediction, gap.reference, gap.measure) == ("frame-other", "frame-right", measure)
    )
    return gap


def test_intervals_hold_a_known_difference_about_as_often_as_they_say(monkeypatch):
    monkeypatch.setattr(report, "DRAWS", 500)
    rng = np.random.default_rng(0)
    held = 0
    for trial in range(60):
        gap = gap_of(clips(rng.normal(0.4, 1.0, 40).tolist()), seed=trial)
        assert gap.low < gap.mean < gap.high
        assert gap.high - gap.low == pytest.approx(2 * 1.96 / 40**0.5, rel=0.4)
        held += gap.low < 0.4 < gap.high
    assert 51 <= held <= 60


def test_clips_of_one_video_count_as_one_draw():
    values = np.random.default_rng(1).normal(0.4, 1.0, 12)
    many = gap_of(clips(np.repeat(values, 10).tolist()))
    names = [f"video {video}" for video in range(12) for _ in range(10)]
    few = gap_of(clips(np.repeat(values, 10).tolist(), names=names))
    assert few.mean == many.mean
    assert few.high - few.low > 2 * (many.high - many.low)


def test_what_is_averaged_and_counted():
    made = make_report("world", clips([1.0, 3.0, -1.0]))
    means = {(f.prediction, f.measure): (f.mean, f.clips) for f in made.figures}
    assert means["frame-right", "loss"] == (5.0, 3)
    assert means["frame-other", "loss"] == (6.0, 3)
    assert means["frame-other", "distance"] == (12.0, 3)
    gap = gap_of(clips([1.0, 3.0, -1.0]))
    assert (gap.mean, gap.clips) == (1.0, 3)
    assert gap.better == pytest.approx(2 / 3)
    assert (made.unmoved, made.skipped, made.videos) == (3, 2, 3)


def test_what_needs_no_model_is_compared_with_frame_and_clip():
    pairs = {(gap.prediction, gap.reference) for gap in make_report("w", clips([1.0, 2.0])).gaps}
    asked = {(other, f"{shown}-right") for other in ("zero", "mean") for shown in ("frame", "clip")}
    assert asked < pairs


def test_where_no_true_flow_is_known_nothing_is_said_of_it():
    made = make_report("video", clips([1.0] * 12, exact=False))
    assert {figure.measure for figure in made.figures} == {"loss", "distance"}
    assert {gap.measure for gap in made.gaps} == {"loss", "distance"}
    assert "exact" not in format_reports([made])
    assert "exact" in format_reports([make_report("world", clips([1.0] * 12))])


def test_the_table_fits_a_terminal_and_warns_of_few_videos():
    few = make_report("captioned video", clips([1.0] * 20, names=["a", "b"] * 10))
    many = make_report("embedded world", clips([1.234] * 200))
    text = format_reports([few, many])
    assert max(map(len, text.splitlines())) <= 80
    warned, trusted = text.split("\n\nembedded world")
    assert "20 held-out clips of 2 videos" in warned
    assert "2 videos only: too few" in warned
    assert "too few" not in trusted
    assert "+1.23  [+1.23, +1.23]   in 100% of 200 clips" in trusted


def test_the_card_has_all_that_it_takes(tmp_path):
    made = make_report("world", clips([1.0, 2.0], exact=False))
    config = recipe("lite", "pretrain")
    card = make_flow_card(
        [made], model="runs/a", config=config, seed=4, device="cpu", command="slvp evaluate-flow"
    )
    path = tmp_path / "result.json"
    write_flow_card(card, path)
    found = json.loads(path.read_text())
    assert found["schema"] == 1
    assert found["config"]["data"]["held_out"] == config.data.held_out
    assert found["config"]["objective"]["estimator"] == "dis"
    assert (found["model"], found["seed"], found["command"]) == ("runs/a", 4, "slvp evaluate-flow")
    for key in ("created", "slvp_version", "commit", "hardware"):
        assert key in found
    (one,) = found["reports"]
    assert one["clips"][1]["errors"]["frame-other"]["loss"] == 7.0
    assert one["gaps"][0]["prediction"] == "frame-other"
