import json
from pathlib import Path

import pytest

from slvp.data.examples.world import CLIPS, write_world


def files(folder: Path) -> dict[str, bytes]:
    """All files but the videos, whose encoder isn't the same to the byte each time."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".mp4")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder)
    return folder


def test_same_seed_same_clips(example: Path, tmp_path: Path) -> None:
    for name, seed in (("same", 0), ("other", 1)):
        (tmp_path / name).mkdir()
        write_world(tmp_path / name, seed)
    assert files(tmp_path / "same") == files(example)
    assert files(tmp_path / "other") != files(example)
    assert sum(path.stat().st_size for path in example.rglob("*.*")) < 1_000_000


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
