from pathlib import Path

import pytest

from slvp.apps.output import output_folder
from slvp.errors import UserError

CONTENTS = ("masks", "result.json")


def _write(out: Path, text: str, overwrite: bool = False) -> None:
    with output_folder(out, CONTENTS, overwrite) as folder:
        (folder / "result.json").write_text(text)


def _files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_appears_at_the_end_only_with_its_parents(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    with output_folder(out, CONTENTS, overwrite=False) as folder:
        (folder / "result.json").write_text("new")
        assert not out.exists()
    assert _files(tmp_path) == {"a", "a/b", "a/b/result.json"}


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        output_folder(tmp_path / "a" / "b", CONTENTS, False) as folder,
    ):
        (folder / "result.json").write_text("half")
        raise RuntimeError
    assert _files(tmp_path) == set()


def test_failure_keeps_the_earlier_result(tmp_path: Path) -> None:
    _write(tmp_path / "out", "old")
    with (
        pytest.raises(KeyboardInterrupt),
        output_folder(tmp_path / "out", CONTENTS, True) as folder,
    ):
        (folder / "result.json").write_text("half")
        raise KeyboardInterrupt
    assert _files(tmp_path) == {"out", "out/result.json"}
    assert (tmp_path / "out" / "result.json").read_text() == "old"


def test_overwrite_replaces_all_of_the_earlier_result(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _write(out, "old")
    (out / "masks").mkdir()
    _write(out, "new", overwrite=True)
    assert _files(tmp_path) == {"out", "out/result.json"}
    assert (out / "result.json").read_text() == "new"


def test_an_earlier_result_is_kept_without_overwrite(tmp_path: Path) -> None:
    _write(tmp_path / "out", "old")
    with pytest.raises(UserError, match="--overwrite"):
        _write(tmp_path / "out", "new")
    assert (tmp_path / "out" / "result.json").read_text() == "old"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    _write(tmp_path, "new")
    assert _files(tmp_path) == {"result.json"}


def test_a_stranger_s_folder_is_never_replaced(tmp_path: Path) -> None:
    _write(tmp_path / "out", "old")
    (tmp_path / "out" / "thesis.tex").touch()
    with pytest.raises(UserError, match=r"thesis\.tex"):
        _write(tmp_path / "out", "new", overwrite=True)
    assert (tmp_path / "out" / "thesis.tex").exists()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below" / "it"):
        with pytest.raises(UserError, match="name another folder"):
            _write(out, "new", overwrite=True)
    assert _files(tmp_path) == {"file"}


def test_the_folder_gets_ordinary_permissions(tmp_path: Path) -> None:
    _write(tmp_path / "out", "new")
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode
