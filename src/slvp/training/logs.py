"""What a run writes down while it goes on: CSV and TensorBoard.

A resumed run first drops the lines of the steps that it does again.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from slvp.files import whole_file
from slvp.training.run import Run
from slvp.training.stream import Seen

FIGURES = ("step", "name", "value")
SAMPLES = ("step", "clips", "digest")


class Table:
    """A CSV file whose first column is the step; each line is on disk as soon as it is written.

    Args:
        path: of the file; made if it isn't there.
        columns: names.
        first_step: lines of this step and later ones are dropped.
    """

    def __init__(self, path: Path, columns: Sequence[str], first_step: int) -> None:
        rows = [row for row in read_rows(path) if int(row[0]) < first_step]
        with whole_file(path) as new, new.open("w", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        self._file = path.open("a", newline="", buffering=1)
        self._csv = csv.writer(self._file)

    def add(self, *row: object) -> None:
        """Write a line."""
        self._csv.writerow(row)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_rows(path: Path) -> list[list[str]]:
    """Return the lines of a table without its header; none if there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    return [row for row in rows if len(row) == len(header)]  # a killed process's last may be cut


class Logs:
    """The log of a run.

    Args:
        run: its folder, which must exist.
        first_step: of this process.

    Raises:
        UserError: a file can't be written; of all methods, too.
    """

    def __init__(self, run: Run, first_step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._run = run
        with run.writing(run.log_file):
            self._figures = Table(run.log_file, FIGURES, first_step)
            self._timing = Table(run.timing_file, FIGURES, first_step)
            self._samples = Table(run.samples_file, SAMPLES, first_step)
            self._board = SummaryWriter(str(run.tensorboard), purge_step=first_step)

    def figures(self, step: int, values: dict[str, float]) -> None:
        """Log what a step did to the model: the same in every run of one configuration."""
        self._write(self._figures, step, values)

    def timing(self, step: int, values: dict[str, float]) -> None:
        """Log how long things took."""
        self._write(self._timing, step, values)

    def samples(self, step: int, seen: Seen) -> None:
        """Log which clips a step saw."""
        with self._run.writing(self._run.samples_file):
            self._samples.add(step, seen.clips, f"{seen.digest:08x}")

    def close(self) -> None:
        """Close all files."""
        for table in (self._figures, self._timing, self._samples):
            table.close()
        self._board.close()

    def _write(self, table: Table, step: int, values: dict[str, float]) -> None:
        with self._run.writing(self._run.log_file):
            for name, value in values.items():
                table.add(step, name, f"{value:.9g}")
                self._board.add_scalar(name, value, step)
