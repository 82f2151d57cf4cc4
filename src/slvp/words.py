"""Words of messages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: 1 video, 1,200 videos."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
