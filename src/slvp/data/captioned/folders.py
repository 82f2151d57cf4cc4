"""Videos that are files of their own, with their captions in one JSON or CSV file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from slvp.data.captioned.records import CaptionedIndex, CaptionedVideo, Stored
from slvp.data.captioned.shards import VIDEO_SUFFIXES
from slvp.data.captioned.texts import Texts, captions_in, clean, decode, printable
from slvp.errors import UserError

_Listed = tuple[list[str], list[str]]  # where the file may be, relative to the list; captions


class VideoFiles:
    """Videos of a folder.

    Args:
        folder: where they are.
        captions: of each video, by its path in the folder.
    """

    def __init__(self, folder: Path, captions: Mapping[str, Iterable[str]]) -> None:
        self._folder = folder
        self._files = Texts(captions)
        self._captions = Texts("\n".join(clean(lines)) for lines in captions.values())

    def __len__(self) -> int:
        return len(self._files)

    def keys(self) -> Iterable[str]:
        """Say what each video is called."""
        return (Path(file).stem for file in self._files)

    def name(self, number: int) -> str:
        """Say where a video comes from."""
        return printable(str(self._path(number)))

    def read(self, number: int) -> CaptionedVideo:
        """Say where a video is and what its captions are."""
        captions = tuple(self._captions[number].splitlines())
        return CaptionedVideo(self.name(number), captions, Stored(self._path(number)))

    def _path(self, number: int) -> Path:
        return self._folder / self._files[number]


def from_json(path: Path) -> CaptionedIndex:
    """Read a list of videos with their captions.

    Either ``[{"file": "a.mp4", "captions": ["...", ...]}, ...]`` with files beside the list, or
    ``{"a": ["...", ...], ...}`` with files ``videos/a.mp4`` or ``a.mp4`` (any kind of video).

    Raises:
        UserError: it is no such list, or none of its videos is there.
    """
    try:
        listed = json.loads(decode(path.read_bytes()))
    except ValueError as error:
        raise UserError(f"{path}: is no JSON ({error}); restore it") from None
    if isinstance(listed, dict):
        return _index(path, ((_beside(name), captions_in(c)) for name, c in listed.items()))
    if isinstance(listed, list):
        return _index(path, (_entry(path, n, value) for n, value in enumerate(listed)))
    raise UserError(
        f'{path}: expected a list of {{"file": ..., "captions": [...]}} or an object of names '
        "with their captions"
    )


def _entry(path: Path, number: int, value: Any) -> _Listed:
    if isinstance(value, dict) and isinstance(value.get("file"), str):
        return [value["file"]], captions_in(value.get("captions", value.get("caption")))
    raise UserError(
        f'{path}: entry {number} is {value!r:.80}; expected {{"file": ..., "captions": [...]}}'
    )


def _beside(name: str) -> list[str]:
    return [f"{folder}{name}.{kind}" for folder in ("videos/", "") for kind in VIDEO_SUFFIXES]


def from_csv(path: Path) -> CaptionedIndex:
    """Read a table of videos with their captions, a video of several captions in several rows.

    Either WebVid's columns ``videoid``, ``name`` (the caption) and ``page_dir``, with files
    ``videos/PAGE_DIR/VIDEOID.mp4`` (or without one of the folders, or both), or the columns
    ``file`` and ``caption``.

    Raises:
        UserError: a column is missing, or none of its videos is there.
    """
    with path.open("rb") as file:
        rows = csv.DictReader(decode(line) for line in file)
        try:
            columns = set(rows.fieldnames or ())
            if {"videoid", "name"} <= columns:
                return _index(path, (_webvid(row) for row in rows))
            if {"file", "caption"} <= columns:
                return _index(path, (([row["file"] or ""], [row["caption"] or ""]) for row in rows))
        except csv.Error as error:
            raise UserError(f"{path}: line {rows.line_num} is unreadable ({error})") from None
    raise UserError(
        f"{path}: has the columns {sorted(columns)}; expected videoid, name and page_dir, as "
        "WebVid has them, or file and caption"
    )


def _webvid(row: Mapping[str, str | None]) -> _Listed:
    file, page = f"{row['videoid']}.mp4", row.get("page_dir")
    folders = [f"videos/{page}/", f"{page}/"] if page else []
    return [folder + file for folder in (*folders, "videos/", "")], [row["name"] or ""]


def _index(path: Path, listed: Iterable[_Listed]) -> CaptionedIndex:
    """Find the listed videos, some of which are often missing from a large set."""
    there = _Present(path.parent)
    captions: dict[str, list[str]] = {}
    missing: set[str] = set()
    for files, lines in listed:
        file = next(filter(there.has, files), None)
        if file is None:
            missing.add(files[0])
        else:
            captions.setdefault(file, []).extend(lines)
    if not captions:
        example = f": {path.parent / min(missing)} isn't there" if missing else ""
        raise UserError(
            f"{path}: none of its {len(missing)} videos can be found{example}; put the videos "
            "where the list has them"
        )
    note = f"{path}: {len(missing)} of {len(missing) + len(captions)} videos aren't there"
    return CaptionedIndex.of([VideoFiles(path.parent, captions)], [note] if missing else [])


class _Present:
    """Which files there are, by one look at each folder: millions of single looks take hours."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[str, frozenset[str]] = {}

    def has(self, file: str) -> bool:
        folder, _, name = file.rpartition("/")
        if folder not in self._names:
            try:
                self._names[folder] = frozenset(
                    path.name for path in (self._root / folder).iterdir()
                )
            except (OSError, ValueError):  # no such folder, or no name that a disk would take
                self._names[folder] = frozenset()
        return name in self._names[folder]
