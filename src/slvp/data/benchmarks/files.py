"""A benchmark's folders and text files, with complaints that name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from slvp.errors import UserError

T = TypeVar("T")


def require_folder(path: Path, benchmark: str) -> Path:
    """Return ``path`` if it is a folder.

    Raises:
        UserError: it is not there.
    """
    if not path.is_dir():
        raise UserError(
            f"{path} is no folder, yet {benchmark} keeps a part of its data there: give the folder "
            "that holds the unpacked benchmark."
        )
    return path


def require_file(path: Path, named_in: Path, benchmark: str) -> Path:
    """Return ``path`` if it is a file.

    Raises:
        UserError: it is not there, though the file ``named_in`` says so.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing, yet {named_in} names it: unpack {benchmark} again.")
    return path


def read_text(path: Path, benchmark: str) -> bytes:
    """Return the content of one of a benchmark's text files.

    Raises:
        UserError: it is not there.
    """
    if not path.is_file():
        raise UserError(
            f"{path} is missing, yet {benchmark} needs it: give the folder that holds the unpacked "
            "benchmark."
        )
    return path.read_bytes()


def read_json(path: Path, benchmark: str, mend: str = "") -> Any:
    """Return what one of a benchmark's JSON files holds.

    Args:
        path: the file.
        benchmark: its name, for messages.
        mend: what to do about a broken file, if it isn't to download it again.

    Raises:
        UserError: it is not there, is cut off or holds a name twice in one place.
    """
    content = read_text(path, benchmark)
    try:
        return json.loads(content, object_pairs_hook=_without_repeats)
    except ValueError as error:
        raise UserError(
            f"{path} doesn't read as JSON ({error}): "
            f"{mend or f'download or unpack {benchmark} again'}."
        ) from error


def typed(value: Any, kind: type[T], what: str) -> T:
    """Return a value of a JSON file if it is of some type.

    Raises:
        ValueError: it is missing or of another type; the message names it by ``what``.
    """
    if isinstance(value, kind):
        return value
    if value is None:
        raise ValueError(f"{what} is missing")
    raise ValueError(f"{what} is a {type(value).__name__} and no {kind.__name__}")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice in the same place")
    return found
