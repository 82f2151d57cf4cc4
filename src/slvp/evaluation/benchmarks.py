"""Every benchmark of the catalogue with the protocols that it is scored by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from slvp.data.benchmarks.catalog import CATALOG, Entry, Load
from slvp.data.benchmarks.ref_davis17 import load_ref_davis17
from slvp.errors import UserError
from slvp.evaluation.protocols import (
    DETECTION,
    PER_EXPRESSION,
    REF_DAVIS17_FIXED,
    REF_DAVIS17_PUBLISHED,
    REF_DAVIS17_SEMI_SUPERVISED,
    Protocol,
)


@dataclass(frozen=True)
class Way:
    """A protocol, and the parser of the files that it wants."""

    protocol: Protocol
    load: Load


@dataclass(frozen=True)
class Benchmark(Entry):
    """A benchmark that can be scored.

    Attributes:
        ways: how it is scored; the first is the default.
    """

    ways: tuple[Way, ...]

    def way(self, protocol: str | None) -> Way:
        """Return the way of a protocol's name; the default for None.

        Raises:
            UserError: the benchmark isn't scored that way.
        """
        for way in self.ways:
            if protocol in (None, way.protocol.name):
                return way
        raise UserError(
            f"--protocol {protocol}: {self.title} is scored by "
            f"{', '.join(way.protocol.name for way in self.ways)} only; leave the option out."
        )


_PROTOCOLS = {
    "ref-youtube-vos": PER_EXPRESSION,
    "mevis": PER_EXPRESSION,
    "a2d-sentences": DETECTION,
    "jhmdb-sentences": DETECTION,
    "visor": PER_EXPRESSION,
    "world": PER_EXPRESSION,
}
_WAYS = {name: (Way(protocol, CATALOG[name].load),) for name, protocol in _PROTOCOLS.items()} | {
    "ref-davis17": (
        Way(REF_DAVIS17_PUBLISHED, partial(load_ref_davis17, unsupervised=True)),
        Way(REF_DAVIS17_FIXED, load_ref_davis17),
        Way(REF_DAVIS17_SEMI_SUPERVISED, load_ref_davis17),
    ),
}

BENCHMARKS = {name: Benchmark(**vars(entry), ways=_WAYS[name]) for name, entry in CATALOG.items()}
"""By the name on the command line."""
