"""Kinds of labels: words only, for configurations and options that are read before all else."""

from __future__ import annotations

from typing import Literal

WeakKind = Literal["box", "point", "first-frame"]
"""Kinds that say less than masks do, yet where an object is."""

Supervision = Literal["mask", WeakKind, "sentence"]
"""What is known of the objects that sentences describe: their masks, their boxes or a point inside
them (in each frame or in some), their masks in the first frame that shows them, or nothing but that
the video shows them."""
