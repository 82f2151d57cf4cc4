import pytest

from slvp.errors import UserError
from slvp.processes import check_processes, process_count


@pytest.mark.parametrize(
    ("asked", "pieces", "work", "count"),
    [
        (None, 9, 99, 1),
        (None, 9, 250, 3),
        (None, 9, 10_000, 4),
        (None, 2, 10_000, 2),
        (7, 9, 99, 7),
        (7, 5, 99, 5),
        (None, 0, 0, 0),
    ],
)
def test_as_many_as_are_worth_their_start(
    monkeypatch: pytest.MonkeyPatch, asked: int | None, pieces: int, work: int, count: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert process_count(asked, pieces=pieces, work=work, worthwhile=100) == count


def test_less_than_one_is_refused() -> None:
    check_processes(None)
    check_processes(1)
    with pytest.raises(UserError, match=r"^--processes 0 is too small; 1 is the least$"):
        check_processes(0)
