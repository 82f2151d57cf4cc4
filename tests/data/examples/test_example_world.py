import json
from pathlib import Path

import pytest

from slvp.data.examples.world import CLIPS, write_world


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder)
    return folder


def test_it_has_a_test_split_of_short_clips(example: Path) -> None:
    path = example / "meta_expressions/test/meta_expressions.json"
    videos = json.loads(path.read_text())["videos"]
    assert len(videos) == CLIPS
    for name, video in videos.items():
        assert len(video["frames"]) == 6
        for frame in video["frames"]:
            assert (example / f"test/JPEGImages/{name}/{frame}.jpg").is_file()
            assert (example / f"test/Annotations/{name}/{frame}.png").is_file()
        assert (example / f"captioned/{name}.mp4").is_file()
