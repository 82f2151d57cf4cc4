"""How much is done for better masks. Gains and costs: see ``docs/experiments.md``."""

from __future__ import annotations

from dataclasses import dataclass

from slvp.errors import UserError

MAX_SCALE = 4.0


@dataclass(frozen=True)
class Quality:
    """What is done beyond asking the model once.

    Attributes:
        follow: let masks agree with those of the frame before, along optical flow.
        refine: draw outlines where the picture has edges, keep what has the object's colours and,
            where a sentence names one thing, drop small pieces apart from it.
        choose: where several things are marked and the sentence names one and says in plain words
            which (its colour, size, place or motion), drop the others.
        flip: ask of mirrored frames, too (with "left" and "right" swapped in the sentences), and
            average; about twice the time.
        scales: sizes at which the model sees the frames, as multiples of the segmenter's size; the
            answers are averaged, and the time grows with the sum of their squares.

    Raises:
        UserError: there is no scale, or one that isn't above 0 and at most 4.
    """

    follow: bool = True
    refine: bool = True
    choose: bool = True
    flip: bool = False
    scales: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if not self.scales or not all(0 < scale <= MAX_SCALE for scale in self.scales):
            raise UserError(
                f"scales {self.scales}: expected one or more numbers above 0, {MAX_SCALE:g} at most"
            )


QUALITIES = {
    "fast": Quality(follow=False, refine=False, choose=False),
    "good": Quality(),
    "best": Quality(flip=True, scales=(1.0, 1.375)),
}
"""Named choices, by rising time."""


def quality_of(choice: str | Quality) -> Quality:
    """Return a choice, or the one with that name.

    Raises:
        UserError: no choice has that name.
    """
    if isinstance(choice, Quality):
        return choice
    if choice not in QUALITIES:
        raise UserError(f"quality {choice!r}: expected one of {', '.join(QUALITIES)}")
    return QUALITIES[choice]
