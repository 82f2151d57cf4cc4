import json
from pathlib import Path

import cv2
import pytest

from slvp.data.examples.visor import write_visor
from slvp.data.visor.prepare import UNSEEN_KITCHENS

INNER = "GroundTruth-SparseAnnotations"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("visor")
    write_visor(folder)
    return folder


def test_layout_is_that_of_the_download(example: Path) -> None:
    annotations = sorted((example / INNER / "annotations").rglob("*.json"))
    assert [f"{path.parent.name}/{path.name}" for path in annotations] == [
        "train/P01_01.json",
        "val/P01_107.json",
        "val/P09_02.json",
    ]
    assert "P09_02" in UNSEEN_KITCHENS
    named = set()
    for path in annotations:
        for entry in json.loads(path.read_bytes())["video_annotations"]:
            image, video = entry["image"], path.stem
            assert set(image) == {"image_path", "name", "subsequence", "video"}
            assert image["video"] == video and image["subsequence"].startswith(f"{video}_seq_0000")
            named.add(f"{path.parent.name}/{video[:3]}/{video}/{image['name']}")
            ids = [one["id"] for one in entry["annotations"]]
            assert len(set(ids)) == len(ids)
            for one in entry["annotations"]:
                assert ("in_contact_object" in one) <= (
                    "hand" in one["name"] or "glove" in one["name"]
                )
                for polygon in one["segments"]:
                    assert all(0 <= x < 1920 and 0 <= y < 1080 for x, y in polygon)
    frames = example / INNER / "rgb_frames"
    assert {str(path.relative_to(frames)) for path in frames.rglob("*.jpg")} == named
    assert cv2.imread(str(next(frames.rglob("*.jpg")))).shape == (1080, 1920, 3)
