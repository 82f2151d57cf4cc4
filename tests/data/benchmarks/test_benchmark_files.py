import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.benchmarks.files import read_json, read_text, require_file, require_folder
from slvp.errors import UserError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(content=JSON)
def test_any_json_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, content: object
) -> None:
    path = tmp_path_factory.mktemp("json") / "any.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_json(path, "Some Benchmark") == content


@pytest.mark.parametrize("written", ["", '{"a": [1, 2', "{'a': 1}", '{"a": 1} {"b": 2}', "\x00"])
def test_json_that_is_cut_off_is_named(tmp_path: Path, written: str) -> None:
    path = tmp_path / "cut.json"
    path.write_text(written)
    with pytest.raises(UserError, match=r"cut\.json doesn't read as JSON .* Some Benchmark again"):
        read_json(path, "Some Benchmark")


def test_json_in_no_known_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_bytes(b'{"a": "\xff\xfe"}')
    with pytest.raises(UserError, match=r"cut\.json"):
        read_json(tmp_path / "cut.json", "Some Benchmark")


@pytest.mark.parametrize(
    "written", ['{"a": 1, "b": 2, "a": 3}', '{"x": [{"b": 1}, {"a": 1, "a": 1}]}']
)
def test_a_name_that_stands_twice_is_told(tmp_path: Path, written: str) -> None:
    path = tmp_path / "twice.json"
    path.write_text(written)
    with pytest.raises(UserError, match=r"twice\.json .*'a' stands twice"):
        read_json(path, "Some Benchmark")


def test_the_same_name_in_two_places_is_fine(tmp_path: Path) -> None:
    (tmp_path / "fine.json").write_text('{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}')
    assert read_json(tmp_path / "fine.json", "X") == {"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    for read in (read_text, read_json):
        with pytest.raises(UserError, match=r"none\.txt is missing, yet Some Benchmark needs it"):
            read(tmp_path / "none.txt", "Some Benchmark")
    with pytest.raises(UserError, match=r"none is no folder, yet Some Benchmark"):
        require_folder(tmp_path / "none", "Some Benchmark")
    with pytest.raises(UserError, match=r"none\.jpg is missing, yet .*list\.json names it"):
        require_file(tmp_path / "none.jpg", tmp_path / "list.json", "Some Benchmark")


def test_what_is_there_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "here.txt"
    path.write_bytes(b"caf\xe9")
    assert read_text(path, "X") == b"caf\xe9"
    assert require_file(path, tmp_path, "X") == path
    assert require_folder(tmp_path, "X") == tmp_path
    with pytest.raises(UserError, match=r"here\.txt is no folder"):
        require_folder(path, "X")
