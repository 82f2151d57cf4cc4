import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.data.examples.ref_youtube_vos import FRAMES, VIDEOS, write_ref_youtube_vos
from slvp.data.examples.scene import scene


def files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ref-youtube-vos")
    write_ref_youtube_vos(folder)
    return folder


def test_layout_is_that_of_the_download(example: Path) -> None:
    frames = {
        f"{split}/JPEGImages/{video}/{frame}.jpg"
        for split, videos in VIDEOS.items()
        for video in videos
        for frame in ("00000", "00005", "00010", "00015", "00020", "00025")
    }
    masks = {
        f"train/Annotations/{video}/{frame}.png" for video in VIDEOS["train"] for frame in FRAMES
    }
    texts = {f"meta_expressions/{split}/meta_expressions.json" for split in VIDEOS}
    assert files(example).keys() == frames | masks | texts | {"train/meta.json"}


def test_valid_names_the_videos_of_test_too_and_neither_tells_the_answers(example: Path) -> None:
    told = {
        split: json.loads(
            (example / "meta_expressions" / split / "meta_expressions.json").read_text()
        )["videos"]
        for split in VIDEOS
    }
    assert set(told["valid"]) == {*VIDEOS["valid"], *VIDEOS["test"]}
    assert set(told["test"]) == set(VIDEOS["test"])
    assert told["test"] == {name: told["valid"][name] for name in VIDEOS["test"]}
    keys = {
        split: {tuple(one) for v in videos.values() for one in v["expressions"].values()}
        for split, videos in told.items()
    }
    assert keys == {"train": {("exp", "obj_id")}, "valid": {("exp",)}, "test": {("exp",)}}


def test_masks_are_palette_pictures_of_the_clips_objects(example: Path) -> None:
    for index, video in enumerate(VIDEOS["train"]):
        for t, frame in enumerate(FRAMES):
            picture = Image.open(example / f"train/Annotations/{video}/{frame}.png")
            assert picture.mode == "P"
            assert picture.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
            np.testing.assert_array_equal(np.array(picture), scene(index).ids_THW[t])


def test_meta_tells_which_frames_show_an_object(example: Path) -> None:
    videos = json.loads((example / "train/meta.json").read_text())["videos"]
    assert set(videos) == set(VIDEOS["train"])
    for index, video in enumerate(VIDEOS["train"]):
        ids_THW = scene(index).ids_THW
        objects = videos[video]["objects"]
        assert set(objects) == {"1", "2"}
        for number, entry in objects.items():
            seen = (ids_THW == int(number)).any((1, 2))
            assert entry["frames"] == [name for name, s in zip(FRAMES, seen, strict=True) if s]
            assert entry["category"]
