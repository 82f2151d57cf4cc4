"""One sentence for each object of a subsequence, or the reason why there is none.

VISOR names its masks but doesn't number the objects: a name is all that holds a thing together over
the frames. So a sentence is made only where it is true of exactly one mask in *every* frame that
has a mask of that name; ``docs/visor-rvos.md`` gives the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from slvp.data.visor.annotations import Annotation, Hand, PolygonArray

Kind = Literal["name", "hand", "contact", "side"]
KeptOut = Literal["repeated", "others unsegmented", "hidden"]
Members = tuple[frozenset[int], ...]

KINDS: tuple[Kind, ...] = ("name", "hand", "contact", "side")
"""What tells an object apart: its name, the hand that wears or touches it, what it touches (a hand
whose name repeats), or its place among those of its name."""

KEPT_OUT: tuple[KeptOut, ...] = ("repeated", "others unsegmented", "hidden")
"""Why an object has no sentence: several masks have its name and nothing tells them apart; more
things of its name are in view than were segmented; other masks cover it."""

MIN_GAP = 192.0
"""Pixels of 1920 between the centres of neighbours that "left" and "right" may tell apart."""

_SIDES = {
    2: ("on the left", "on the right"),
    3: ("on the left", "in the middle", "on the right"),
}

_HANDS: dict[frozenset[Hand], str] = {
    frozenset({"left"}): "the left hand",
    frozenset({"right"}): "the right hand",
    frozenset({"left", "right"}): "both hands",
}


@dataclass(frozen=True)
class NamedObject:
    """An object of a subsequence.

    Attributes:
        name: VISOR's name of it.
        members: for each frame, the indices of the masks that belong to it.
        text: the sentence; empty where the object is kept out.
        kind: what tells it apart; None where it is kept out.
        kept_out: why it has no sentence; None where it has one.
    """

    name: str
    members: Members
    text: str = ""
    kind: Kind | None = None
    kept_out: KeptOut | None = None


def name_objects(frames: Sequence[Sequence[Annotation]]) -> list[NamedObject]:
    """Divide the masks of a subsequence into objects; sorted by name, then by sentence.

    Args:
        frames: the masks of each frame.

    Returns:
        Objects that share no mask and leave none over.
    """
    names = sorted({one.name for frame in frames for one in frame})
    return [one for name in names for one in sorted(_objects_of(name, frames), key=_sentence)]


def _sentence(one: NamedObject) -> str:
    return one.text


def _objects_of(name: str, frames: Sequence[Sequence[Annotation]]) -> list[NamedObject]:
    masks: Members = tuple(
        frozenset(index for index, one in enumerate(frame) if one.name == name) for frame in frames
    )
    single = all(len(indices) <= 1 for indices in masks)
    others = any(one.name == name and one.others for frame in frames for one in frame)
    if single and not others:
        return [NamedObject(name, masks, f"the {name}", "name")]

    candidates = _by_relation(frames, masks)
    # Where some are not segmented, nobody knows whether they are further left or right.
    if not others:
        candidates += _by_side(frames, masks)
    objects = []
    left = masks
    for kind, words, members in candidates:
        unique = all(len(one) == bool(all_) for one, all_ in zip(members, masks, strict=True))
        if unique and all(one <= free for one, free in zip(members, left, strict=True)):
            objects.append(NamedObject(name, members, f"the {name} {words}", kind))
            left = tuple(free - one for free, one in zip(left, members, strict=True))
    if any(left):
        reason: KeptOut = "others unsegmented" if single else "repeated"
        objects.append(NamedObject(name, left, kept_out=reason))
    return objects


def _by_relation(
    frames: Sequence[Sequence[Annotation]], masks: Members
) -> list[tuple[Kind, str, Members]]:
    """Return words about hands, the better ones first, and the masks that they are true of."""
    true_of: dict[tuple[Kind, str], list[set[int]]] = {}
    for t, (frame, indices) in enumerate(zip(frames, masks, strict=True)):
        for index in indices:
            for said in _relations(frame[index], frame):
                true_of.setdefault(said, [set() for _ in frames])[t].add(index)
    return [
        (kind, words, tuple(frozenset(indices) for indices in true_of[kind, words]))
        for kind, words in sorted(true_of, key=lambda said: (KINDS.index(said[0]), said[1]))
    ]


def _relations(one: Annotation, frame: Sequence[Annotation]) -> Iterator[tuple[Kind, str]]:
    touched_by = frozenset[Hand]().union(
        *(other.hands for other in frame if other.touches == one.mask_id)
    )
    # A hand touches the glove that it wears, which says less than that it wears it.
    if one.worn_on:
        yield "hand", f"on {_HANDS[one.worn_on]}"
    elif touched_by:
        yield "hand", f"touched by {_HANDS[touched_by]}"
    for other in frame:
        if other.mask_id == one.touches:
            yield "contact", f"touching the {other.name}"


def _by_side(
    frames: Sequence[Sequence[Annotation]], masks: Members
) -> list[tuple[Kind, str, Members]]:
    """Return words about places, and the masks that they are true of; none where that is unsure.

    Two or three masks, always as many, must lie well apart from left to right, and the way from one
    to the next must turn by less than a right angle between frames: else they may have changed
    places.
    """
    counts = {len(indices) for indices in masks if indices}
    if len(counts) != 1 or (count := counts.pop()) not in _SIDES:
        return []
    rows = [_from_left(frame, indices) for frame, indices in zip(frames, masks, strict=True)]
    centres_TN2 = np.array(
        [[_centre(frame[i]) for i in row] for frame, row in zip(frames, rows, strict=True) if row]
    )
    ways_TN2 = np.diff(centres_TN2, axis=1)
    if (ways_TN2[..., 0] < MIN_GAP).any() or ((ways_TN2[1:] * ways_TN2[:-1]).sum(-1) <= 0).any():
        return []
    return [
        ("side", words, tuple(frozenset(row[rank : rank + 1]) for row in rows))
        for rank, words in enumerate(_SIDES[count])
    ]


def _from_left(frame: Sequence[Annotation], indices: frozenset[int]) -> list[int]:
    return sorted(indices, key=lambda index: float(_centre(frame[index])[0]))


def _centre(one: Annotation) -> PolygonArray:
    """Return x and y of the middle of the mask's bounding box, in pixels of 1920 x 1080."""
    corners_N2 = np.concatenate(one.polygons)
    return (corners_N2.min(axis=0) + corners_N2.max(axis=0)) / 2
