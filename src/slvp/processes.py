"""How many processes a command works with."""

from __future__ import annotations

import os

from slvp.errors import UserError


def check_processes(asked: int | None) -> None:
    """Check the option ``--processes``, before any work.

    Raises:
        UserError: it is less than 1.
    """
    if asked is not None and asked < 1:
        raise UserError(f"--processes {asked} is too small; 1 is the least")


def process_count(asked: int | None, *, pieces: int, work: int, worthwhile: int) -> int:
    """Return how many processes to start, at most one for each piece of work.

    Args:
        asked: how many the user wants; None leaves it open.
        pieces: of work that aren't divided further, such as videos.
        work: all that there is, such as masks or files.
        worthwhile: how much of it takes longer than a process takes to start, which is seconds.
    """
    return min(asked or min(os.cpu_count() or 1, 1 + work // worthwhile), pieces)
