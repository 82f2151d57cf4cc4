"""Tar shards as video2dataset and webdataset write them.

A sample is the members of one key: ``KEY.mp4`` (or another video), ``KEY.txt`` (its caption),
``KEY.json`` (whose ``caption`` counts where ``KEY.txt`` has none) and ``KEY.flow...`` (flow that
was computed before). A key ends at the first dot of the member's name, as webdataset has it.
Members are found by their headers, 1,000 samples in less than 0.1 s, and read where they lie.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from slvp.data.captioned.records import CaptionedVideo, Stored
from slvp.data.captioned.texts import Texts, captions_in, clean, decode, printable
from slvp.errors import UserError

VIDEO_SUFFIXES = ("mp4", "webm", "mkv", "mov", "avi", "m4v", "gif")
_Part = Literal["video", "txt", "json", "flow"]
_PART_OF: dict[str, _Part] = {
    **dict.fromkeys(VIDEO_SUFFIXES, "video"), "txt": "txt", "json": "json", "flow": "flow",
}  # fmt: skip


class TarShard:
    """The samples of one tar archive that have a video.

    Args:
        path: the archive.

    Attributes:
        note: a sentence about what is missing of it; empty if nothing is.

    Raises:
        UserError: it is missing, compressed, no archive, or has no video in it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.note = ""
        samples: dict[str, dict[_Part, tuple[int, int]]] = {}
        for name, offset, size in self._members():
            folder, slash, file = name.rpartition("/")
            stem, _, suffix = file.partition(".")
            part = _PART_OF.get(suffix.lower())
            if part:
                samples.setdefault(f"{folder}{slash}{stem}", {})[part] = offset, size
        samples = {key: parts for key, parts in samples.items() if "video" in parts}
        if not samples:
            raise UserError(
                f"{path}: has no video in it; expected samples such as 00042.mp4 with 00042.txt, "
                "as video2dataset writes them"
            )
        self._keys = Texts(samples)
        self._where = {
            part: np.array([parts.get(part, (0, -1)) for parts in samples.values()])
            for part in set(_PART_OF.values())
        }

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self) -> Iterable[str]:
        """Say what each sample is called."""
        return self._keys

    def name(self, number: int) -> str:
        """Say where a sample comes from."""
        return printable(f"{self._path}/{self._keys[number]}")

    def read(self, number: int) -> CaptionedVideo:
        """Read a sample's captions, and say where the rest lies.

        Raises:
            UserError: its caption is unreadable.
            OSError: the archive is.
        """
        name = self.name(number)
        video, flow = self._stored("video", number), self._stored("flow", number)
        assert video is not None
        text, record = self._stored("txt", number), self._stored("json", number)
        captions = clean([decode(text.read())]) if text else ()
        facts: dict[str, Any] = {}
        if record and (flow or not captions):
            facts = _facts_in(record, f"{name}.json")
        return CaptionedVideo(
            name,
            captions or clean(captions_in(facts.get("caption"))),
            video,
            flow,
            str(facts.get("estimator", "")),
        )

    def _stored(self, part: _Part, number: int) -> Stored | None:
        offset, size = self._where[part][number].tolist()
        return None if size < 0 else Stored(self._path, offset, size)

    def _members(self) -> Iterator[tuple[str, int, int]]:
        """Give name, offset and size of the members that are there as a whole."""
        count = 0
        try:
            length = self._path.stat().st_size
            with tarfile.open(self._path, "r:") as archive:
                for member in archive:
                    if member.isfile() and member.offset_data + member.size <= length:
                        count += 1
                        yield member.name, member.offset_data, member.size
        except OSError as error:
            raise UserError(f"{self._path}: can't be read ({error.strerror}); restore it") from None
        except tarfile.ReadError as error:
            if count == 0:
                raise UserError(
                    f"{self._path}: is no tar archive ({error}); expected one that isn't "
                    "compressed: restore or remove it"
                ) from None
            self.note = f"{self._path}: is cut off or damaged after {count} of its files ({error})"


def _facts_in(record: Stored, label: str) -> dict[str, Any]:
    try:
        values = json.loads(decode(record.read()))
    except ValueError as error:
        raise UserError(f"{label}: is no JSON ({error}); replace it.") from None
    return values if isinstance(values, dict) else {}
