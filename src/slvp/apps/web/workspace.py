"""The one folder that the page writes to, and who may keep what in it for how long."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from pathlib import Path


class Workspace:
    """A temporary folder with uploads and results. A folder of either is removed when it is old.

    Args:
        keep_seconds: age of the newest file of a folder at which the folder is removed.
    """

    def __init__(self, keep_seconds: float) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="slvp-web-"))
        self.uploads = self.root / "uploads"  # Gradio's: what comes in and what it hands out
        self.results = self.root / "results"
        self.uploads.mkdir()
        self.results.mkdir()
        self._keep_seconds = keep_seconds
        self._closed = threading.Event()
        threading.Thread(target=self._sweep_for_ever, daemon=True).start()

    def new_folder(self) -> Path:
        """Make an empty folder for the results of one request."""
        return Path(tempfile.mkdtemp(dir=self.results))

    def sweep(self) -> None:
        """Remove what nobody has written to for long enough."""
        oldest = time.time() - self._keep_seconds
        for folder in [*self.uploads.iterdir(), *self.results.iterdir()]:
            if _last_written(folder) < oldest:
                shutil.rmtree(folder, ignore_errors=True)

    def _sweep_for_ever(self) -> None:
        while not self._closed.wait(min(60.0, self._keep_seconds)):
            self.sweep()

    def close(self) -> None:
        """Remove everything."""
        self._closed.set()
        shutil.rmtree(self.root, ignore_errors=True)


def _last_written(folder: Path) -> float:
    times = []
    for path in [folder, *folder.rglob("*")]:
        try:
            times.append(path.stat().st_mtime)
        except FileNotFoundError:  # removed meanwhile
            continue
    return max(times, default=0.0)
