"""Charts as inline SVG; their colours come from the page's style sheet.

Scores are given in 0..1 and drawn in percent. Text is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from markupsafe import Markup

from slvp.evaluation.report.analysis import Bin, Moment
from slvp.evaluation.scores import Int64Array

WIDTH, HEIGHT = 480, 294
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 26, 56
RIGHT_EDGE, BOTTOM_EDGE = WIDTH - RIGHT, HEIGHT - BOTTOM

PERCENT = tuple((part / 5, f"{20 * part}") for part in range(6))
"""Ticks of an axis of scores."""

Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Series:
    """A curve with its name, and the style sheet's class of its colour."""

    name: str
    colour: str
    moments: Sequence[Moment]


def histogram_chart(
    counts: Int64Array, mean: float, *, colour: str, x_label: str, y_label: str
) -> Markup:
    """Draw how many cases have which score, and a line at their mean."""
    ticks = _count_ticks(int(counts.max()))
    top = ticks[-1][0]
    step = 1 / len(counts)
    bars = [
        _bar(
            _x(i * step) + 0.75,
            _x((i + 1) * step) - 0.75,
            height / top,
            f"{colour} bar",
            f"{100 * i * step:.0f} to {100 * (i + 1) * step:.0f}: {height}",
        )
        for i, height in enumerate(counts.tolist())
        if height
    ]
    return _chart(
        f"Histogram of {x_label}",
        x_ticks=PERCENT,
        y_ticks=[(value / top, label) for value, label in ticks],
        x_label=x_label,
        y_label=y_label,
        marks=[*bars, _mean_line(mean)],
    )


def curve_chart(series: Sequence[Series], *, x_label: str, y_label: str) -> Markup:
    """Draw curves, each with a band from the lower to the upper quartile."""
    bands, lines, legend = [], [], []
    for rank, one in enumerate(series):
        forth = [(_x(moment.position), _y(moment.high)) for moment in one.moments]
        back = [(_x(moment.position), _y(moment.low)) for moment in reversed(one.moments)]
        bands.append(
            Markup('<polygon class="{} band" points="{}"/>').format(
                one.colour, _points([*forth, *back])
            )
        )
        middle = [(_x(moment.position), _y(moment.mean)) for moment in one.moments]
        lines.append(
            Markup('<polyline class="{} line" points="{}"/>').format(one.colour, _points(middle))
        )
        lines += [
            Markup(
                '<circle class="{} dot" cx="{:.1f}" cy="{:.1f}" r="3"><title>{}</title></circle>'
            ).format(one.colour, x, y, f"{one.name}, {_told(moment)}")
            for moment, (x, y) in zip(one.moments, middle, strict=True)
        ]
        left = LEFT + 4 + 52 * rank
        legend.append(
            Markup(
                '<rect class="{} bar" x="{}" y="5" width="12" height="12" rx="2"/>'
                '<text class="name" x="{}" y="15">{}</text>'
            ).format(one.colour, left, left + 17, one.name)
        )
    return _chart(
        f"{y_label} over {x_label}",
        x_ticks=PERCENT,
        y_ticks=PERCENT,
        x_label=x_label,
        y_label=y_label,
        marks=[*bands, *lines, *legend],
    )


def bar_chart(
    bins: Sequence[Bin], *, colour: str, x_label: str, y_label: str, counts: bool = True
) -> Markup:
    """Draw the mean of each group as a bar.

    With ``counts``, a whisker goes from the lower to the upper quartile, and the number of cases
    stands under the group's name.
    """
    marks = [_text(LEFT - 8, BOTTOM_EDGE + 31, "n", "tick end")] if counts else []
    ticks = []
    for i, one in enumerate(bins):
        centre = _x((i + 0.5) / len(bins))
        half = min(0.36 * (RIGHT_EDGE - LEFT) / len(bins), 30)
        marks.append(
            _bar(centre - half, centre + half, one.mean, f"{colour} bar", _told(one, counts))
        )
        if counts:
            marks += [
                Markup('<path class="whisker" d="M{0:.1f} {1:.1f}V{2:.1f}"/>').format(
                    centre, _y(one.low), _y(one.high)
                ),
                _text(centre, BOTTOM_EDGE + 31, str(one.count), "tick"),
            ]
        else:
            marks.append(_text(centre, _y(one.mean) - 6, f"{100 * one.mean:.1f}", "value"))
        ticks.append(((i + 0.5) / len(bins), one.label))
    return _chart(
        f"{y_label} by {x_label}",
        x_ticks=ticks,
        y_ticks=PERCENT,
        x_label=x_label,
        y_label=y_label,
        marks=marks,
    )


def _chart(
    title: str, *, x_ticks: Ticks, y_ticks: Ticks, x_label: str, y_label: str, marks: list[Markup]
) -> Markup:
    grid = [
        Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(LEFT, _y(at), RIGHT_EDGE)
        + _text(LEFT - 8, _y(at) + 4, label, "tick end")
        for at, label in y_ticks
    ]
    below = [_text(_x(at), BOTTOM_EDGE + 16, label, "tick") for at, label in x_ticks]
    axis = Markup('<path class="axis" d="M{0} {1}H{2}"/>').format(LEFT, BOTTOM_EDGE, RIGHT_EDGE)
    middle = (TOP + BOTTOM_EDGE) / 2
    labels = _text((LEFT + RIGHT_EDGE) / 2, HEIGHT - 5, x_label, "label") + Markup(
        '<text class="label" transform="translate(14 {}) rotate(-90)">{}</text>'
    ).format(middle, y_label)
    return (
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            WIDTH, HEIGHT, title
        )
        + Markup("").join([*grid, *marks, axis, *below, labels])
        + Markup("</svg>")
    )


def _bar(left: float, right: float, height: float, style: str, told: str) -> Markup:
    top = _y(height)
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    ).format(style, left, top, right - left, BOTTOM_EDGE - top, told)


def _mean_line(mean: float) -> Markup:
    x, beyond = _x(mean), mean > 0.75
    return Markup('<path class="mean" d="M{0:.1f} {1}V{2}"/>').format(
        x, TOP - 6, BOTTOM_EDGE
    ) + _text(
        x + (-5 if beyond else 5),
        TOP - 8,
        f"mean {100 * mean:.1f}",
        "value " + ("end" if beyond else "start"),
    )


def _text(x: float, y: float, text: str, style: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(style, x, y, text)


def _told(one: Bin, counts: bool = True) -> str:
    if not counts:
        return f"{one.label}: {100 * one.mean:.1f}"
    return (
        f"{one.label}: mean {100 * one.mean:.1f}, quartiles {100 * one.low:.1f} and "
        f"{100 * one.high:.1f}, n = {one.count}"
    )


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _x(share: float) -> float:
    return LEFT + share * (RIGHT_EDGE - LEFT)


def _y(share: float) -> float:
    return BOTTOM_EDGE - share * (BOTTOM_EDGE - TOP)


def _count_ticks(most: int) -> list[tuple[int, str]]:
    """Return two to six round numbers from 0 to ``most`` or a little more."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if 5 * step >= most)
    return [(value, str(value)) for value in range(0, max(most, 1) + step, step)]
