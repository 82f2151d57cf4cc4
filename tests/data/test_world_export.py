"""What is written reads back as the same clips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.data.cutouts import CutoutLibrary
from slvp.data.world import World, WorldConfig
from slvp.data.world_export import export_world
from slvp.video import read_frames

CONFIG = WorldConfig(frames=3, height=64, width=96, randomise=False)
SEED = 2


def _world() -> World:
    return World(CutoutLibrary.drawn_shapes(), CONFIG)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "world"
    out.mkdir()
    export_world(out, _world(), clips=4, seed=SEED, split="valid")
    return out


def _clip(index: int):
    return _world().clip(SEED * 1_000_003 + index)


def test_masks_and_frames(exported: Path) -> None:
    for index in range(4):
        clip = _clip(index)
        for frame in range(3):
            name = f"world_{index:05d}/{frame:05d}"
            mask = Image.open(exported / "valid" / "Annotations" / f"{name}.png")
            assert mask.mode == "P" and mask.getpalette()[:6] == [0, 0, 0, 128, 0, 0]
            assert (np.asarray(mask) == clip.ids_THW[frame]).all()
            image = np.asarray(Image.open(exported / "valid" / "JPEGImages" / f"{name}.jpg"))
            assert np.abs(image.astype(int) - clip.frames_THWC[frame]).mean() < 4


def test_expressions(exported: Path) -> None:
    path = exported / "meta_expressions" / "valid" / "meta_expressions.json"
    videos = json.loads(path.read_text())["videos"]
    assert list(videos) == [f"world_{index:05d}" for index in range(4)]
    for index, video in enumerate(videos.values()):
        assert video["frames"] == ["00000", "00001", "00002"]
        read = [
            (entry["exp"], tuple(int(i) for i in entry["obj_id"].split(",") if i))
            for entry in video["expressions"].values()
        ]
        assert read == [(e.text, e.object_ids) for e in _clip(index).expressions]


def test_objects(exported: Path) -> None:
    videos = json.loads((exported / "valid" / "meta.json").read_text())["videos"]
    for index, video in enumerate(videos.values()):
        ids = _clip(index).ids_THW
        assert set(video["objects"]) == {str(i) for i in np.unique(ids) if i}
        for object_id, entry in video["objects"].items():
            seen = [f"{t:05d}" for t in range(3) if (ids[t] == int(object_id)).any()]
            assert entry["frames"] == seen and entry["category"]


def test_captioned_videos(exported: Path) -> None:
    entries = json.loads((exported / "captioned" / "captions.json").read_text())
    for index, entry in enumerate(entries):
        clip = _clip(index)
        assert tuple(entry["captions"]) == clip.captions
        images = read_frames(exported / "captioned" / entry["file"])
        assert images.shape == clip.frames_THWC.shape
        assert np.abs(images.astype(int) - clip.frames_THWC).mean() < 12


def test_flow(exported: Path) -> None:
    for index in range(4):
        stored, clip = np.load(exported / "flow" / f"world_{index:05d}.npz"), _clip(index)
        assert stored["flow_THW2"].dtype == np.float16
        assert np.allclose(stored["flow_THW2"], clip.flow_THW2, atol=0.05)
        assert np.allclose(stored["camera_T33"], clip.camera_T33)


def test_contact_sheet(exported: Path) -> None:
    assert Image.open(exported / "contact_sheet.jpg").width > 4 * 96


def test_progress_is_shown_unless_not_wanted(tmp_path: Path, capfd) -> None:
    for progress in (True, False):
        out = tmp_path / str(progress)
        out.mkdir()
        export_world(out, _world(), clips=1, seed=0, split="train", progress=progress)
        assert ("1/1" in capfd.readouterr().err) == progress
