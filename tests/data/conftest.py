import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from slvp.data.visor.prepare import prepare_visor

Tree = Callable[[str], Path]


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Make the example of a benchmark, once."""
    folder = tmp_path_factory.mktemp("examples")

    def make(name: str) -> Path:
        out = folder / name
        if out.is_dir():
            return out
        if name == "visor":
            prepare_visor(make("visor-download"), out, progress=False)
            return out
        out.mkdir()
        module = name.removesuffix("-download").replace("-", "_")
        example = importlib.import_module(f"slvp.data.examples.{module}")
        getattr(example, f"write_{module}")(out, 0)
        return out

    return make


@pytest.fixture
def tree(examples: Tree, tmp_path: Path) -> Tree:
    """Copy the example of a benchmark, for a test to damage."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(examples(name), tmp_path / "trees" / name))

    return copy
