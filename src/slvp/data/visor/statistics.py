"""What the conversion of VISOR kept, and what it left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from slvp.data.visor.naming import KEPT_OUT, KINDS
from slvp.data.visor.sequences import LEFT_OUT, SequenceRecord


@dataclass(frozen=True)
class SplitStatistics:
    """Counts of one split.

    Attributes:
        sequences: sequences with at least one expression.
        frames: their frames.
        objects: their objects, with and without an expression.
        expressions: one for each object that is not kept out.
        told_by: expressions by what tells the object apart.
        kept_out: objects without an expression, in these sequences, by reason.
        left_out: subsequences that make no sequence, by reason.
    """

    sequences: int = 0
    frames: int = 0
    objects: int = 0
    expressions: int = 0
    told_by: dict[str, int] = field(default_factory=dict)
    kept_out: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class VisorStatistics:
    """Counts by split; ``val_unseen`` is the part of ``val`` in kitchens that ``train`` lacks."""

    splits: dict[str, SplitStatistics]


def count(records: Iterable[SequenceRecord]) -> SplitStatistics:
    """Count what the records of a split say."""
    all_records = list(records)
    kept = [record for record in all_records if record.left_out is None]
    objects = [one for record in kept for one in record.objects]
    told_by = Counter(one.kind for one in objects)
    kept_out = Counter(one.kept_out for one in objects)
    left_out = Counter(record.left_out for record in all_records)
    return SplitStatistics(
        sequences=len(kept),
        frames=sum(len(record.frames) for record in kept),
        objects=len(objects),
        expressions=sum(told_by[kind] for kind in KINDS),
        told_by={kind: told_by[kind] for kind in KINDS},
        kept_out={reason: kept_out[reason] for reason in KEPT_OUT},
        left_out={reason: left_out[reason] for reason in LEFT_OUT},
    )


def format_statistics(statistics: VisorStatistics) -> str:
    """Return a table for the terminal: a row for each count, a column for each split."""
    splits = list(statistics.splits.values())
    rows: list[tuple[str, list[str]]] = [("", list(statistics.splits))]
    for name in ("sequences", "frames", "objects", "expressions"):
        rows.append((name, [f"{getattr(split, name):,}" for split in splits]))
    for kind in KINDS:
        cells = [f"{one.told_by[kind] / max(one.expressions, 1):.1%}" for one in splits]
        rows.append((f"  told by {kind}", cells))
    for title, reasons in (
        ("objects kept out", [one.kept_out for one in splits]),
        ("subsequences left out", [one.left_out for one in splits]),
    ):
        rows.append((title, [f"{sum(one.values()):,}" for one in reasons]))
        rows += [(f"  {name}", [f"{one[name]:,}" for one in reasons]) for name in reasons[0]]
    first = max(len(label) for label, _ in rows)
    width = 2 + max(len(cell) for _, cells in rows for cell in cells)
    return "\n".join(
        f"{label:<{first}}{''.join(f'{cell:>{width}}' for cell in cells)}" for label, cells in rows
    )
