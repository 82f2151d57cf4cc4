import errno
import os
from pathlib import Path

import pytest

from slvp.apps.output import output_folder, resumable_folder
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


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    for out in (tmp_path / ("x" * 300), tmp_path / "new" / ("x" * 250)):
        with pytest.raises(UserError, match="the name is too long"):
            _write(out, "new")
    assert _files(tmp_path) == set()


def test_a_place_that_cannot_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(UserError, match=r"out: can't write there \(permission denied\)"):
        _write(tmp_path / "out", "new")


@pytest.mark.parametrize("step", ["mkdir", "rename"])
@pytest.mark.parametrize("resumable", [False, True])
def test_whatever_the_system_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, resumable: bool
) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        # As /proc does, where nobody makes folders.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self))

    monkeypatch.setattr(Path, step, refuse)
    out = tmp_path / "out"
    folder = (
        resumable_folder(out, CONTENTS, False, SETTINGS)
        if resumable
        else output_folder(out, CONTENTS, False)
    )
    with pytest.raises(UserError, match=r"/out: can't write there \(No such file"), folder:
        pass
    assert _files(tmp_path) == set()


def test_an_error_that_is_not_about_the_folder_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), output_folder(tmp_path / "out", CONTENTS, False):
        (tmp_path / "absent").read_bytes()
    assert _files(tmp_path) == set()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_takes_no_more(tmp_path: Path, code: int) -> None:
    with (
        pytest.raises(UserError, match=r"out: can't write there \(.* disk"),
        output_folder(tmp_path / "out", CONTENTS, False),
    ):
        raise OSError(code, os.strerror(code))
    assert _files(tmp_path) == set()


def test_complaints_name_the_folder_that_was_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        pytest.raises(UserError) as caught,
        output_folder(out, CONTENTS, False) as folder,
    ):
        raise UserError(f"{folder / 'overlay.mp4'} can't be written.")
    assert str(caught.value) == f"{out / 'overlay.mp4'} can't be written."


def test_a_failure_leaves_what_another_run_writes_beside_it(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="ours"),
        output_folder(tmp_path / "new" / "one", CONTENTS, False),
    ):
        _write(tmp_path / "new" / "two", "theirs")
        raise RuntimeError("ours")
    assert _files(tmp_path) == {"new", "new/two", "new/two/result.json"}


def test_an_earlier_result_that_cannot_be_removed_does_not_fail_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    out = tmp_path / "out"
    _write(out, "old")
    with output_folder(out, CONTENTS, overwrite=True) as folder:
        (folder / "result.json").write_text("new")
        monkeypatch.setattr(os, "unlink", lambda path, **_: refuse(path))
        monkeypatch.setattr(os, "rmdir", lambda path, **_: refuse(path))
    assert (out / "result.json").read_text() == "new"


def test_the_folder_gets_ordinary_permissions(tmp_path: Path) -> None:
    _write(tmp_path / "out", "new")
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


SETTINGS = {"model": "a", "size": 256}


def test_an_interrupted_run_is_found_again_and_ends_whole(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with (
        pytest.raises(KeyboardInterrupt),
        resumable_folder(out, CONTENTS, False, SETTINGS) as folder,
    ):
        (folder / "masks").touch()
        raise KeyboardInterrupt
    assert not out.exists()
    with resumable_folder(out, CONTENTS, False, SETTINGS) as folder:
        assert (folder / "masks").is_file()
        (folder / "result.json").write_text("done")
    assert _files(tmp_path) == {"new", "new/out", "new/out/masks", "new/out/result.json"}


def test_an_unfinished_run_of_other_settings_stands_in_the_way(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), resumable_folder(out, CONTENTS, False, SETTINGS) as f:
        (f / "masks").touch()
        raise KeyboardInterrupt
    other = SETTINGS | {"size": 320}
    with (
        pytest.raises(UserError, match=r"out\.partial holds an unfinished run with another size"),
        resumable_folder(out, CONTENTS, False, other),
    ):
        pass
    with resumable_folder(out, CONTENTS, True, other) as folder:
        assert {path.name for path in folder.iterdir()} == {"settings.json"}
    assert _files(tmp_path) == {"out"}


def test_a_finished_result_is_replaced_at_the_end_only(tmp_path: Path) -> None:
    _write(tmp_path / "out", "old")
    with pytest.raises(UserError, match="--overwrite"):
        resumable_folder(tmp_path / "out", CONTENTS, False, SETTINGS).__enter__()
    with resumable_folder(tmp_path / "out", CONTENTS, True, SETTINGS) as folder:
        (folder / "result.json").write_text("new")
        assert (tmp_path / "out" / "result.json").read_text() == "old"
    assert (tmp_path / "out" / "result.json").read_text() == "new"
