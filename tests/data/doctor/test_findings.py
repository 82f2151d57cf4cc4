from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from slvp.data.doctor.findings import Findings, Problem, format_findings, shortened


def findings(*problems: Problem, notes: tuple[str, ...] = (), layout: str = "") -> Findings:
    return Findings("MeViS", Path("data"), ("valid: 2 videos",), problems, notes, layout)


def problem(kind: str, name: str, mend: str = "unpack it") -> Problem:
    return Problem(kind, Path(name), "", mend)


def test_nothing_wrong_is_one_line_at_the_end() -> None:
    lines = format_findings(findings()).splitlines()
    assert lines == ["MeViS in data", "  valid: 2 videos", "", "all good"]


def test_problems_of_a_kind_stand_together_with_their_mend() -> None:
    shown = format_findings(
        findings(
            problem("Missing", "a"),
            Problem("Masks differ", Path("b"), "4 x 3 pixels", "copy it"),
            problem("Missing", "c"),
            Problem("Masks differ", None, "video d", "copy it"),
            notes=("train is not there",),
            layout="ROOT/x\nROOT/y",
        )
    )
    assert "\nMissing:\n  a\n  c\n  -> unpack it\n" in shown
    assert "\nMasks differ:\n  b: 4 x 3 pixels\n  video d\n  -> copy it\n" in shown
    assert "\n  ROOT/x\n  ROOT/y\n" in shown
    assert "\n  - train is not there\n" in shown
    assert shown.endswith("\n4 problems")


def test_many_are_counted_and_few_shown() -> None:
    many = [problem("Missing", f"{number:02d}.jpg") for number in range(42)]
    shown = format_findings(findings(*many))
    assert "  04.jpg\n  and 37 more\n" in shown
    assert "05.jpg" not in shown
    assert format_findings(findings(many[0])).endswith("\n1 problem")


@given(st.lists(st.text(), max_size=12))
def test_shortening_keeps_up_to_five_as_they_are(items: list[str]) -> None:
    kept = shortened(items)
    assert kept[:5] == items[:5]
    assert kept[5:] == ([f"and {len(items) - 5} more"] if len(items) > 5 else [])
