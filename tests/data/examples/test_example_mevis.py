import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from slvp.data.examples.mevis import FRAMES, VIDEOS, write_mevis
from slvp.data.examples.scene import scene


def files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mevis")
    write_mevis(folder)
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_layout_is_that_of_the_download(example: Path) -> None:
    frames = {
        f"{split}/JPEGImages/{video}/{frame}.jpg"
        for split, videos in VIDEOS.items()
        for video in videos
        for frame in ("00000", "00001", "00002", "00003", "00004", "00005")
    }
    texts = {f"{split}/meta_expressions.json" for split in ("train", "valid_u", "valid")}
    masks = {f"{split}/mask_dict.json" for split in ("train", "valid_u")}
    assert files(example).keys() == frames | texts | masks


def test_an_expression_names_one_object_or_two_or_none(example: Path) -> None:
    for split in ("train", "valid_u"):
        masks = read(example / split / "mask_dict.json")
        named = set()
        for video in read(example / split / "meta_expressions.json")["videos"].values():
            assert video["frames"] == list(FRAMES)
            counts = set()
            for one in video["expressions"].values():
                assert set(one) == {"exp", "obj_id", "anno_id"}
                assert len(one["obj_id"]) == len(one["anno_id"])
                counts.add(len(one["anno_id"]))
                named |= set(map(str, one["anno_id"]))
            assert counts == {0, 1, 2}
        assert named == set(masks)
    for video in read(example / "valid/meta_expressions.json")["videos"].values():
        assert {tuple(one) for one in video["expressions"].values()} == {("exp",)}


def test_run_lengths_are_those_of_the_clips_objects(example: Path) -> None:
    masks = read(example / "train/mask_dict.json")
    for index, video in enumerate(VIDEOS["train"]):
        ids_THW = scene(index).ids_THW
        for object_id in (1, 2):
            rles = masks[str(2 * index + object_id - 1)]
            assert len(rles) == len(FRAMES)
            # The last frame is black.
            assert rles[-1] is None
            assert np.array(Image.open(example / f"train/JPEGImages/{video}/00005.jpg")).max() < 9
            for t, rle in enumerate(rles[:-1]):
                assert rle["size"] == [72, 96]
                np.testing.assert_array_equal(coco.decode(rle), ids_THW[t] == object_id)
