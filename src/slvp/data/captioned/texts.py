"""Sentences as they are found: of any encoding, and by the million."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

LONGEST = 1000  # letters of a caption that are kept; no text encoder reads as many


def decode(content: bytes) -> str:
    """Read text that is UTF-8, or else taken for Latin-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def printable(name: str) -> str:
    """Spell what UTF-8 has no letters for, which names of files may hold."""
    return name.encode(errors="backslashreplace").decode()


def clean(captions: Iterable[str]) -> tuple[str, ...]:
    """Put each caption on one line, cut it to ``LONGEST``, and drop empty and repeated ones."""
    lines = (
        # A lone half of a surrogate pair, which JSON can spell, is no letter to a tokenizer.
        " ".join(caption.replace("\0", " ").encode(errors="replace").decode().split())
        for caption in captions
    )
    return tuple(dict.fromkeys(line[:LONGEST] for line in lines if line))


def captions_in(value: object) -> list[str]:
    """Take a caption or a list of them out of JSON; whatever else is there is none."""
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


class Texts:
    """Millions of short strings in two blocks of memory, which worker processes can share.

    A list would be copied into each of them by the mere counting of references.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        pieces = [text.encode("utf-8", "surrogatepass") for text in texts]
        self._letters = b"".join(pieces)
        self._ends = np.cumsum([0, *map(len, pieces)])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        start, end = self._ends[number : number + 2]
        return self._letters[start:end].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))
