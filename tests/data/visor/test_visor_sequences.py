import json
from dataclasses import asdict

import numpy as np

from slvp.data.visor.annotations import AnnotatedFrame, Annotation, Subsequence
from slvp.data.visor.sequences import SequenceRecord, make_sequence


def mask(name: str, left: float, right: float, others: bool = False) -> Annotation:
    box_N2 = np.array([[left, 0], [right, 0], [right, 1079], [left, 1079]], dtype=np.float64)
    return Annotation(f"{name} {left}", name, (box_N2,), others)


def subsequence(*frames: list[Annotation]) -> Subsequence:
    return Subsequence(
        "P01_01_seq_00001",
        "P01_01",
        tuple(AnnotatedFrame(f"f{t}.jpg", tuple(frame)) for t, frame in enumerate(frames)),
    )


KNIFE, BOARD, TAP = mask("knife", 0, 959), mask("board", 960, 1919), mask("tap", 0, 1919)


def test_ids_count_from_one_in_the_order_of_the_names() -> None:
    record, drawn = make_sequence(subsequence([KNIFE, BOARD], [KNIFE]), "val")
    assert record.left_out is None and record.frames == ("f0", "f1")
    assert [(one.object_id, one.name, one.text) for one in record.objects] == [
        (1, "board", "the board"),
        (2, "knife", "the knife"),
    ]
    assert (drawn["f0.jpg"][0, 0], drawn["f0.jpg"][0, -1]) == (2, 1)
    assert np.unique(drawn["f1.jpg"]).tolist() == [0, 2]


def test_val_asks_for_what_the_first_frame_shows_and_train_for_all() -> None:
    frames = [KNIFE], [KNIFE, TAP], [BOARD], [BOARD, KNIFE]
    record, drawn = make_sequence(subsequence(*frames), "val")
    assert [one.name for one in record.objects] == ["knife"]
    assert record.frames == ("f0", "f1", "f3"), "a frame with none of the objects is dropped"
    assert drawn["f1.jpg"][0, 0] == 1, "what comes later covers nothing"
    record, drawn = make_sequence(subsequence(*frames), "train")
    assert [one.name for one in record.objects] == ["board", "knife", "tap"]
    assert len(record.frames) == 4


def test_short_subsequences_are_left_out() -> None:
    two, three = subsequence([KNIFE], [KNIFE]), subsequence([KNIFE], [KNIFE], [KNIFE])
    assert make_sequence(two, "val")[0].left_out is None
    assert make_sequence(two, "train")[0].left_out == "too short"
    assert make_sequence(three, "train")[0].left_out is None
    assert make_sequence(subsequence([KNIFE], []), "val")[0].left_out == "too short"
    assert make_sequence(subsequence([], [KNIFE], [KNIFE]), "val")[0].left_out == "too short"


def test_objects_that_nothing_tells_apart_are_drawn_without_a_sentence() -> None:
    cupboard = mask("cupboard", 960, 1919, others=True)
    record, drawn = make_sequence(subsequence([KNIFE, cupboard], [KNIFE, cupboard]), "val")
    assert [(one.text, one.kept_out) for one in record.objects] == [
        ("", "others unsegmented"),
        ("the knife", None),
    ]
    assert drawn["f0.jpg"][0, -1] == 1
    record, _ = make_sequence(subsequence([cupboard], [cupboard]), "val")
    assert record.left_out == "nothing told apart"


def test_objects_under_others_have_no_sentence() -> None:
    covered, free = [KNIFE, TAP], [TAP, KNIFE]
    record, _ = make_sequence(subsequence(covered, free, free), "val")
    assert [(one.text, one.kept_out) for one in record.objects] == [
        ("", "hidden"),
        ("the tap", None),
    ]
    record, _ = make_sequence(subsequence(covered, free, free), "train")
    assert [one.text for one in record.objects] == ["the knife", "the tap"]


def test_a_record_survives_its_file() -> None:
    record, _ = make_sequence(subsequence([KNIFE, KNIFE, TAP], [KNIFE, TAP]), "val")
    assert SequenceRecord.from_json(json.loads(json.dumps(asdict(record)))) == record
