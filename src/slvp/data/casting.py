"""Who is in a clip of the world, where, and how they move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slvp.data import motion
from slvp.data.cutouts import Cutout, CutoutLibrary
from slvp.data.world_config import WorldConfig

_UPRIGHT = {"person", "vehicle", "animal", "furniture"}
# People, animals and vehicles are what videos and their sentences are about.
_CATEGORY_WEIGHTS = {"person": 3.0, "animal": 1.5, "vehicle": 1.8}


@dataclass(frozen=True)
class Actor:
    """An object of a clip: what it looks like, and its way through the scene."""

    cutout: Cutout
    path: motion.ObjectPath


class Casting:
    """Chooses the objects of clips from a library, and their ways through the scene.

    Args:
        library: has cut-outs.
        config: how many, how alike, how large and how fast.
    """

    def __init__(self, library: CutoutLibrary, config: WorldConfig) -> None:
        self._by_class = library.by_class
        self._config = config
        self._classes = list(self._by_class)
        weights = np.array([_class_weight(name, self._by_class[name]) for name in self._classes])
        self._class_chances = weights / weights.sum()
        self._people = [c for c in library.cutouts if "person" in (c.class_name, *c.broader)]

    def pick(self, rng: np.random.Generator) -> Cutout:
        """Choose a cut-out."""
        members = self._by_class[
            self._classes[int(rng.choice(len(self._classes), p=self._class_chances))]
        ]
        return members[int(rng.integers(len(members)))]

    def draw(self, rng: np.random.Generator) -> list[Actor]:
        """Choose the objects of a clip and their paths, from the farthest to the nearest."""
        chosen = self._choose(rng)
        height = self._config.height
        grounded = rng.random() < self._config.ground
        horizon = rng.uniform(0.3, 0.6) * height
        placed = []
        for cutout in chosen:
            rows, columns = cutout.load().shape[:2]
            scale = self._scale(rng, rows, columns, len(chosen))
            x = rng.uniform(0.02, 0.98) * self._config.width
            y = rng.uniform(0.1, 0.9) * height
            if grounded:
                near = np.clip(scale * rows / (0.8 * height), 0, 1)
                bottom = horizon + (1.05 * height - horizon) * near + rng.normal(0, 0.03) * height
                y = bottom - scale * rows / 2
            elif rng.random() < 0.2:
                # Cut by the lower border, as people near the camera are.
                y = height - scale * rows * rng.uniform(0.1, 0.45)
            path = self._path(rng, cutout, np.array([x, y]), scale)
            depth = y + scale * rows / 2 if grounded else scale * rows + rng.normal(0, 0.2) * height
            placed.append((depth, Actor(cutout, path)))
        placed.sort(key=lambda entry: entry[0])
        return [actor for _, actor in placed]

    def _choose(self, rng: np.random.Generator) -> list[Cutout]:
        config = self._config
        if self._people and rng.random() < config.crowd:
            picks = rng.integers(len(self._people), size=rng.integers(4, 9))
            return [self._people[int(index)] for index in picks]
        count = int(rng.integers(config.min_objects, config.max_objects + 1))
        chosen = [self.pick(rng)]
        if count > 1 and rng.random() < config.same_class:
            members = self._by_class[chosen[0].class_name]
            alike = int(rng.integers(2, min(count, 4) + 1))
            chosen += [members[int(rng.integers(len(members)))] for _ in range(alike - 1)]
        chosen += [self.pick(rng) for _ in range(count - len(chosen))]
        return chosen

    def _scale(self, rng: np.random.Generator, rows: int, columns: int, count: int) -> float:
        """Pixels of the frame per pixel of a cut-out that is one of ``count``."""
        share = float(np.exp(rng.uniform(np.log(0.08), np.log(0.9))))  # of the frame's height
        if rng.random() < 0.65:
            share = rng.uniform(0.25, 0.7)
        if count > 5:
            share = rng.uniform(0.2, 0.6)
        if rng.random() < 0.05:
            share = rng.uniform(0.9, 1.4)
        # Small pictures aren't blown up to a blur; wide ones aren't wider than the frame.
        return min(share * self._config.height / rows, 2.0, 1.3 * self._config.width / columns)

    def _path(
        self,
        rng: np.random.Generator,
        cutout: Cutout,
        centre_2: npt.NDArray[np.float64],
        scale: float,
    ) -> motion.ObjectPath:
        config = self._config
        return motion.object_path(
            rng,
            config.frames + 1,
            centre_2=centre_2,
            scale=scale,
            reach=config.speed * config.width * float(rng.gamma(2.0, 0.5)),
            still=rng.random() < config.still_object,
            upright=bool(_UPRIGHT & {cutout.class_name, *cutout.broader}),
            mirrored=cutout.mirrorable and rng.random() < 0.5,
        )


def _class_weight(name: str, members: tuple[Cutout, ...]) -> float:
    categories = (name, *members[0].broader)
    factor = max((_CATEGORY_WEIGHTS.get(c, 0.7) for c in categories), default=0.7)
    # The square root: common classes come more often, rare ones are still seen.
    return factor * float(np.sqrt(len(members)))
