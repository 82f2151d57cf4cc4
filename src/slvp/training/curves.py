"""A run's log as curves, in one picture."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slvp.files import whole_file
from slvp.training.logs import read_rows

_COLOURS = ("#0b84a5", "#f2752f", "#4daa57", "#9d4edd", "#c9184a", "#7f5539", "#495057")
_INK, _PALE = "#22303c", "#d9dee3"
_WIDTH, _HEIGHT = 5.4, 3.1  # of a panel, in inches
_COLUMNS = 2
_SMOOTHING = 0.05  # of the run: how far back a smoothed curve looks

_UNITS = {"epe": "end-point error (pixels)", "iou": "intersection over union"}

Float64Array = npt.NDArray[np.float64]
Curve = tuple[Float64Array, Float64Array]
"""Steps and values."""


def draw_curves(log: Path, picture: Path) -> None:
    """Draw the figures of a log: losses, held-out figures, gradient and learning rate.

    What is logged in training is drawn pale, and smoothed on top of that.

    Args:
        log: what :class:`slvp.training.logs.Logs` wrote.
        picture: PNG to write, whole or not at all.
    """
    # It would tell of its search for fonts on a machine where it never ran before.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    from matplotlib.figure import Figure

    curves = _read(log)
    panels = _panels(curves)
    last = max(steps[-1] for steps, _ in curves.values())
    rows = -(-len(panels) // _COLUMNS)
    width, height = _WIDTH * _COLUMNS, _HEIGHT * rows
    figure = Figure(figsize=(width, height))
    # Fixed margins: to have them computed takes as long as the drawing.
    figure.subplots_adjust(
        left=0.6 / width,
        right=1 - 0.15 / width,
        bottom=0.5 / height,
        top=1 - 0.35 / height,
        hspace=0.75 / (_HEIGHT - 0.75),
        wspace=0.65 / (_WIDTH - 0.65),
    )
    for place, (title, together) in enumerate(panels.items(), start=1):
        _draw(figure.add_subplot(rows, _COLUMNS, place), title, together, last)
    with whole_file(picture) as new:
        figure.savefig(new, format="png", dpi=110)


def _read(log: Path) -> dict[str, Curve]:
    """Return the curve of each name."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for step, name, value in read_rows(log):
        points[name].append((float(step) + 1, float(value)))
    return {
        name: (np.array([step for step, _ in some]), np.array([value for _, value in some]))
        for name, some in points.items()
    }


def _panels(curves: dict[str, Curve]) -> dict[str, dict[str, Curve]]:
    """Put curves that have a unit in common together."""
    panels: dict[str, dict[str, Curve]] = defaultdict(dict)
    for name, curve in curves.items():
        kind, figure = name.split("/", 1)
        if kind == "held-out":
            stem, _, unit = figure.rpartition("_")
            label = stem or figure
            panels[f"held out: {_UNITS.get(unit, figure)}"][label.replace("_", " ")] = curve
        elif figure in ("gradient_norm", "learning_rate"):
            panels[figure.replace("_", " ")][""] = curve
        else:
            panels["training loss"][figure.replace("_", " ")] = curve
    return dict(sorted(panels.items(), key=lambda panel: _order(panel[0])))


def _order(title: str) -> int:
    return 0 if title == "training loss" else 1 if title.startswith("held out") else 2


def _draw(axes: Any, title: str, curves: dict[str, Curve], last: float) -> None:
    held_out = title.startswith("held out")
    for colour, (label, (steps, values)) in zip(_cycle(len(curves)), curves.items(), strict=True):
        if held_out or title == "learning rate":
            axes.plot(
                steps, values, color=colour, label=label, marker="o" if held_out else "", ms=3
            )
        else:
            axes.plot(steps, values, color=colour, alpha=0.22, linewidth=0.8)
            axes.plot(steps, _smooth(values), color=colour, label=label)
    axes.set_title(title, loc="left", fontsize=10, color=_INK, fontweight="semibold")
    axes.set_xlabel("step", fontsize=8, color=_INK)
    axes.tick_params(labelsize=8, colors=_INK, length=0)
    axes.grid(color=_PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlim(0, 1.02 * last)
    axes.set_ylim(bottom=0)
    axes.locator_params(nbins=5)
    axes.ticklabel_format(axis="y", scilimits=(-3, 4))
    axes.yaxis.get_offset_text().set(fontsize=8, color=_INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if any(curves):
        axes.legend(fontsize=8, frameon=False, labelcolor=_INK)


def _smooth(values: Float64Array) -> Float64Array:
    """Return the mean of each value and those shortly before it."""
    reach = max(1, round(_SMOOTHING * len(values)))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - reach)
    means: Float64Array = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def _cycle(count: int) -> Sequence[str]:
    return [_COLOURS[place % len(_COLOURS)] for place in range(count)]
