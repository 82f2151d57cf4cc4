from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slvp.evaluation.scores import Detection, Example, ExpressionScore
from slvp.evaluation.store import ScoreStore, SequenceScores

SCORE = ExpressionScore(
    sequence="a/b c#1",
    expression_id="3",
    annotation_set="annot1",
    text='a dog "on" the grass \N{SNOWMAN}',
    object_ids=(1, 2),
    frames=("00000", "00005"),
    j_T=np.array([1 / 3, 1.0]),
    f_T=np.array([0.1, np.nextafter(0.2, 1)]),
    truth_T=np.array([7, 0]),
    union_T=np.array([9, 0]),
    frame_pixels=100,
    examples=(Example("00000", {"size": [10, 10], "counts": "abc"}),),
)


def test_what_is_read_is_what_was_written_to_the_last_bit(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path)
    detected = replace(
        SCORE, f_T=None, detections_T=((Detection(0.5, 1 / 7), Detection(0.25, 0.0)), ())
    )
    store.add(SequenceScores(SCORE.sequence, (SCORE, detected), frames=2, seconds=1 / 3))
    found = store.read(SCORE.sequence)
    assert (found.frames, found.seconds) == (2, 1 / 3)
    for one, written in zip(found.scores, (SCORE, detected), strict=True):
        assert one.key == written.key
        np.testing.assert_array_equal(one.j_T, written.j_T)
        np.testing.assert_array_equal(one.truth_T, written.truth_T)
        assert (one.text, one.frames) == (written.text, written.frames)
        assert (one.detections_T, one.examples) == (written.detections_T, written.examples)
    np.testing.assert_array_equal(found.scores[0].f_T, SCORE.f_T)
    assert found.scores[1].f_T is None


def test_finished_sequences_are_known_by_their_true_names(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path)
    for name in ("a/b c#1", "plain", "..", "é"):
        store.add(SequenceScores(name, (), 0, 0.0))
    assert store.finished() == {"a/b c#1", "plain", "..", "é"}


def test_a_write_that_fails_leaves_no_finished_sequence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object, **__: object) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        ScoreStore(tmp_path).add(SequenceScores("a", (), 0, 0.0))
    assert list(tmp_path.iterdir()) == []
