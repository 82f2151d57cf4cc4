"""Is everything where a benchmark's parser looks for it, and if not, where may it be?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from slvp.data.doctor.facts import Facts, Need
from slvp.data.doctor.findings import Problem

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".rar", ".7z")

# Folders of a folder or file per video: nothing that is looked for lies within.
_FULL_OF_VIDEOS = {
    *("JPEGImages", "Annotations", "Annotations_unsupervised", "objects", "captioned", "flow"),
    *("clips320H", "a2d_annotation_with_instances", "Rename_Images", "puppet_mask"),
}
_DEPTH = 3
_MOST_FOLDERS = 2_000


def splits_there(facts: Facts, root: Path) -> list[str]:
    """Return the splits that a user has, at least in part."""
    return [one for one in facts.splits if (root / facts.sign.format(split=one)).exists()]


def is_complete(facts: Facts, root: Path, split: str) -> bool:
    """Return whether everything is where the parser looks for it."""
    return not _missing(facts, root, split)


def check_layout(facts: Facts, root: Path, splits: Iterable[str]) -> list[Problem]:
    """Return what is missing of some splits, each with a guess where it is.

    Args:
        facts: of the benchmark.
        root: what the user calls the benchmark's folder; may be anything.
        splits: those to look for; where there are none, the one that most is there of.
    """
    again = f"download or unpack {facts.title} again"
    if not root.is_dir():
        if root.is_file() and root.suffix.lower() in _ARCHIVES:
            return [Problem("This is an archive", root, "", "unpack it, and give the folder")]
        what = "This is a file" if root.exists() else "There is no such folder"
        return [Problem(what, root, "", "give the folder that holds the unpacked benchmark")]
    if facts.download and (root / facts.download).exists():
        mend = f"run 'slvp data prepare visor {root} OUT', and check OUT"
        return [Problem("The download is not converted yet", root / facts.download, "", mend)]

    wanted = list(splits) or [max(facts.splits, key=lambda one: _share(facts, root, one))]
    absent = [(_place(need, one), need) for one in wanted for need in _missing(facts, root, one)]
    if absent and not any(_share(facts, root, one) for one in wanted):
        better = _better_root(facts, root, wanted)
        if better is not None:
            kind = "This is not the folder that holds all of the benchmark"
            return [Problem(kind, root, "", f"give {better}")]
    folders = list(_walk(root.resolve())) if absent else []
    archives = _archives(root) if absent else []
    problems: dict[Path, Problem] = {}
    for place, need in absent:
        found, top = _elsewhere(facts, root.resolve(), folders, place)
        mend = f"move (or link) {found} there" if found is not None else need.mend
        mend = mend.format(root=root) or _unpack(archives, place) or again
        reason = need.reason if top == place else ""
        problems.setdefault(top, Problem("Missing", root / top, reason, mend))
    return list(problems.values())


def _place(need: Need, split: str) -> Path:
    return Path(need.path.format(split=split))


def _needs(facts: Facts, split: str) -> list[Need]:
    return [need for need in facts.needs if not need.splits or split in need.splits]


def _missing(facts: Facts, root: Path, split: str) -> list[Need]:
    return [
        need
        for need in _needs(facts, split)
        if not (root / _place(need, split)).exists()
        and not (need.instead and (root / need.instead).exists())
    ]


def _share(facts: Facts, root: Path, split: str) -> float:
    """Return how much of what a split needs is there, 0 to 1."""
    return 1 - len(_missing(facts, root, split)) / len(_needs(facts, split))


def _better_root(facts: Facts, root: Path, splits: list[str]) -> Path | None:
    """Return the folder, up to two levels above or below, that has half of a split or more."""
    above = root.resolve()
    below = _subfolders(root)
    candidates = [
        *(above.parent, above.parent.parent),
        *below,
        *islice((deeper for folder in below for deeper in _subfolders(folder)), _MOST_FOLDERS),
    ]
    shares = [max(_share(facts, one, split) for split in splits) for one in candidates]
    best = max(shares)
    return candidates[shares.index(best)] if best >= 0.5 else None


def _elsewhere(
    facts: Facts, root: Path, folders: list[Path], place: Path
) -> tuple[Path | None, Path]:
    """Look for something missing, or a folder around it, in other folders.

    Returns:
        Where it is, None if it isn't found, and what of ``place`` should be there; the uppermost
        folder that is missing, if nothing is found.
    """
    right = {root / _place(need, one) for one in facts.splits for need in _needs(facts, one)}
    right |= {parent for path in right for parent in path.parents}
    split = next((part for part in place.parts if part in facts.splits), "")
    around = [one for one in (*place.parents, place) if one != Path()]
    missing = [one for one in sorted(around) if not (root / one).exists()]
    for top in missing:
        within = place.relative_to(top)
        for length in range(len(top.parts), 0, -1):
            tail = Path(*top.parts[-length:])
            if str(tail) == "480p":  # it is its parent that says what it holds
                continue
            for folder in folders:
                found = folder / tail
                told_apart = not split or split in (found / within).relative_to(root.parent).parts
                if told_apart and found not in right and (found / within).exists():
                    return found, top
    return None, missing[0]


def _archives(root: Path) -> list[Path]:
    return [
        path
        for folder in (root, *_subfolders(root))
        for path in sorted(folder.glob("*"))
        if path.suffix.lower() in _ARCHIVES
    ]


def _unpack(archives: list[Path], place: Path) -> str:
    """Say what to unpack: the archives whose names are most like that of what is missing."""

    def likeness(archive: Path) -> int:
        parts = (part.lower() for part in place.with_suffix("").parts)
        return sum(len(part) for part in parts if part in archive.name.lower())

    best = max(map(likeness, archives), default=0)
    chosen = [str(one) for one in archives if likeness(one) == best]
    return f"unpack {', '.join(chosen)}" if chosen else ""


def _walk(root: Path) -> Iterator[Path]:
    """Yield the folder above ``root``, ``root`` and folders in it that things may lie in."""
    yield root.parent
    for folder, names, _ in os.walk(root):
        path = Path(folder)
        yield path
        depth = len(path.relative_to(root).parts)
        names[:] = sorted(set(names) - _FULL_OF_VIDEOS)[:_MOST_FOLDERS] if depth < _DEPTH else []


def _subfolders(folder: Path) -> list[Path]:
    """Return the folders in ``folder`` that may be looked into."""
    below = (Path(entry) for entry in sorted(os.scandir(folder), key=lambda one: one.name))
    return [path for path in below if path.is_dir() and os.access(path, os.R_OK | os.X_OK)]
