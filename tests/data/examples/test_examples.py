"""What the example of every benchmark must be: small, and the same files for the same seed."""

from pathlib import Path

import pytest

from slvp.data.benchmarks.catalog import CATALOG

MOST_BYTES = dict.fromkeys(CATALOG, 1_000_000) | {"visor": 2_000_000}  # VISOR's frames are large

CHANGED_BY_SEED = {
    "ref-davis17": (".jpg", ".png"),
    "ref-youtube-vos": (".jpg", ".png"),
    "mevis": ("valid_u/mask_dict.json",),
}
"""How the names end of files that are there whatever the seed, and each time others."""


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def comparable(found: dict[str, bytes]) -> dict[str, bytes]:
    """All files but the world's videos, whose encoder isn't the same to the byte."""
    return {
        path: content
        for path, content in found.items()
        if not (path.startswith("captioned/") and path.endswith(".mp4"))
    }


@pytest.mark.parametrize("name", CATALOG)
def test_same_seed_same_files(name: str, tmp_path: Path) -> None:
    made = []
    for folder, seed in (("one", 1), ("same", 1), ("other", 0)):
        (tmp_path / folder).mkdir()
        CATALOG[name].write_example(tmp_path / folder, seed)
        made.append(files(tmp_path / folder))
    assert sum(map(len, made[0].values())) < MOST_BYTES[name]
    one, same, other = (comparable(found) for found in made)
    assert one == same
    assert one != other
    if name in CHANGED_BY_SEED:
        assert one.keys() == other.keys()
        changed = [path for path in one if path.endswith(CHANGED_BY_SEED[name])]
        assert changed
        assert all(one[path] != other[path] for path in changed)
