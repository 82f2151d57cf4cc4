"""Measure how often a model picks the right one of several alike, by what the sentence tells.

::

    python scripts/measure_telling_apart.py default --cutouts CUTOUTS

Of clips of the embedded world with two or three objects of one class each sentence is asked of the
model. It is right where the mean probability of the object's own pixels is above that of each
other object of its class; a coin would be right in half of the clips with two, and in a third of
those with three. ``margin`` is the mean difference to the best of the others.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slvp import Segmenter
from slvp.data.cutouts import CutoutLibrary
from slvp.data.world import World, WorldConfig
from slvp.segmenter.quality import QUALITIES
from slvp.types import Clip

HELD_OUT = 0.1  # of the cut-outs and backgrounds, as in training
ALIKE = WorldConfig(
    frames=2,
    height=224,
    width=288,
    min_objects=2,
    max_objects=3,
    same_class=1.0,
    crowd=0.0,
    patches=0.0,
    clutter=0.0,
    absent=0.0,
    max_expressions=8,
    seed=77,
)
SMALL = 100  # pixels: less of an object is not looked at


@dataclass(frozen=True)
class Answer:
    """What a sentence of some kind brought; ``margin`` above 0 is right."""

    kind: str
    margin: float
    rivals: int


def answers(segmenter: Segmenter, world: World, clips: int) -> Iterator[Answer]:
    """Yield an answer for each sentence that names one of several objects of a class."""
    for number in range(clips):
        clip = world.clip(number)
        asked = [e for e in clip.expressions if len(e.object_ids) == 1]
        if not asked:
            continue
        classes = {i: cutout.class_name for i, cutout in world.objects(number).items()}
        prediction = segmenter.segment(clip.frames_THWC, [e.text for e in asked])
        for one, probability_THW in zip(asked, prediction.probability_ETHW, strict=True):
            (target,) = one.object_ids
            seen = _means(probability_THW, clip, classes)
            others = [
                mean for i, mean in seen.items() if i != target and classes[i] == classes[target]
            ]
            if target in seen and others:
                yield Answer(one.kind, seen[target] - max(others), len(others))


def _means(
    probability_THW: npt.NDArray[np.float16], clip: Clip, classes: dict[int, str]
) -> dict[int, float]:
    """Return the mean probability of each object that is seen well enough."""
    assert clip.ids_THW is not None
    masks = {number: clip.ids_THW == number for number in classes}
    return {
        number: float(probability_THW[mask].mean(dtype=np.float32))
        for number, mask in masks.items()
        if mask.sum() > SMALL
    }


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--cutouts", help="folder of cut-outs; drawn shapes if not given")
    parser.add_argument("--clips", type=int, default=150)
    parser.add_argument("--quality", choices=QUALITIES, default="good")
    options = parser.parse_args()
    library = CutoutLibrary.drawn_shapes()
    if options.cutouts:
        library = CutoutLibrary.from_folder(options.cutouts).split(HELD_OUT)[1]
    segmenter = Segmenter.from_pretrained(
        options.model, device="cpu", size=ALIKE.height, quality=options.quality
    )
    found: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers(segmenter, World(library, ALIKE), options.clips):
        found[answer.kind].append(answer)
    print(f"{'kind':<12}{'sentences':>10}{'right':>8}{'by chance':>11}{'margin':>8}")
    for kind, several in sorted(found.items()):
        right = np.mean([one.margin > 0 for one in several])
        chance = np.mean([1 / (1 + one.rivals) for one in several])
        margin = np.mean([one.margin for one in several])
        print(f"{kind:<12}{len(several):>10}{right:>8.2f}{chance:>11.2f}{margin:>+8.2f}")


if __name__ == "__main__":
    main()
