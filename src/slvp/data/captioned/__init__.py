"""Captioned video: folders, tables and tar shards of it, and batches of clips cut from it."""

from slvp.data.captioned.opening import open_captioned
from slvp.data.captioned.records import CaptionedIndex, CaptionedVideo, Stored

__all__ = ["CaptionedIndex", "CaptionedVideo", "Stored", "open_captioned"]
