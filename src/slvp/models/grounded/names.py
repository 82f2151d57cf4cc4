"""``grounded:DETECTOR+SEGMENTER`` and its kin: how a model's name asks for grounding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from slvp.errors import UserError
from slvp.files import is_folder

_PREFIXES = {"grounded": True, "unlinked": False}


@dataclass(frozen=True)
class GroundedName:
    """What is grounded with what.

    Attributes:
        linked: whether candidates are linked along time; otherwise each frame takes its best.
        detector: name or folder of a zero-shot detector; None where our own model proposes.
        segmenter: name or folder of a promptable segmenter; of our own model where there is no
            detector.
    """

    linked: bool
    detector: str | None
    segmenter: str


def parse_grounded(name: str) -> GroundedName | None:
    """Take a model's name apart; None if it asks for no grounding.

    >>> parse_grounded("grounded:google/owlv2-base-patch16+facebook/sam-vit-base").detector
    'google/owlv2-base-patch16'
    >>> parse_grounded("unlinked:default")
    GroundedName(linked=False, detector=None, segmenter='default')

    Raises:
        UserError: what follows the colon names no model, or only one of two.
    """
    prefix, colon, rest = name.partition(":")
    if not colon or prefix not in _PREFIXES:
        return None
    linked = _PREFIXES[prefix]
    if "+" not in rest or is_folder(Path(rest)):
        if not rest:
            raise _unclear(name)
        return GroundedName(linked, None, rest)
    detector, _, segmenter = rest.partition("+")
    if not detector or not segmenter:
        raise _unclear(name)
    return GroundedName(linked, detector, segmenter)


def _unclear(name: str) -> UserError:
    prefix = name.partition(":")[0]
    return UserError(
        f"model {name!r}: expected {prefix}:DETECTOR+SEGMENTER, both of transformers, or "
        f"{prefix}:MODEL with a model of ours, such as {prefix}:default"
    )
