import pytest

from slvp.data.visor.sequences import ObjectRecord, SequenceRecord
from slvp.data.visor.statistics import VisorStatistics, count, format_statistics

RECORDS = [
    SequenceRecord(
        "s1",
        "P01_107",
        ("a", "b"),
        (
            ObjectRecord(1, "cup", "the cup", "name", None),
            ObjectRecord(2, "knife", "", None, "repeated"),
            ObjectRecord(3, "lid", "the lid on the left", "side", None),
        ),
    ),
    SequenceRecord("s2", "P01_107", ("a",), (), "too short"),
]


def test_counts_tell_kept_from_left_out() -> None:
    found = count(RECORDS)
    assert (found.sequences, found.frames, found.objects, found.expressions) == (1, 2, 3, 2)
    assert found.told_by == {"name": 1, "hand": 0, "contact": 0, "side": 1}
    assert found.kept_out == {"repeated": 1, "others unsegmented": 0, "hidden": 0}
    assert found.left_out == {"too short": 1, "nothing told apart": 0}


@pytest.mark.parametrize("records", [RECORDS, []])
def test_the_table_has_a_column_for_each_split(records: list[SequenceRecord]) -> None:
    table = format_statistics(VisorStatistics({"train": count([]), "val": count(records)}))
    rows = table.split("\n")
    assert rows[0].split() == ["train", "val"]
    assert len({len(row) for row in rows}) == 1
    assert f"{len(records) // 2:>3}" == rows[1][-3:]


def test_shares_are_of_the_expressions() -> None:
    table = format_statistics(VisorStatistics({"val": count(RECORDS)}))
    shares = [row.split()[-1] for row in table.split("\n") if "told by" in row]
    assert shares == ["50.0%", "0.0%", "0.0%", "50.0%"]
