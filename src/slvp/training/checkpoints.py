"""Checkpoints of a run: written whole or not at all, the newest few kept, the broken ones skipped.

A checkpoint holds all that going on needs: weights, their moving average, the optimiser's state,
the scale of half-precision losses, and the step. Batches, and all chances in training, are drawn
by the seed and the step, so there are no generators to keep.
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import torch

from slvp.errors import UserError
from slvp.files import whole_file

_SUFFIX = ".pt"


class Checkpoints:
    """The folder of a run's checkpoints, ``step-000100.pt`` and so on.

    Args:
        folder: made with the first of them.
        keep: how many are kept, the newest.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self.keep = keep

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Write the state after ``step`` steps, then remove the oldest that are too many.

        Raises:
            UserError: it can't be written; those before it are as they were.
        """
        path = self.folder / f"step-{step:06d}{_SUFFIX}"
        try:
            self.folder.mkdir(exist_ok=True)
            # To an open file: under a name, that name would become part of the content.
            with whole_file(path) as new, new.open("wb") as file:
                torch.save({"step": step, **state}, file)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, RuntimeError) as error:
            # torch has a word of its own for a full disk; what the disk said is its context.
            reason = error if isinstance(error, OSError) else error.__context__
            if not isinstance(reason, OSError):
                raise
            raise UserError(
                f"{path}: can't be written ({reason.strerror}); make room, then go on from "
                f"{self._last_before(step)} with 'slvp resume {self.folder.parent}'"
            ) from None
        for old in self._before(step)[self.keep - 1 :]:
            old.unlink()

    def newest(self) -> Path | None:
        """Return the newest checkpoint that can be read whole, None if there is none.

        What a killed process left half-written is removed; a broken checkpoint is told on stderr.
        """
        for part in self.folder.glob(f".step-*{_SUFFIX}.*.part"):
            part.unlink()
        for path in self._all():
            if is_whole(path):
                return path
            print(f"{path}: broken; skipped", file=sys.stderr)
        return None

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob(f"step-*{_SUFFIX}"), key=_step_of, reverse=True)

    def _before(self, step: int) -> list[Path]:
        return [path for path in self._all() if _step_of(path) < step]

    def _last_before(self, step: int) -> str:
        return f"step {_step_of(before[0])}" if (before := self._before(step)) else "the beginning"


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; ``step`` is among what was saved."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def is_whole(path: Path) -> bool:
    """Compare all bytes with their check sums."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def _step_of(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))
