"""What is seen in a clip, as language needs it, and the sentences that are said of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from slvp.data.phrases import Phrase, Sighting, unique_phrase


@dataclass(frozen=True)
class Sentence:
    """A sentence in two parts, between which it may be said what its object does.

    Attributes:
        start: a noun phrase.
        end: what tells its object from others, if the phrase doesn't.
    """

    start: str
    end: str = ""

    @property
    def text(self) -> str:
        """The whole."""
        return f"{self.start} {self.end}".rstrip()


@dataclass
class Scene:
    """All objects of a clip.

    Attributes:
        rng: source of chance.
        everyone: clutter, and what is there but nobody knows where, included.
    """

    rng: np.random.Generator
    everyone: list[Sighting]
    _names: dict[int, Phrase | None] = field(default_factory=dict)

    def rivals(self, phrase: Phrase, target: Sighting) -> list[Sighting]:
        """Return the other objects that a phrase could mean."""
        return [o for o in self.everyone if o is not target and phrase.could_mean(o)]

    def unique_name(self, sighting: Sighting) -> Phrase | None:
        """Return a phrase for an object that can mean no other; always the same one."""
        if sighting.object_id not in self._names:
            others = [o for o in self.everyone if o is not sighting]
            self._names[sighting.object_id] = unique_phrase(self.rng, sighting, others)
        return self._names[sighting.object_id]
