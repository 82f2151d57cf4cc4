from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.errors import UserError
from slvp.training.skipped import SkippedLog
from slvp.types import Skipped


def broken(number: int) -> Skipped:
    return Skipped(f"videos/{number}.mp4", "broken", "is cut off")


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_each_is_told_once_by_name_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "skipped.csv"
    log = SkippedLog(path, 0.1)
    log.add(3, [broken(1), Skipped("b, c", "static", 'so "still"')], seen=16)
    log.add(4, [broken(1), broken(2)], seen=16)
    assert rows(path) == [  # on disk before the log is closed
        ["step", "name", "why", "reason"],
        ["3", "videos/1.mp4", "broken", "is cut off"],
        ["3", "b, c", "static", 'so "still"'],
        ["4", "videos/2.mp4", "broken", "is cut off"],
    ]
    log.close()


def test_a_resumed_run_writes_its_steps_again_and_no_line_twice(tmp_path: Path) -> None:
    path = tmp_path / "skipped.csv"
    log = SkippedLog(path, 0.5)
    for step in range(4):
        log.add(step, [broken(step), broken(0)], seen=16)
    log.close()
    whole = rows(path)
    log = SkippedLog(path, 0.5, first_step=2)
    assert rows(path) == whole[:3]
    for step in (2, 3):
        log.add(step, [broken(step), broken(0)], seen=16)
    log.close()
    assert rows(path) == whole


def test_a_bounded_share_may_be_broken(tmp_path: Path) -> None:
    log = SkippedLog(tmp_path / "skipped.csv", 0.1)
    log.add(0, [broken(n) for n in range(10)], seen=10)  # too few to tell
    log.add(1, [], seen=90)
    log.add(2, [broken(10)], seen=10)
    with pytest.raises(UserError) as raised:
        log.add(3, [broken(11), broken(12)], seen=5)
    said = str(raised.value)
    assert "13 of 115 samples can't be read, more than the 10% that" in said
    assert "videos/12.mp4: is cut off" in said
    assert "\n" not in said
    assert rows(tmp_path / "skipped.csv")[-1][1] == "videos/12.mp4"  # told before the stop


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40))
def test_it_stops_at_the_first_step_above_the_share(steps: list[tuple[int, int]]) -> None:
    log = SkippedLog(None, 0.25)
    bad = total = 0
    for step, (skipped, fine) in enumerate(steps):
        bad, total = bad + skipped, total + skipped + fine
        # A step that can name a broken sample, that is.
        expected = total >= 20 and bad > 0.25 * total and skipped > 0
        try:
            log.add(step, [broken(n) for n in range(skipped)], skipped + fine)
        except UserError:
            assert expected
            return
        assert not expected


@pytest.mark.parametrize("why", ["static", "cut", "uncaptioned"])
def test_what_is_whole_but_useless_counts_as_broken_only_where_nothing_else_is(why: str) -> None:
    useless = Skipped("a.mp4", why)  # type: ignore[arg-type]
    log = SkippedLog(None, 0.1)
    log.add(0, [useless] * 80, seen=100)
    with pytest.raises(UserError, match=f"a.mp4 \\({why}\\)"):
        log.add(1, [useless] * 200, seen=200)


def test_processes_that_do_not_write_stop_too() -> None:
    log = SkippedLog(None, 0.1)
    with pytest.raises(UserError):
        log.add(0, [broken(n) for n in range(20)], seen=20)
    log.close()
