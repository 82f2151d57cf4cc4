"""Who is in a clip of the world, where, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slvp.data import motion, vocabulary
from slvp.data.cutouts import Cutout, CutoutLibrary
from slvp.data.recolouring import recoloured
from slvp.data.world_config import WorldConfig

_UPRIGHT = {"person", "vehicle", "animal", "furniture"}
# People, animals and vehicles are what videos and their sentences are about.
_CATEGORY_WEIGHTS = {"person": 3.0, "animal": 1.5, "vehicle": 1.8}
_PAINTING_TRIES = 8  # about one cut-out in six can be painted
_LEAST_OF_A_HERD = 6  # cut-outs of an animal of which there can be crowds


@dataclass(frozen=True)
class Actor:
    """An object of a clip: what it looks like, and its way through the scene.

    Attributes:
        cutout: its picture.
        path: its way.
        unnamed: one of many in the background, to whom no sentence should refer.
    """

    cutout: Cutout
    path: motion.ObjectPath
    unnamed: bool = False


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
        self._people = tuple(c for c in library.cutouts if _is(c, "person"))
        self._herds = [
            members
            for members in self._by_class.values()
            if _is(members[0], "animal") and len(members) >= _LEAST_OF_A_HERD
        ]

    def pick(self, rng: np.random.Generator, kind: str = "") -> Cutout:
        """Choose a cut-out, if asked for of a broader class."""
        chances = self._class_chances
        if kind:
            chances = chances * [_is(self._by_class[name][0], kind) for name in self._classes]
            chances = chances / chances.sum()
        members = self._by_class[self._classes[int(rng.choice(len(self._classes), p=chances))]]
        return members[int(rng.integers(len(members)))]

    def pick_like(self, rng: np.random.Generator, chosen: Sequence[Cutout]) -> Cutout:
        """Choose another cut-out of a class, sometimes one of another colour."""
        members = self._by_class[chosen[0].class_name]
        tries = [members[int(index)] for index in rng.integers(len(members), size=4)]
        if rng.random() < self._config.other_colours:
            seen = [vocabulary.colours(c.caption) for c in chosen]
            for cutout in tries:
                said = vocabulary.colours(cutout.caption)
                if all(vocabulary.colours_differ(said, other) for other in seen):
                    return cutout
        return tries[0]

    def draw(self, rng: np.random.Generator, shown: Sequence[str] = ()) -> list[Actor]:
        """Choose the objects of a clip and their paths, from the farthest to the nearest.

        Args:
            rng: source of chance.
            shown: classes of objects that the background shows; some may be like them.
        """
        config = self._config
        crowd = self._crowd(rng)
        if crowd and rng.random() < config.spectators:
            return self._with_spectators(rng, crowd)
        chosen = crowd or self._choose(rng, shown)
        height = config.height
        grounded = rng.random() < config.ground
        horizon = rng.uniform(0.3, 0.6) * height
        placed = []
        for cutout in chosen:
            rows, columns = cutout.load().shape[:2]
            scale = self._scale(rng, rows, columns, len(chosen))
            x = rng.uniform(0.02, 0.98) * config.width
            y = rng.uniform(0.1, 0.9) * height
            if grounded:
                near = np.clip(scale * rows / (0.8 * height), 0, 1)
                bottom = horizon + (1.05 * height - horizon) * near + rng.normal(0, 0.03) * height
                y = bottom - scale * rows / 2
            elif rng.random() < 0.2:
                # Cut by the lower border, as people near the camera are.
                y = height - scale * rows * rng.uniform(0.1, 0.45)
            still = rng.random() < config.still_object
            path = self._path(rng, cutout, np.array([x, y]), scale, still=still)
            depth = y + scale * rows / 2 if grounded else scale * rows + rng.normal(0, 0.2) * height
            placed.append((depth, Actor(cutout, path)))
        placed.sort(key=lambda entry: entry[0])
        return [actor for _, actor in placed]

    def _crowd(self, rng: np.random.Generator) -> list[Cutout]:
        """Choose many people, or many animals of a class; mostly nobody."""
        if rng.random() >= self._config.crowd:
            return []
        pools = [self._people] * (2 if self._people else 0)
        pools += [self._herds[int(rng.integers(len(self._herds)))]] if self._herds else []
        if not pools:
            return []
        pool = pools[int(rng.integers(len(pools)))]
        picks = rng.integers(len(pool), size=rng.integers(4, 9))
        return [pool[int(index)] for index in picks]

    def _choose(self, rng: np.random.Generator, shown: Sequence[str]) -> list[Cutout]:
        config = self._config
        count = int(rng.integers(config.min_objects, config.max_objects + 1))
        chosen = [self.pick(rng)]
        known = [name for name in shown if name in self._by_class]
        like_shown = bool(known) and rng.random() < config.same_class
        if like_shown:
            members = self._by_class[known[int(rng.integers(len(known)))]]
            chosen = [members[int(rng.integers(len(members)))]]
        kind = ""
        if count > 1 and rng.random() < config.same_class:
            alike = int(rng.integers(2, count + 1))
            if not like_shown and rng.random() < config.recoloured:
                chosen = self._in_colours(rng, alike)
            while len(chosen) < alike:
                chosen.append(self.pick_like(rng, chosen))
        elif rng.random() < config.same_kind:
            kind = chosen[0].broader[-1] if chosen[0].broader else ""
        chosen += [self.pick(rng, kind) for _ in range(count - len(chosen))]
        return chosen

    def _in_colours(self, rng: np.random.Generator, count: int) -> list[Cutout]:
        """Choose something that can be painted, and show it in several colours."""
        chosen: list[Cutout] = []
        for _ in range(_PAINTING_TRIES):
            chosen = [self.pick(rng)]
            several = [recoloured(rng, chosen[0]) for _ in range(count - 1)]
            chosen += {one.name: one for one in several if one is not None}.values()
            if len(chosen) > 1:
                break
        return chosen

    def _with_spectators(self, rng: np.random.Generator, crowd: list[Cutout]) -> list[Actor]:
        """Put one or two before all others, who stand in a row behind and keep still."""
        width, height = self._config.width, self._config.height
        shown = int(rng.integers(1, 3))
        feet = rng.uniform(0.45, 0.75) * height
        share = rng.uniform(0.2, 0.45)  # of the frame's height
        placed = []
        for number, cutout in enumerate(crowd):
            rows, columns = cutout.load().shape[:2]
            behind = number >= shown
            tall = share * np.exp(rng.normal(0, 0.1)) * (1.0 if behind else rng.uniform(1.15, 2.0))
            scale = min(tall * height / rows, 2.0, 1.3 * width / columns)
            bottom = feet + rng.normal(0, 0.02) * height
            bottom += 0.0 if behind else rng.uniform(0.08, 0.3) * height
            x = rng.uniform(0.0, 1.0) if behind else rng.uniform(0.15, 0.85)
            still = rng.random() < (0.9 if behind else 0.15)
            centre_2 = np.array([x * width, bottom - scale * rows / 2])
            path = self._path(rng, cutout, centre_2, scale, still=still)
            unnamed = behind and rng.random() < 0.8
            placed.append((bottom, Actor(cutout, path, unnamed)))
        placed.sort(key=lambda entry: entry[0])
        return [actor for _, actor in placed]

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
        *,
        still: bool,
    ) -> motion.ObjectPath:
        config = self._config
        dances = not still and _is(cutout, "person") and rng.random() < config.dancing
        return motion.object_path(
            rng,
            config.frames + 1,
            centre_2=centre_2,
            scale=scale,
            reach=config.speed * config.width * float(rng.gamma(2.0, 0.5)),
            still=still,
            upright=stands(cutout),
            mirrored=cutout.mirrorable and rng.random() < 0.5,
            dances=dances,
        )


def stands(cutout: Cutout) -> bool:
    """Whether things of its kind have their feet on the ground."""
    return bool(_UPRIGHT & {cutout.class_name, *cutout.broader})


def _is(cutout: Cutout, kind: str) -> bool:
    return kind in (cutout.class_name, *cutout.broader)


def _class_weight(name: str, members: tuple[Cutout, ...]) -> float:
    categories = (name, *members[0].broader)
    factor = max((_CATEGORY_WEIGHTS.get(c, 0.7) for c in categories), default=0.7)
    # The square root: common classes come more often, rare ones are still seen.
    return factor * float(np.sqrt(len(members)))
