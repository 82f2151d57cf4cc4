from pathlib import Path

import pytest

from slvp.files import whole_file


def test_appears_at_the_end_only(tmp_path: Path) -> None:
    with whole_file(tmp_path / "card.json") as file:
        file.write_text("new")
        assert not (tmp_path / "card.json").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]
    assert (tmp_path / "card.json").read_text() == "new"


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_failure_keeps_what_was_there(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "card.json").write_text("old")
    with pytest.raises(failure), whole_file(tmp_path / "card.json") as file:
        file.write_text("half")
        raise failure
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]
    assert (tmp_path / "card.json").read_text() == "old"


def test_a_folder_in_the_way_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "card.json").mkdir()
    with pytest.raises(OSError), whole_file(tmp_path / "card.json") as file:
        file.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


def test_a_missing_folder_is_told_by_the_block(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "none" / "card.json") as file:
        file.write_text("new")
