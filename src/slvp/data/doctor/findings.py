"""What a check of a data set found, and how it reads on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from slvp.words import counted

SHOWN = 5
"""How many of one kind of problem are shown by name."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with one file or folder.

    Attributes:
        kind: what is wrong, in words that fit every file of which the same is wrong.
        path: the file or folder; None where ``detail`` says all.
        detail: what is wrong with this one in particular; may be empty.
        mend: what to do about it.
    """

    kind: str
    path: Path | None
    detail: str
    mend: str

    @property
    def what(self) -> str:
        """The file and what is particular about it."""
        return ": ".join(str(part) for part in (self.path, self.detail) if part)


@dataclass(frozen=True)
class Findings:
    """What a check found.

    Attributes:
        title: the benchmark's name, as the field writes it.
        root: the folder that was looked at.
        counts: one line per split.
        problems: all that must be mended.
        notes: what is worth knowing, though nothing is wrong with it.
        layout: the files that the benchmark should have, as a tree.
    """

    title: str
    root: Path
    counts: tuple[str, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    layout: str


def format_findings(findings: Findings) -> str:
    """Return what was found as lines for a terminal; the last one is the verdict.

    Problems of one kind stand together, the first five by name. The layout is shown where files
    are not where they should be.
    """
    lines = [f"{findings.title} in {findings.root}"]
    lines += [f"  {line}" for line in findings.counts]

    kinds: dict[tuple[str, str], list[Problem]] = {}
    for problem in findings.problems:
        kinds.setdefault((problem.kind, problem.mend), []).append(problem)
    for (kind, mend), problems in kinds.items():
        lines += ["", f"{kind}:"]
        lines += [f"  {line}" for line in shortened(problem.what for problem in problems)]
        lines.append(f"  -> {mend}")
    if findings.layout:
        lines += ["", f"The layout of {findings.title}, where ROOT is the folder to give:"]
        lines += [f"  {line}" for line in findings.layout.splitlines()]
    if findings.notes:
        lines += ["", "Notes:", *(f"  - {note}" for note in findings.notes)]

    number = len(findings.problems)
    verdict = counted(number, "problem") if number else "all good"
    return "\n".join([*lines, "", verdict])


def shortened(items: Iterable[str]) -> list[str]:
    """Return the first five of some items and, where there are more, how many more."""
    iterator = iter(items)
    shown = list(islice(iterator, SHOWN))
    more = sum(1 for _ in iterator)
    return [*shown, f"and {more:,} more"] if more else shown
