"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name beside ``path`` to write to, and rename it to ``path`` at the end of the block.

    If the block fails, nothing new is left, and ``path`` is as it was before.

    Args:
        path: the file to make or replace; its folder must exist.

    Raises:
        OSError: ``path`` can't be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; also of names that no file can have."""
    try:
        return path.is_dir()
    except OSError:  # longer than names may be
        return False
