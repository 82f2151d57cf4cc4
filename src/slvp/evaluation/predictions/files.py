"""Folders and zip files, read alike: names with slashes, content as bytes."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile, ZipFile

from slvp.errors import UserError


class Files(Protocol):
    """A tree of files. Hidden ones, and those that macOS adds to its zips, are not seen."""

    @property
    def path(self) -> Path:
        """The folder or zip file, for messages."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return what stands directly in ``folder`` (empty: the top); nothing if it is none.

        Raises:
            UserError: the folder can't be read.
        """
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            UserError: it can't be read.
        """
        ...


def open_files(path: Path) -> Files:
    """Return what stands in a folder or zip file.

    Raises:
        UserError: ``path`` is neither.
    """
    if path.is_dir():
        return FolderFiles(path)
    if path.suffix.lower() == ".zip" and path.is_file():
        return ZipFiles(path)
    found = "is not there" if not path.exists() else "is none of them"
    raise UserError(
        f"{path} {found}: give a folder of masks, a .zip of one, or a .json of COCO results."
    )


def join(*parts: str) -> str:
    """Return the parts with slashes between them; empty ones are left out."""
    return "/".join(part for part in parts if part)


class FolderFiles:
    """The files of a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self, folder: str) -> list[str]:
        """Return what stands directly in ``folder``; nothing if it is none.

        Raises:
            UserError: its rights don't allow that.
        """
        try:
            return [one.name for one in (self.path / folder).iterdir() if _visible(one.name)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._unreadable(folder, error) from error

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            UserError: it can't be read.
        """
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise self._unreadable(name, error) from error

    def _unreadable(self, name: str, error: OSError) -> UserError:
        return UserError(
            f"{self.path / name} can't be read ({error.strerror}): mend the file or its rights."
        )


class ZipFiles:
    """The files of a zip file, unpacked one at a time and in memory only.

    Raises:
        UserError: it is no zip file, or a cut off one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = ZipFile(path)
        except (BadZipFile, OSError) as error:
            raise UserError(
                f"{path} doesn't read as a zip file ({error}): copy it or make it again."
            ) from error
        self._folders: dict[str, dict[str, None]] = {}
        for name in self._zip.namelist():
            parts = name.rstrip("/").split("/")
            if not all(map(_visible, parts)):
                continue
            for depth, part in enumerate(parts):
                self._folders.setdefault("/".join(parts[:depth]), {})[part] = None

    def all_names(self) -> list[str]:
        """Return the names of all folders (which end in a slash) and files, hidden ones as well."""
        return self._zip.namelist()

    def names(self, folder: str) -> list[str]:
        """Return what stands directly in ``folder``; nothing if it is none."""
        return list(self._folders.get(folder, ()))

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            UserError: it can't be unpacked.
        """
        try:
            return self._zip.read(name)
        # RuntimeError: it is encrypted, or packed in a way that Python doesn't know.
        except (BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise UserError(
                f"{self.path}: {name} can't be unpacked ({error}): make the zip file again."
            ) from error


def _visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"
