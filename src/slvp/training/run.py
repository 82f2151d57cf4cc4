"""A run's folder: checkpoint, logs, models. Everything is written whole or not at all.

====================  =====================================================
``config.json``       the configuration
``checkpoint.pt``     weights, their moving average, optimiser and step
``log.csv``           one line per logged step
``tensorboard/``      the same for TensorBoard
``snapshots/``        copies of the model on the way, if asked for
``model/``            the finished model: the moving average
====================  =====================================================
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import torch

from slvp.errors import UserError
from slvp.files import whole_file
from slvp.training.config import TrainConfig


class Run:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_file = folder / "config.json"
        self.checkpoint_file = folder / "checkpoint.pt"
        self.log_file = folder / "log.csv"
        self.tensorboard = folder / "tensorboard"
        self.model = folder / "model"

    def check_new(self) -> None:
        """Raise a UserError if the folder is in use."""
        folder = self.folder
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(
                f"{folder}: already there; expected a new folder (use 'slvp resume {folder}' to "
                "go on with a run)"
            )

    def begin(self, config: TrainConfig) -> None:
        """Make the folder and write the configuration.

        Raises:
            UserError: the folder can't be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{self.folder}: can't be made ({error.strerror}); choose another"
            ) from None
        config.save(self.config_file)

    def snapshot(self, step: int) -> Path:
        """Return the folder of the copy that is kept of ``step``."""
        return self.folder / "snapshots" / f"step-{step:06d}"

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        # To an open file: under a name, that name would become part of the content.
        with whole_file(self.checkpoint_file) as new, new.open("wb") as file:
            torch.save(state, file)

    def load_checkpoint(self) -> dict[str, Any] | None:
        """Return the checkpoint, or None before the first."""
        if not self.checkpoint_file.is_file():
            return None
        return torch.load(self.checkpoint_file, map_location="cpu", weights_only=True)

    def truncate_log(self, step: int) -> None:
        """Drop logged lines from ``step`` on: a resumed run will write them again."""
        if not self.log_file.is_file():
            return
        with self.log_file.open(newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        kept = [row for row in rows if len(row) == len(header) and int(row[0]) < step]
        with whole_file(self.log_file) as new, new.open("w", newline="") as file:
            csv.writer(file).writerows([header, *kept] if header else [])


class Log:
    """Writes figures to CSV (one line per step and name) and to TensorBoard."""

    COLUMNS = ("step", "name", "value")

    def __init__(self, run: Run, first_step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        run.truncate_log(first_step)
        new = not run.log_file.is_file()
        self._file = run.log_file.open("a", newline="", buffering=1)
        self._csv = csv.writer(self._file)
        if new:
            self._csv.writerow(self.COLUMNS)
        self._board = SummaryWriter(str(run.tensorboard), purge_step=first_step)

    def write(self, step: int, values: dict[str, float]) -> None:
        """Log ``values`` of a step."""
        for name, value in values.items():
            self._csv.writerow((step, name, f"{value:.6g}"))
            self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close both."""
        self._file.close()
        self._board.close()
