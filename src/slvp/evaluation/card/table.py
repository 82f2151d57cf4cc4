"""A result card as plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from slvp.evaluation.card.records import METRIC_TITLES, CardSequence, ResultCard

WIDTH = 100
"""Columns of a terminal that tables should fit in."""

MOST_ROWS = 60
"""Sequences that a table lists; of more, only the mean is shown."""

_OF_SEQUENCES = ("j", "f", "jf", "mean_iou")

_OF_THE_WHOLE = (
    ("j", "f", "jf"),
    ("j_recall", "j_decay", "f_recall", "f_decay"),
    ("precision_50", "precision_60", "precision_70", "precision_80", "precision_90"),
    ("overall_iou", "mean_iou"),
    ("map", "map_50", "map_75"),
)


def format_table(card: ResultCard) -> str:
    """Lay out the numbers of each sequence and of the whole, in percent, as plain text.

    Annotation sets stand side by side, so that the four of Ref-DAVIS17 take about 95 columns.
    """
    return "\n".join([*_heading(card), "", *_sequence_rows(card), "", *_summary(card)])


def _heading(card: ResultCard) -> list[str]:
    facts = [card.scored]
    if card.config is not None:
        facts += [f"{name} {value}" for name, value in card.config.items()]
    facts.append(f"{card.frames} frames")
    if card.frames_per_second is not None:
        facts.append(f"{card.frames_per_second:.1f} frames per second")
    return [
        f"{card.benchmark} {card.split}: {card.protocol.title}",
        *textwrap.wrap(", ".join(facts), WIDTH, break_long_words=False, break_on_hyphens=False),
    ]


def _sequence_rows(card: ResultCard) -> list[str]:
    if len(card.sequences) > MOST_ROWS:
        return [f"{len(card.sequences)} sequences, too many to list here"]
    metrics = [name for name in _OF_SEQUENCES if name in card.sequences[0].metrics]
    cells = " ".join(f"{METRIC_TITLES[name]:>{_width(name)}}" for name in metrics)
    widths = [max(len(one.name), len(cells)) for one in card.annotation_sets]
    names = [one.name for one in card.sequences]
    room = WIDTH - sum(width + 2 for width in widths)
    first = min(max(map(len, [*names, "sequence"])), max(room, len("sequence")))
    rule = "-" * (first + sum(width + 2 for width in widths))

    lines = []
    if len(widths) > 1:
        lines.append(_row("", first, [one.name for one in card.annotation_sets], widths))
    lines += [_row("sequence", first, [cells] * len(widths), widths), rule]
    for name in names:
        parts = [_find(one.sequences, name) for one in card.annotation_sets]
        lines.append(_row(name, first, [_cells(part, metrics) for part in parts], widths))
    means = [_cells(one.metrics, metrics) for one in card.annotation_sets]
    return [*lines, rule, _row("mean", first, means, widths)]


def _summary(card: ResultCard) -> list[str]:
    rows = [[name for name in row if name in card.summary] for row in _OF_THE_WHOLE]
    lines = [
        ", ".join(f"{METRIC_TITLES[name]} {100 * card.summary[name]:.1f}" for name in row)
        for row in rows
        if row
    ]
    sets = len(card.annotation_sets)
    return [f"mean over the {sets} sets: {lines[0]}", *lines[1:]] if sets > 1 else lines


def _find(sequences: Sequence[CardSequence], name: str) -> Mapping[str, float]:
    return next((one.metrics for one in sequences if one.name == name), {})


def _cells(values: Mapping[str, float], metrics: Sequence[str]) -> str:
    """Return the numbers, or blanks for a sequence that an annotation set doesn't have."""
    return " ".join(
        f"{100 * values[name]:{_width(name)}.1f}" if name in values else " " * _width(name)
        for name in metrics
    )


def _width(metric: str) -> int:
    return max(len(METRIC_TITLES[metric]), len("100.0"))


def _row(name: str, first: int, cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = name if len(name) <= first else f"{name[: first - 1]}…"
    parts = (f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{shown:<{first}}{''.join(parts)}".rstrip()
