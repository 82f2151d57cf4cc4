"""A folder of results that appears whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from slvp.errors import UserError
from slvp.files import whole_file


@contextmanager
def output_folder(out: Path, contents: Collection[str], overwrite: bool | None) -> Iterator[Path]:
    """Give a new folder beside ``out``, and put it in ``out``'s place at the end of the block.

    If the block fails, the folder and the parents made for it are removed, and ``out`` is as it
    was before.

    Args:
        out: where the results shall be; may exist if it is empty, or with ``overwrite``.
        contents: the names of what the block writes. A folder that holds anything else is not
            ours to replace.
        overwrite: replace an earlier result in ``out``; None where the command can't.

    Raises:
        UserError: ``out`` can't be made, or holds something that should not be replaced.
    """
    with _told(out):
        target = out.resolve()
        _check_replaceable(out, target, contents, overwrite)
        new_parents = [parent for parent in target.parents if not parent.exists()]
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with _told(out):
            partial.mkdir(parents=True)
        yield partial
        with _told(out):
            _swap_in(partial, target)
    except BaseException as error:
        _remove(partial, new_parents)
        if isinstance(error, OSError) and error.errno in _FAILURES:
            raise _cannot_write(out, error) from error
        if isinstance(error, UserError) and str(partial) in str(error):
            # Nobody has heard of the folder in the making.
            raise UserError(str(error).replace(str(partial), str(out))) from error
        raise


@contextmanager
def resumable_folder(
    out: Path, contents: Collection[str], overwrite: bool, settings: Mapping[str, Any]
) -> Iterator[Path]:
    """Give ``OUT.partial`` to work in, and put it in ``out``'s place at the end of the block.

    What an earlier run left there is found again, if it had the same ``settings``.

    Args:
        out: where the results shall be; may exist if it is empty, or with ``overwrite``.
        contents: the names of what the block writes.
        overwrite: replace an earlier result in ``out``, or an unfinished one of other settings.
        settings: all that the results depend on, as JSON has it.

    Raises:
        UserError: ``out`` can't be made, holds something that should not be replaced, or another
            unfinished run stands in its way.
    """
    with _told(out):
        target = out.resolve()
        _check_replaceable(out, target, contents, overwrite)
        partial = partial_folder(out)
        note = partial / "settings.json"
        if overwrite and _settings(note) not in (None, settings):
            shutil.rmtree(partial)
        earlier = _settings(note)
        if earlier not in (None, settings):
            different = [key for key in settings if (earlier or {}).get(key) != settings[key]]
            raise UserError(
                f"{out}.partial holds an unfinished run with another {different[0]}; finish it, "
                "name another folder, or replace it with --overwrite"
            )
        new_parents = [parent for parent in target.parents if not parent.exists()]
        partial.mkdir(parents=True, exist_ok=True)
        if earlier is None:
            with whole_file(note) as path:
                path.write_text(json.dumps(settings))
    try:
        yield partial
        with _told(out):
            note.unlink()
            _swap_in(partial, target)
    except BaseException as error:
        if not any(path.is_file() for path in partial.rglob("*") if path != note):
            _remove(partial, new_parents)  # nothing to go on from
        if isinstance(error, OSError) and error.errno in _FAILURES:
            raise _cannot_write(out, error) from error
        raise


def _remove(partial: Path, new_parents: list[Path]) -> None:
    """Remove a folder that came to nothing, and the parents made for it."""
    shutil.rmtree(partial, ignore_errors=True)
    for parent in new_parents:
        with suppress(OSError):  # never made, or another run has begun to write there
            parent.rmdir()


def partial_folder(out: Path) -> Path:
    """Return where ``resumable_folder`` lets the results of ``out`` grow."""
    target = out.resolve()
    return target.with_name(f"{target.name}.partial")


def _settings(note: Path) -> dict[str, Any] | None:
    return json.loads(note.read_text()) if note.is_file() else None


_FAILURES = {
    errno.EACCES: "permission denied",
    errno.EDQUOT: "your share of the disk is full",
    errno.EEXIST: "a file is in the way",
    errno.EIO: "the disk is failing",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENOSPC: "the disk is full",
    errno.ENOTDIR: "a part of the path is a file",
    errno.EROFS: "the disk is read-only",
}


@contextmanager
def _told(out: Path) -> Iterator[None]:
    """Turn whatever the system refuses into a complaint about ``out``."""
    try:
        yield
    except OSError as error:
        raise _cannot_write(out, error) from error


def _cannot_write(out: Path, error: OSError) -> UserError:
    reason = _FAILURES.get(error.errno or 0, error.strerror)
    return UserError(f"{out}: can't write there ({reason}); name another folder")


def _check_replaceable(
    out: Path, target: Path, contents: Collection[str], overwrite: bool | None
) -> None:
    if target.is_mount():
        raise UserError(f"{out} is where a disk is mounted; name a folder within it")
    if not target.exists():
        return
    if not target.is_dir():
        raise UserError(f"{out} is a file, not a folder; name another folder")
    found = {path.name for path in target.iterdir()}
    if found and not overwrite:
        way_out = "" if overwrite is None else ", or replace it with --overwrite"
        raise UserError(f"{out} is not empty; name another folder{way_out}")
    if not found <= set(contents):
        stranger = min(found - set(contents))
        raise UserError(
            f"{out} holds {stranger}, which slvp did not write, so it is not replaced; "
            "name another folder"
        )


def _swap_in(partial: Path, target: Path) -> None:
    """Put ``partial`` in the place of ``target``, which is empty, an earlier result or absent."""
    if not target.exists():
        partial.rename(target)
        return
    earlier = partial.with_suffix(".earlier")
    target.rename(earlier)
    try:
        partial.rename(target)
    except BaseException:
        earlier.rename(target)
        raise
    shutil.rmtree(earlier, ignore_errors=True)  # the new result stands, whatever is left of it
