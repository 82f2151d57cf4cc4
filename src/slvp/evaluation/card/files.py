"""Result cards as files."""

from __future__ import annotations

import json
from pathlib import Path

from slvp.errors import UserError
from slvp.evaluation.card.plain import UnfitError, from_plain, to_plain
from slvp.evaluation.card.records import SCHEMA, ResultCard
from slvp.files import whole_file


def write_card(card: ResultCard, path: Path) -> None:
    """Write the card as JSON, whole or not at all.

    Raises:
        UserError: the folder isn't there or can't be written to.
    """
    try:
        with whole_file(path) as file:
            # All but ASCII is escaped: a path may have bytes that are no character.
            file.write_text(json.dumps(to_plain(card), indent=2) + "\n", encoding="ascii")
    except OSError as error:
        raise UserError(
            f"{path} can't be written ({error.strerror}): name a file in a folder that exists and "
            "is yours to write."
        ) from error


def read_card(path: Path) -> ResultCard:
    """Read what ``write_card`` wrote.

    Args:
        path: the file, or a folder with a ``result.json`` in it.

    Raises:
        UserError: the file can't be read, is no result card, or is one of another layout.
    """
    if path.is_dir():
        path /= "result.json"
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"{path} can't be read ({error.strerror}): name the result.json of an evaluation."
        ) from error
    except ValueError as error:
        raise UserError(
            f"{path} doesn't read as JSON ({error}): name the result.json of an evaluation."
        ) from error
    version = found.get("schema") if isinstance(found, dict) else None
    if isinstance(version, int) and version != SCHEMA:
        raise UserError(
            f"{path} is a result card of layout {version}, and this version of slvp reads layout "
            f"{SCHEMA}: make it again, or read it with the version that made it."
        )
    try:
        return from_plain(ResultCard, found)
    except UnfitError as error:
        raise UserError(
            f"{path} is no result card ({error}): name the result.json of an evaluation."
        ) from error
