import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.benchmarks.tables import one_line, read_table
from slvp.errors import UserError

COLUMNS = ("video_id", "query")


def read(path: Path) -> list[tuple[str, ...]]:
    return read_table(path, COLUMNS, "a benchmark")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables") / "table.csv"


values = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"))


@given(st.lists(st.tuples(values, values, values)), st.permutations(["video_id", "query", "more"]))
def test_any_text_comes_back_whatever_the_order_of_the_columns(
    table: Path, rows: list[tuple[str, str, str]], header: list[str]
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([header, *rows])
    table.write_bytes(text.getvalue().encode())
    video, query = (header.index(name) for name in COLUMNS)
    assert read(table) == [(row[video], row[query]) for row in rows]


def test_a_byte_order_mark_other_line_ends_and_empty_lines_do_no_harm(table: Path) -> None:
    table.write_bytes(b"\xef\xbb\xbfvideo_id, query\r\na,one\r\n\r\nb,two\r\n\r\n")
    assert read(table) == [("a", "one"), ("b", "two")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"video_id,sentence\na,one\n", "columns video_id, query"),
        (b"", "columns video_id, query"),
        (b"video_id,query\na,one\nb\n", "line 3 has 1 values"),
        (b"video_id,query\na,one, two\n", "line 2 has 3 values"),
        (b'video_id,query\na,"one\nb,two\n', "unexpected end"),
        (b"video_id,query\na,\xff\xfe\n", "utf-8"),
        (None, "missing"),
    ],
)
def test_a_broken_table_is_named_in_one_line(table: Path, content: bytes | None, told: str) -> None:
    table.unlink(missing_ok=True)
    if content is not None:
        table.write_bytes(content)
    with pytest.raises(UserError, match=told) as caught:
        read(table)
    assert str(table) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.lists(st.text(st.characters(categories=("L", "P")), min_size=1)))
def test_a_sentence_has_single_spaces(words: list[str]) -> None:
    assert one_line("  " + " \t ".join(words) + "\n") == " ".join(words)
