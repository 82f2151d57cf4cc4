"""The script that measures how often the right one of several alike is picked."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from slvp.types import Prediction

SCRIPT = Path(__file__).parents[2] / "scripts/measure_telling_apart.py"


class Knowing:
    """Stands in for the segmenter: says the truth of each clip in turn, or its opposite."""

    def __init__(self, world, sign):
        self.sign = sign
        self.clips = (world.clip(number) for number in itertools.count())

    def segment(self, frames_THWC, sentences):
        clip = next(self.clips)
        while not np.array_equal(clip.frames_THWC, frames_THWC):
            clip = next(self.clips)
        targets = {e.text: e.object_ids for e in clip.expressions}
        masks_ETHW = np.stack([np.isin(clip.ids_THW, targets[text]) for text in sentences])
        probability_ETHW = np.float16(masks_ETHW if self.sign > 0 else ~masks_ETHW)
        presence_ET = np.ones(masks_ETHW.shape[:2], np.float32)
        return Prediction(list(sentences), probability_ETHW, presence_ET)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_truth_is_right_and_its_opposite_is_wrong(sign):
    if not SCRIPT.is_file():
        pytest.skip("the scripts come with the repository only")
    sys.path.insert(0, str(SCRIPT.parent))
    import measure_telling_apart as script

    world = script.World(script.CutoutLibrary.drawn_shapes(), script.ALIKE)
    found = list(script.answers(Knowing(world, sign), world, 6))
    assert len(found) > 5
    assert {one.margin for one in found} == {float(sign)}
    assert {one.rivals for one in found} <= {1, 2}
