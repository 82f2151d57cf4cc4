import shutil
from pathlib import Path

import pytest

from slvp.apps import cli
from slvp.data.doctor.facts import FACTS
from slvp.data.labels.kinds import Supervision
from slvp.data.labels.loading import load_labelled


def run(*arguments: str | Path) -> int:
    return cli.run(["data", *map(str, arguments)])


def example(out: Path, name: str = "mevis") -> Path:
    assert run("example", name, out) == 0
    return out


@pytest.mark.parametrize("name", sorted(FACTS))
def test_an_example_is_made_prepared_and_healthy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    root = example(tmp_path / "example", name)
    assert str(root) in capsys.readouterr().out
    if name == "visor":
        assert run("check", name, root, "--quiet") == 2
        prepared = tmp_path / "prepared"
        assert f"slvp data prepare visor {root} OUT" in capsys.readouterr().out
        assert run("prepare", name, root, prepared, "--quiet") == 0
        root = prepared
    else:
        assert run("prepare", name, root, "--quiet") == 0
    capsys.readouterr()
    assert run("check", name, root, "--processes", "1") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{FACTS[name].title} in {root}\n")
    assert printed.out.endswith("\nall good\n")
    assert "file/s" in printed.err


def test_the_same_seed_makes_the_same_example(tmp_path: Path) -> None:
    def content(folder: Path) -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    first = content(example(tmp_path / "first"))
    assert first == content(example(tmp_path / "second"))
    assert run("example", "mevis", tmp_path / "third", "--seed", "1") == 0
    assert content(tmp_path / "third") != first


def test_an_example_is_not_made_where_something_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    assert run("example", "mevis", tmp_path / "mine") == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    assert run("example", "mevis", tmp_path / "new", "--seed", "-1") == 2
    assert "--seed -1" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_what_is_wrong_is_printed_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = example(tmp_path / "example")
    shutil.rmtree(root / "train")
    (root / "valid/JPEGImages/0fea0cb75a25/00003.jpg").write_bytes(b"")
    assert run("check", "mevis", root, "--quiet") == 2
    printed = capsys.readouterr()
    assert "  valid: 2 videos, 12 expressions, 12 frames, no masks" in printed.out
    assert "\nFrames can't be read:\n" in printed.out
    assert "0fea0cb75a25/00003.jpg" in printed.out
    assert printed.out.endswith("\n1 problem\n")
    assert printed.err == f"slvp: {root} has a problem, shown above with how to mend it\n"
    assert run("check", "mevis", root, "--quiet", "--split", "valid_u") == 0
    assert run("check", "mevis", root, "--quiet", "--split", "train") == 2
    assert "2 problems" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--processes", "0"], "--processes 0 is too small"),
        (["--split", "dev"], "--split dev: MeViS has no such split; choose one of train"),
    ],
)
def test_a_wrong_option_of_check_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert run("check", "mevis", tmp_path, *options) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_visor_is_prepared_into_a_folder_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = example(tmp_path / "example", "visor")
    assert run("prepare", "visor", root) == 2
    assert "name it after SOURCE" in capsys.readouterr().err


def test_a_source_that_is_no_folder_and_an_output_in_vain_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for source, options, message in (
        ("nowhere", (), "nowhere is not there; give the folder"),
        ("file", (), "file is a file; give the folder"),
        (".", (tmp_path / "out",), "out: nothing of world is written to another folder"),
    ):
        assert run("prepare", "world", tmp_path / source, *options) == 2
        assert message in capsys.readouterr().err


def test_frames_of_jhmdb_are_drawn_where_the_list_is_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = example(tmp_path / "example", "jhmdb-sentences")
    (root / "jhmdb_sentences_samples_metadata.json").unlink()
    assert run("check", "jhmdb-sentences", root, "--quiet") == 2
    assert f"slvp data prepare jhmdb-sentences {root}" in capsys.readouterr().out
    assert run("prepare", "jhmdb-sentences", root) == 0
    assert run("check", "jhmdb-sentences", root, "--quiet") == 0


@pytest.mark.parametrize(
    ("kind", "options", "counts"),
    [
        ("box", (), "2 videos, 4 objects, 20 labels"),
        ("point", ("--every", "2"), "2 videos, 4 objects, 12 labels"),
        ("first-frame", ("--split", "valid_u"), "2 videos, 4 objects, 4 labels"),
    ],
)
def test_weak_labels_are_made_and_loaded_without_masks(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: Supervision,
    options: tuple[str, ...],
    counts: str,
) -> None:
    root = example(tmp_path / "example")
    capsys.readouterr()
    assert run("weaken", "mevis", root, "--to", kind, *options, "--quiet") == 0
    split = options[1] if "--split" in options else "train"
    path = root / f"labels/{split}-{kind}.json"
    assert capsys.readouterr() == (f"{counts}  {path}\n", "")
    (root / split / "mask_dict.json").unlink()
    expressions = load_labelled("mevis", root, split, kind)
    assert len(expressions) == 12
    assert {one.labels.kind for one in expressions} == {kind}


def test_what_cant_be_trained_on_is_labelled_where_it_is_scored(tmp_path: Path) -> None:
    root = example(tmp_path / "example", "world")
    assert run("weaken", "world", root, "--to", "box", "--quiet") == 0
    assert (root / "labels/test-box.json").is_file()


def test_earlier_labels_are_replaced_only_where_that_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = example(tmp_path / "example")
    out = tmp_path / "new/boxes.json"
    command = ("weaken", "mevis", root, "--to", "box", "--quiet", "--out", out)
    assert run(*command) == 0
    first = out.read_bytes()
    assert run(*command, "--every", "2") == 2
    assert f"{out} exists; name another with --out, or replace" in capsys.readouterr().err
    assert out.read_bytes() == first
    assert run(*command, "--every", "2", "--overwrite") == 0
    assert len(out.read_bytes()) < len(first)
    assert not (root / "labels").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--every", "0"], "--every 0 is too small; 1 is the least"),
        (["--processes", "0"], "--processes 0 is too small"),
        (["--split", "dev"], "--split dev: MeViS has no such split; choose one of train"),
        (["--split", "valid"], "MeViS keeps it to itself which objects"),
    ],
)
def test_a_wrong_option_of_weaken_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    root = example(tmp_path / "example")
    assert run("weaken", "mevis", root, "--to", "box", "--quiet", *options) == 2
    assert message in capsys.readouterr().err
    assert not (root / "labels").exists()
