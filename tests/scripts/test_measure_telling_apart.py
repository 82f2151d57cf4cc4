"""The script that measures how often the right one of several alike is picked."""

import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/measure_telling_apart.py"


@pytest.mark.parametrize("sign", [1, -1])
def test_the_truth_is_right_and_its_opposite_is_wrong(sign, monkeypatch):
    if not SCRIPT.is_file():
        pytest.skip("the scripts come with the repository only")
    sys.path.insert(0, str(SCRIPT.parent))
    import measure_telling_apart as script

    def ask(model, clip, sentences):
        targets = {e.text: e.object_ids for e in clip.expressions}
        masks = [np.isin(clip.ids_THW, targets[text]) for text in sentences]
        return np.stack([mask if sign > 0 else ~mask for mask in masks]).astype(np.float32)

    monkeypatch.setattr(script, "_ask", ask)
    world = script.World(script.CutoutLibrary.drawn_shapes(), script.ALIKE)
    found = list(script.answers(None, world, 6))
    assert len(found) > 5
    assert {one.margin for one in found} == {float(sign)}
    assert {one.rivals for one in found} <= {1, 2}
