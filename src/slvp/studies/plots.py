"""What a study found, as pictures."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slvp.files import whole_file
from slvp.studies.card import StudyCard
from slvp.studies.findings import Difference, Findings
from slvp.studies.paired import Estimate

_COLOURS = ("#6c757d", "#0b84a5", "#f2752f", "#9d4edd", "#4daa57", "#c9184a", "#7f5539")
_INK, _PALE = "#22303c", "#d9dee3"
_GAP = 1.06  # factor between the places of lines at one share of masks


def draw_labels(found: Findings, smoke: bool, path: Path) -> None:
    """Draw scores over the share of masks, and the differences of pairs."""
    # Below the plots, legends of two columns; those of differences have two lines to an entry.
    rows = max(-(-len(found.lines) // 2), len({(d.reference, d.judged) for d in found.differences}))
    figure = _figure(11, 4.2 + 0.2 * rows)
    scores, gains = figure.subplots(1, 2)
    for rank, line in enumerate(found.lines):
        arms = found.of(line)
        shift = _GAP ** (rank - (len(found.lines) - 1) / 2)
        colour = _COLOURS[rank % len(_COLOURS)]
        x = [100 * arm.labels * shift for arm in arms]
        _bars(scores, x, [arm.jf for arm in arms], colour, line)
        for place, arm in zip(x, arms, strict=True):
            seeds = 100 * np.array(arm.of_seeds)
            scores.plot([place] * len(seeds), seeds, ".", color=colour, alpha=0.45, ms=5)
    pairs = list(dict.fromkeys((one.reference, one.judged) for one in found.differences))
    for rank, pair in enumerate(pairs):
        several = [one for one in found.differences if (one.reference, one.judged) == pair]
        shift = _GAP ** (rank - (len(pairs) - 1) / 2)
        label = f"{pair[1]} less\n{pair[0]}"
        colour = _COLOURS[(rank + 1) % len(_COLOURS)]
        x = [100 * one.labels * shift for one in several]
        _bars(gains, x, [one.jf for one in several], colour, label)
    gains.axhline(0, color=_INK, linewidth=0.8)
    for axes, title in ((scores, f"J&F: {found.test}"), (gains, "difference, same seed and clip")):
        axes.set_xscale("log")
        axes.set_xticks([100 * share for share in found.shares])
        axes.set_xticklabels([f"{share:.0%}" for share in found.shares])
        axes.minorticks_off()
        axes.set_xlabel("share of the annotated videos", fontsize=9, color=_INK)
        _finish(axes, title)
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.14), "ncols": 2}
        axes.legend(fontsize=8, frameon=False, labelcolor=_INK, **below)
    scores.set_ylabel("J&F, percent", fontsize=9, color=_INK)
    gains.set_ylabel("points of J&F", fontsize=9, color=_INK)
    _save(figure, smoke, path)


def draw_differences(found: Findings, smoke: bool, path: Path) -> None:
    """Draw what each line gains or loses beside the reference, and its errors of flow."""
    by_line = {one.judged: one for one in found.differences}
    told = [arm for arm in found.arms if arm.flow is not None]
    figure = _figure(11, 1.4 + 0.42 * len(found.lines))
    gains, errors = figure.subplots(1, 2)
    _rows(gains, list(by_line.values()))
    for rank, arm in enumerate(reversed(told)):
        assert arm.flow is not None
        first = rank == 0
        for shift, shown, seen in ((0.14, arm.flow.frame, "frame"), (-0.14, arm.flow.clip, "clip")):
            colour, name = (_COLOURS[1], "one frame") if seen == "frame" else (_COLOURS[4], "clip")
            other = shown.right.mean + shown.caption.mean
            _bar(errors, shown.right, rank + shift, colour, 1, f"from {name}" if first else None)
            label = "with another's caption" if first and seen == "clip" else None
            errors.plot([other], [rank + shift], "D", color=_COLOURS[2], ms=5, label=label)
    if told and told[0].flow is not None:
        errors.axvline(told[0].flow.nothing, color=_INK, linewidth=0.8, ls="--", label="no flow")
    errors.set_yticks(range(len(told)), [arm.line for arm in reversed(told)], fontsize=9)
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.08)}
    errors.legend(fontsize=8, labelcolor=_INK, frameon=False, ncols=4, **below)
    _finish(errors, "error of flow (less is better)")
    _save(figure, smoke, path)


def draw_lines(found: Findings, smoke: bool, path: Path) -> None:
    """Draw the score of each line; those that start alike, by the end of their names, alike."""
    figure = _figure(7, 1.2 + 0.36 * len(found.arms))
    axes = figure.subplots()
    starts = list(dict.fromkeys(map(_start, found.lines)))
    for rank, arm in enumerate(reversed(found.arms)):
        colour = _COLOURS[starts.index(_start(arm.line)) % len(_COLOURS)]
        _bar(axes, arm.jf, rank, colour, 100, None)
    axes.set_yticks(range(len(found.arms)), [arm.line for arm in reversed(found.arms)], fontsize=9)
    axes.set_xlim(left=0)
    _finish(axes, "J&F")
    _save(figure, smoke, path)


def _start(line: str) -> str:
    """Return what a name such as 'boxes, from scratch' says of where its arms start."""
    return line.rpartition(", ")[2]


def draw_learning(found: Findings, smoke: bool, path: Path) -> None:
    """Draw overlap with held-out masks in fine-tuning, for each share of masks."""
    figure = _figure(5.2 * max(2, len(found.shares)), 3.6)
    panels = figure.subplots(1, len(found.shares), squeeze=False)[0]
    for axes, share in zip(panels, found.shares, strict=True):
        for rank, line in enumerate(found.lines):
            cards = [card for arm in found.of(line) if arm.labels == share for card in arm.cards]
            if cards:
                _learning(axes, cards, line, rank)
        axes.set_xlabel("step of fine-tuning", fontsize=9, color=_INK)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("percent", fontsize=9, color=_INK)
        _finish(axes, f"held-out overlap, {share:.0%} of the masks")
        axes.legend(fontsize=7, frameon=False, labelcolor=_INK)
    _save(figure, smoke, path)


def _learning(axes: Any, cards: Sequence[StudyCard], line: str, rank: int) -> None:
    curves = [curve for card in cards for curve in card.finetuning.curves if curve.name == "iou"]
    steps = curves[0].steps
    values = 100 * np.array([curve.values for curve in curves if curve.steps == steps])
    colour = _COLOURS[rank % len(_COLOURS)]
    style = "-" if rank < len(_COLOURS) else "--"
    axes.plot(steps, values.mean(0), style, color=colour, label=line)
    axes.fill_between(steps, values.min(0), values.max(0), color=colour, alpha=0.15, linewidth=0)


def _rows(axes: Any, several: Sequence[Difference]) -> None:
    for rank, one in enumerate(reversed(several)):
        sure = one.jf.low > 0 or one.jf.high < 0
        _bar(axes, one.jf, rank, _COLOURS[1] if sure else _COLOURS[0], 100, None)
    axes.axvline(0, color=_INK, linewidth=0.8)
    axes.set_yticks(range(len(several)), [one.judged for one in reversed(several)], fontsize=9)
    reference = several[0].reference if several else ""
    _finish(axes, f"points of J&F, less that of '{reference}'")


def _bars(axes: Any, x: list[float], y: Sequence[Estimate], colour: str, label: str) -> None:
    mean = 100 * np.array([one.mean for one in y])
    below = mean - 100 * np.array([one.low for one in y])
    above = 100 * np.array([one.high for one in y]) - mean
    axes.errorbar(
        x, mean, [below, above], color=colour, marker="o", ms=5, capsize=3, lw=1.6, label=label
    )


def _bar(
    axes: Any, x: Estimate, place: float, colour: str, scale: float, label: str | None
) -> None:
    width = [[scale * (x.mean - x.low)], [scale * (x.high - x.mean)]]
    axes.errorbar(
        [scale * x.mean],
        [place],
        xerr=width,
        color=colour,
        marker="o",
        ms=5,
        capsize=3,
        label=label,
    )


def _figure(width: float, height: float) -> Any:
    # It would tell of its search for fonts on a machine where it never ran before.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _finish(axes: Any, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=_INK, fontweight="semibold")
    axes.tick_params(labelsize=9, colors=_INK, length=0)
    axes.grid(color=_PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _save(figure: Any, smoke: bool, path: Path) -> None:
    if smoke:
        figure.text(0.5, 0.5, "smoke test", fontsize=40, alpha=0.2, ha="center", va="center")
    with whole_file(path) as part:
        figure.savefig(part, format="png", dpi=110)
