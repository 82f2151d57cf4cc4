"""The commands and their options: one function per command, a thin door to ``slvp.apps.commands``.

Each imports what it needs itself, so that help and complaints about options come at once.
"""

from slvp.apps.arguments import (
    bench,
    data,
    evaluate,
    exporting,
    importing,
    live,
    segment,
    study,
    train,
    web,
)
from slvp.apps.arguments.common import app, data_app

__all__ = [
    "app",
    "bench",
    "data",
    "data_app",
    "evaluate",
    "exporting",
    "importing",
    "live",
    "segment",
    "study",
    "train",
    "web",
]
