"""Segment, in every frame of a video, the object that a sentence describes."""

__version__ = "0.1.0"
