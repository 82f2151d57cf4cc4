import importlib.machinery
import re
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from slvp.data.palette import write_ids
from slvp.errors import UserError
from slvp.evaluation.bench import bench_evaluator

OFFICIAL = """
from slvp.evaluation.metrics import frame_scores

def db_eval_iou(annotation, segmentation):
    return frame_scores(segmentation, annotation).j

def db_eval_boundary(annotation, segmentation):
    return frame_scores(segmentation, annotation).f + 0.25
"""


@pytest.fixture
def official(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for the official evaluation, with an F that is always 0.25 too high."""
    path = tmp_path / "official" / "davis2017" / "metrics.py"
    path.parent.mkdir(parents=True)
    path.write_text(OFFICIAL)
    skimage = types.ModuleType("skimage")
    skimage.__spec__ = importlib.machinery.ModuleSpec("skimage", None)
    monkeypatch.setitem(sys.modules, "skimage", skimage)
    return tmp_path / "official"


def test_drawn_masks() -> None:
    threads = cv2.getNumThreads()
    lines = bench_evaluator(rounds=1).splitlines()
    assert lines[0].startswith("40 objects in 40 drawn frames of 854 x 480 pixels;")
    assert re.fullmatch(r"J and F alone: \d+\.\d{3} ms per object and frame\.", lines[1])
    assert re.fullmatch(r"With reading both PNGs: \d+\.\d{3} ms per object and frame\.", lines[2])
    assert "davis2017-evaluation" in lines[3]
    assert cv2.getNumThreads() == threads


@pytest.mark.parametrize("root", [".", "DAVIS"])
def test_masks_of_a_folder_beside_the_official_code(
    tmp_path: Path, official: Path, root: str
) -> None:
    for sequence, frames in {"a": 8, "b": 4, "short": 3}.items():
        folder = tmp_path / root / "Annotations" / "480p" / sequence
        folder.mkdir(parents=True)
        for t in range(frames):
            ids_HW = np.zeros((20, 30), np.uint8)
            ids_HW[3:9, t : t + 9] = 1
            ids_HW[12:18, 2 * t + 1 : 2 * t + 9] = 4
            ids_HW[0, 0] = 255
            write_ids(ids_HW, folder / f"{t:05d}.png")
    lines = bench_evaluator(tmp_path, official, rounds=1).splitlines()
    # Two objects in each frame that has one three frames on: five of the first video, one of the
    # second.
    assert lines[0].startswith("12 objects in 6 real frames of 30 x 20 pixels;")
    for line in lines[1:3]:
        ours, theirs, ratio = map(float, re.findall(r"\d+\.\d+", line))
        assert ratio == pytest.approx(theirs / ours, rel=0.1, abs=0.1)
    assert lines[3] == "Largest difference between the scores: J 0.0e+00, F 2.5e-01."


def test_a_folder_without_masks_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Annotations/480p/SEQUENCE"):
        bench_evaluator(tmp_path)


def test_a_folder_without_the_official_code_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"metrics\.py is missing"):
        bench_evaluator(None, tmp_path)


def test_scikit_image_is_asked_for(official: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(UserError, match=r"pip install scikit-image"):
        bench_evaluator(None, official)
