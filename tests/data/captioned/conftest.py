"""Small captioned videos, good and bad."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from captioned_videos import scene, write


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], bytes]:
    """The bytes of a video of 48 frames in which something moves, another one for each number."""
    folder = tmp_path_factory.mktemp("moving")

    def make(number: int) -> bytes:
        path = folder / f"{number}.mp4"
        if not path.is_file():
            write(path, scene(number, 48, 1.2))
        return path.read_bytes()

    return make


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory, moving) -> dict[str, bytes]:
    """What large collections have among their videos."""
    folder = tmp_path_factory.mktemp("odd")
    return {
        "truncated": moving(0)[:-500],
        "empty": b"",
        "page": b"<html>404</html>" * 99,
        "one_frame": write(folder / "one.mp4", scene(0, 1, 1)).read_bytes(),
        "static": write(folder / "static.mp4", scene(0, 48, 0)).read_bytes(),
        "cuts": write(
            folder / "cuts.mp4", [scene(number, 1, 0)[0] for number in range(48)]
        ).read_bytes(),
    }
