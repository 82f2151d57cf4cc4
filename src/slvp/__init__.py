"""Segment, in every frame of a video, the object that a sentence describes.

>>> from slvp import Segmenter
>>> segmenter = Segmenter.from_pretrained("default")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slvp.segmenter import Segmenter as Segmenter
    from slvp.segmenter import load_segmenter as load_segmenter

__version__ = "0.1.0"

__all__ = ["Segmenter", "__version__", "load_segmenter"]


def __getattr__(name: str) -> Any:
    # Only when asked for: PyTorch takes seconds to import, and the command line's help needs none.
    if name in ("Segmenter", "load_segmenter"):
        from slvp import segmenter

        return getattr(segmenter, name)
    raise AttributeError(f"module 'slvp' has no attribute {name!r}")
