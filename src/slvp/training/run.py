"""A run's folder. Everything is written whole or not at all.

====================  ============================================================
``config.json``       the configuration
``init.json``         what each tensor started from, in a run with ``init``
``checkpoints/``      the newest few: weights, their moving average, optimiser
``log.csv``           losses, rates and held-out figures; a resumed run has those
                      of an uninterrupted one, to the byte
``samples.csv``       how many clips each step saw, and a digest of their names
``timing.csv``        steps per second, and how long they waited for their data
``skipped.csv``       samples that could not be used, and why
``curves.png``        the log as curves
``pictures/``         what the model makes of held-out clips, at intervals
``pseudo/``           of weak labels: pseudo masks, a folder for each stage
``tensorboard/``      the log for TensorBoard
``snapshots/``        copies of the model on the way, if asked for
``model/``            the finished model: the moving average
====================  ============================================================
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError

from slvp.errors import UserError
from slvp.models.build import build
from slvp.models.checkpoint import WEIGHTS_FILE, load_strictly, save_pretrained
from slvp.models.configs import AnyConfig
from slvp.training.config import TrainConfig


class Run:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_file = folder / "config.json"
        self.init_file = folder / "init.json"
        self.checkpoints = folder / "checkpoints"
        self.log_file = folder / "log.csv"
        self.samples_file = folder / "samples.csv"
        self.timing_file = folder / "timing.csv"
        self.skipped_file = folder / "skipped.csv"
        self.curves_file = folder / "curves.png"
        self.pseudo = folder / "pseudo"
        self.tensorboard = folder / "tensorboard"
        self.model = folder / "model"

    @property
    def finished(self) -> bool:
        """Is the model there?"""
        return (self.model / WEIGHTS_FILE).is_file()

    def check_new(self) -> None:
        """Raise a UserError if the folder is in use."""
        folder = self.folder
        # One that was killed while it wrote its configuration never began.
        if folder.exists() and (
            not folder.is_dir() or any(path.suffix != ".part" for path in folder.iterdir())
        ):
            raise UserError(
                f"{folder}: already there; expected a new folder (use 'slvp resume {folder}' to "
                "go on with a run)"
            )

    def begin(self, config: TrainConfig) -> None:
        """Make the folder and write the configuration; remove what a killed process left.

        Raises:
            UserError: the folder can't be made.
        """
        with _complaining(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            for half in [*self.folder.glob("**/.saving-*"), *self.folder.glob("**/.*.part")]:
                shutil.rmtree(half) if half.is_dir() else half.unlink(missing_ok=True)
            config.save(self.config_file)

    def picture(self, step: int) -> Path:
        """Return the file of the pictures of ``step``."""
        return self.folder / "pictures" / f"step-{step:06d}.png"

    def snapshot(self, step: int) -> Path:
        """Return the folder of the copy that is kept of ``step``."""
        return self.folder / "snapshots" / f"step-{step:06d}"

    def save_model(self, config: AnyConfig, state: dict[str, torch.Tensor], folder: Path) -> None:
        """Write a model that can be loaded by itself.

        Args:
            config: its architecture.
            state: what :meth:`SLVP.stored_state` names.
            folder: where to.

        Raises:
            UserError: it can't be written.
        """
        model = build(config, weights="unstored")
        load_strictly(model, state, str(self.folder))
        with self.writing(folder):
            save_pretrained(model, folder)

    @contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """Turn what goes wrong with the disk in the block into a UserError about ``path``."""
        going_on = f"'slvp resume {self.folder}' goes on with a run that was interrupted"
        with _complaining(path, f"; {going_on}"):
            yield


@contextmanager
def _complaining(path: Path, more: str = "") -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(
            f"{path}: can't be written ({reason}); make room or choose another folder{more}"
        ) from None
