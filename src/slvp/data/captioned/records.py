"""One index for every layout of captioned video: what is there, and where its bytes lie."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

import numpy as np
import numpy.typing as npt

from slvp.types import BoolArray

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stored:
    """Some bytes of a file: the whole of it, or a member of a tar archive.

    Attributes:
        file: the file.
        offset: of the first byte.
        size: number of bytes; None for all that follow.
    """

    file: Path
    offset: int = 0
    size: int | None = None

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, int]]:
        """Give the bytes as a file of their own, and how many they are.

        Raises:
            OSError: the file can't be read.
        """
        with self.file.open("rb", buffering=0) as file:
            size = file.seek(0, io.SEEK_END) - self.offset if self.size is None else self.size
            yield cast("BinaryIO", io.BufferedReader(_Part(file, self.offset, size))), size

    def read(self) -> bytes:
        """Return the bytes."""
        with self.open() as (file, size):
            return file.read(size)


class _Part(io.RawIOBase):
    """A part of a file as if it were the whole of one."""

    def __init__(self, file: io.FileIO, offset: int, size: int) -> None:
        self._file, self._offset, self._size = file, offset, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._file.seek(self._offset + self._at)
        left = max(0, self._size - self._at)
        count = self._file.readinto(memoryview(buffer)[:left])
        self._at += count
        return count


@dataclass(frozen=True)
class CaptionedVideo:
    """A video with sentences that describe it.

    Attributes:
        name: where it comes from, for messages and logs.
        captions: none where none could be found.
        video: its bytes.
        flow: its optical flow, where it was computed before.
        flow_estimator: what that was computed by, where the sample tells.
    """

    name: str
    captions: tuple[str, ...]
    video: Stored
    flow: Stored | None = None
    flow_estimator: str = ""


class Shard(Protocol):
    """Videos that lie together: a tar archive, or a folder."""

    def __len__(self) -> int: ...

    def keys(self) -> Iterable[str]:
        """Say what each of its videos is called, wherever the shard lies."""
        ...

    def name(self, number: int) -> str:
        """Say where a video comes from."""
        ...

    def read(self, number: int) -> CaptionedVideo:
        """Read all about a video but its frames.

        Raises:
            UserError: its caption is unreadable.
            OSError: the shard is.
        """
        ...


@dataclass(frozen=True)
class CaptionedIndex:
    """Captioned videos, numbered through all shards. Small, and quick to send to a worker.

    Attributes:
        shards: where they lie.
        chosen: numbers of the videos in each shard that belong to this index.
        notes: sentences about what should be there and isn't.
    """

    shards: tuple[Shard, ...]
    chosen: tuple[Int64Array, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, shards: Iterable[Shard], notes: Iterable[str] = ()) -> CaptionedIndex:
        """Take all videos of some shards."""
        shards = tuple(shards)
        return cls(shards, tuple(np.arange(len(s)) for s in shards), tuple(notes))

    def __add__(self, other: CaptionedIndex) -> CaptionedIndex:
        return CaptionedIndex(
            self.shards + other.shards, self.chosen + other.chosen, self.notes + other.notes
        )

    @cached_property
    def counts(self) -> Int64Array:
        """Videos in each shard."""
        return np.array([len(numbers) for numbers in self.chosen])

    @cached_property
    def _ends(self) -> Int64Array:
        return np.cumsum(self.counts)

    def __len__(self) -> int:
        return int(self.counts.sum())

    def name(self, number: int) -> str:
        """Say where a video comes from, for messages and logs."""
        shard, within = self._find(number)
        return shard.name(within)

    def read(self, number: int) -> CaptionedVideo:
        """Read all about a video but its frames.

        Raises:
            UserError: its caption is unreadable.
            OSError: its shard is.
        """
        shard, within = self._find(number)
        return shard.read(within)

    def _find(self, number: int) -> tuple[Shard, int]:
        shard = int(np.searchsorted(self._ends, number, side="right"))
        within = number - self._ends[shard] + self.counts[shard]
        return self.shards[shard], int(self.chosen[shard][within])

    def split(self, held_out: float) -> tuple[CaptionedIndex, CaptionedIndex]:
        """Part the videos by their keys, the same way on each machine and in any company.

        Args:
            held_out: share of the second part, about.

        Returns:
            The videos to train on, and those that no training sees: at least one of each. A
            single video serves as both, and so do all where ``held_out`` is 0.
        """
        places = [_places(s.keys())[own] for s, own in zip(self.shards, self.chosen, strict=True)]
        every = np.unique(np.concatenate(places))
        if held_out == 0 or len(every) < 2:
            return self, self
        limit = np.clip(held_out, np.nextafter(every[0], 1), every[-1])
        return (
            self._only([places_N >= limit for places_N in places]),
            self._only([places_N < limit for places_N in places]),
        )

    def _only(self, kept: list[BoolArray]) -> CaptionedIndex:
        chosen = tuple(own[keep] for own, keep in zip(self.chosen, kept, strict=True))
        return replace(self, chosen=chosen)


def _places(keys: Iterable[str]) -> npt.NDArray[np.float64]:
    """Put keys evenly on 0..1."""
    hashes = [zlib.crc32(key.encode("utf-8", "surrogatepass")) for key in keys]
    return np.array(hashes, np.float64) / 2**32
