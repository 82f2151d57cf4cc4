"""Samples that could not be used: told by name, and too many of them are an error."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from slvp.errors import UserError
from slvp.training.logs import Table, read_rows
from slvp.types import Skipped

COLUMNS = ("step", "name", "why", "reason")
_FEWEST = 20  # samples seen before a share of them means something
_MOST_SKIPPED = 0.9  # share of samples; where fewer are left, hardly anything is learnt


class SkippedLog:
    """Counts skipped samples, and writes each of them once.

    Args:
        path: CSV file with the columns step, name, why, reason; None in processes that don't write.
        max_broken: share of the samples that may be broken.
        first_step: lines of this step and later ones are dropped, since they come again.
    """

    def __init__(self, path: Path | None, max_broken: float, first_step: int = 0) -> None:
        self._max_broken = max_broken
        self._seen = self._skipped = self._broken = 0
        self._table = None if path is None else Table(path, COLUMNS, first_step)
        self._told = set() if path is None else {tuple(row[1:3]) for row in read_rows(path)}

    def add(self, step: int, skipped: Iterable[Skipped], seen: int) -> None:
        """Take note of a step.

        Args:
            step: number of the step.
            skipped: samples that could not be used.
            seen: all samples of the step, these included.

        Raises:
            UserError: too many samples were broken so far, or hardly any was left.
        """
        skipped = tuple(skipped)
        broken = [one for one in skipped if one.why == "broken"]
        self._seen += seen
        self._skipped += len(skipped)
        self._broken += len(broken)
        if self._table is not None:
            for one in skipped:
                if (one.name, one.why) not in self._told:
                    self._told.add((one.name, one.why))
                    self._table.add(step, one.name, one.why, one.reason)
        if self._seen < _FEWEST:
            return
        if self._broken > self._max_broken * self._seen and broken:
            raise UserError(
                f"{self._broken} of {self._seen} samples can't be read, more than the "
                f"{self._max_broken:.0%} that a run puts up with, such as {broken[-1].name}: "
                f"{broken[-1].reason}; the run's skipped.csv lists them: mend or remove them, or "
                "put up with more by --max-broken"
            )
        if self._skipped > _MOST_SKIPPED * self._seen and skipped:
            raise UserError(
                f"{self._skipped} of {self._seen} samples can't be used, such as "
                f"{skipped[-1].name} ({skipped[-1].why}); the run's skipped.csv lists them: train "
                "on videos with captions, in which something moves"
            )

    def close(self) -> None:
        """Close the file."""
        if self._table is not None:
            self._table.close()
