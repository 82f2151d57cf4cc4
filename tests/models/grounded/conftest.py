"""Folders of tiny transformers models; leave them as they are."""

import numpy as np
import pytest

from tiny_transformers import MAKERS


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """Return what returns the folder of a kind of model; each is made once."""
    made = {}

    def folder(kind: str) -> str:
        if kind not in made:
            made[kind] = str(MAKERS[kind](tmp_path_factory.mktemp(kind)))
        return made[kind]

    return folder


@pytest.fixture(scope="session")
def frames() -> list[np.ndarray]:
    """Frames of odd sides."""
    rng = np.random.default_rng(0)
    return list(rng.integers(0, 256, (30, 37, 53, 3), dtype=np.uint8))
