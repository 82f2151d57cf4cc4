"""Whatever holds captioned video, recognised by what is in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path

from slvp.data.captioned.folders import from_csv, from_json
from slvp.data.captioned.records import CaptionedIndex
from slvp.data.captioned.shards import TarShard
from slvp.errors import UserError

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_EXPECTED = (
    "a folder with captions.json, tar shards or one CSV, or such a JSON, tar or CSV file, or a "
    "range of shards such as {00000..00041}.tar"
)


def open_captioned(paths: Sequence[str | Path]) -> CaptionedIndex:
    """List the captioned videos of one or more places; no video is looked into.

    Args:
        paths: of each place, a folder with ``captions.json``, with tar shards or with one CSV; or
            such a file; or a range of shards, ``{00000..00041}.tar``.

    Raises:
        UserError: a place is missing, is none of these, or has no video.
    """
    return reduce(add, [_open(str(path)) for path in paths])


def _open(path: str) -> CaptionedIndex:
    shards = [Path(name) for name in _in_range(path)]
    if len(shards) > 1:
        return _from_shards(path, shards)
    place = Path(path)
    if place.is_dir():
        return _from_folder(place)
    if not place.exists():
        raise UserError(f"{path}: not found; expected {_EXPECTED}")
    match place.suffix.lower():
        case ".tar":
            return _from_shards(path, [place])
        case ".json":
            return from_json(place)
        case ".csv":
            return from_csv(place)
    raise UserError(f"{path}: holds no captioned video; expected {_EXPECTED}")


def _from_folder(folder: Path) -> CaptionedIndex:
    if (folder / "captions.json").is_file():
        return from_json(folder / "captions.json")
    if shards := sorted(folder.glob("*.tar")):
        return _from_shards(str(folder), shards)
    tables = sorted(folder.glob("*.csv"))
    if len(tables) > 1:
        raise UserError(
            f"{folder}: has {len(tables)} CSV files; name the one that lists the videos to train "
            f"on, such as {tables[0]}"
        )
    if not tables:
        raise UserError(f"{folder}: holds no captioned video; expected {_EXPECTED}")
    return from_csv(tables[0])


def _from_shards(place: str, paths: list[Path]) -> CaptionedIndex:
    """Open shards; among many, one that can't be read is only told of."""
    shards, notes = [], []
    for path in paths:
        if not path.exists():
            notes.append(f"{path}: not found; restore it, or name a range without it")
            continue
        try:
            shard = TarShard(path)
        except UserError as error:
            notes.append(str(error))
        else:
            shards.append(shard)
            notes += [shard.note] if shard.note else []
    if not shards:
        others = f"; nor can the other {len(paths) - 1} shards of {place} be read"
        raise UserError(notes[0] + (others if len(paths) > 1 else ""))
    return CaptionedIndex.of(shards, notes)


def _in_range(path: str) -> list[str]:
    """Write out the ranges of numbers in a path, as a shell does."""
    match = _RANGE.search(path)
    if match is None:
        return [path]
    first, last = match.groups()
    if int(last) < int(first):
        raise UserError(
            f"{path}: the range {match[0]} runs backwards; expected the smaller number first, "
            f"{{{last.zfill(len(first))}..{first}}}"
        )
    numbers = range(int(first), int(last) + 1)
    return [
        name
        for number in numbers
        for name in _in_range(
            f"{path[: match.start()]}{number:0{len(first)}d}{path[match.end() :]}"
        )
    ]
