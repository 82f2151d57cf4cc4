from collections.abc import Callable
from dataclasses import replace

from slvp.evaluation.card import ResultCard, format_table
from slvp.evaluation.card.table import MOST_ROWS
from slvp.evaluation.protocols import DETECTION, PER_EXPRESSION

MakesCard = Callable[..., ResultCard]


def test_table_of_four_sets(card_of: MakesCard) -> None:
    assert format_table(card_of()).splitlines() == [
        "ref-davis17 val: Ref-DAVIS17, fixed identities",
        "default, size 256, window 8, threshold 0.5, presence_threshold 0.25, 140 frames, 2.0 "
        "frames per",
        "second",
        "",
        "                               annot1  annot1_full_video"
        "             annot2  annot2_full_video",
        "sequence                J     F   J&F      J     F   J&F"
        "      J     F   J&F      J     F   J&F",
        "-" * 94,
        "paragliding-launch   50.0  25.0  37.5   62.5  37.5  50.0"
        "   50.0  25.0  37.5   75.0  50.0  62.5",
        "dog                  75.0  62.5  68.8   87.5  75.0  81.2"
        "   75.0  62.5  68.8  100.0  87.5  93.8",
        "-" * 94,
        "mean                 62.5  43.8  53.1   75.0  56.2  65.6"
        "   62.5  43.8  53.1   87.5  68.8  78.1",
        "",
        "mean over the 4 sets: J 71.9, F 53.1, J&F 62.5",
        "J recall 75.0, J decay 0.0, F recall 50.0, F decay 0.0",
    ]


def test_table_of_one_set_is_narrow_and_says_no_set(card_of: MakesCard) -> None:
    lines = format_table(card_of(PER_EXPRESSION)).splitlines()[4:]
    assert lines[0].split() == ["sequence", "J", "F", "J&F"]
    assert lines[-4].split() == ["mean", "71.9", "53.1", "62.5"]
    assert lines[-2] == "J 71.9, F 53.1, J&F 62.5"
    assert max(len(line) for line in lines[:-2]) < 50


def test_table_of_detection(card_of: MakesCard) -> None:
    lines = format_table(
        card_of(DETECTION, model=None, predictions="/p.zip", config=None)
    ).splitlines()
    assert lines[1] == "/p.zip, 140 frames"
    assert lines[3:] == [
        "sequence  mean IoU",
        "-" * 18,
        "v1            62.5",
        "v2            25.0",
        "-" * 18,
        "mean          50.0",
        "",
        "P@0.5 33.3, P@0.6 33.3, P@0.7 33.3, P@0.8 0.0, P@0.9 0.0",
        "overall IoU 50.0, mean IoU 50.0",
        "mAP 23.5, mAP@0.5 66.3, mAP@0.75 33.7",
    ]


def test_a_sequence_that_a_set_does_not_have_stays_blank(card_of: MakesCard) -> None:
    card = card_of()
    first, *rest = card.annotation_sets
    short = replace(card, annotation_sets=(replace(first, sequences=first.sequences[:1]), *rest))
    dog = next(line for line in format_table(short).splitlines() if line.startswith("dog"))
    assert dog.startswith("dog" + " " * 34)
    assert len(dog.split()) == 1 + 3 * 3


def test_long_names_are_cut_and_many_sequences_left_out(card_of: MakesCard) -> None:
    card = card_of()
    long = "a" * 200
    renamed = tuple(replace(one, name=long) for one in card.sequences)
    lines = format_table(replace(card, sequences=renamed)).splitlines()
    assert max(map(len, lines)) == 100
    assert any("a…" in line for line in lines)

    many = replace(card, sequences=card.sequences * MOST_ROWS)
    assert f"{2 * MOST_ROWS} sequences" in format_table(many)
    assert "paragliding" not in format_table(many)
    assert "J&F 62.5" in format_table(many)
