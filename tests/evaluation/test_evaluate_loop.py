from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.data.benchmarks.records import BenchmarkExpression, read_mask
from slvp.data.benchmarks.ref_davis17 import load_ref_davis17
from slvp.errors import UserError
from slvp.evaluation.evaluate import evaluate
from slvp.evaluation.protocols import PER_EXPRESSION, REF_DAVIS17_FIXED
from slvp.types import Prediction, UInt8Array

VAL5 = Path(__file__).parents[3] / "shared" / "real" / "ref-davis17-val5"

HEIGHT, WIDTH, FRAMES = 24, 32, 5


class Scripted:
    """Answers each sentence with masks that are known; hands over windows of three frames.

    ``answers`` maps (first frame's red value, sentence) to probability_THW: the frames' red value
    tells the videos apart.
    """

    def __init__(self, answers: dict[tuple[int, str], np.ndarray], window: int = 3) -> None:
        self.answers = answers
        self.window = window
        self.asked: list[list[str]] = []
        self.most_frames_ahead = 0

    def stream(self, video: Iterable[UInt8Array], sentences: Sequence[str]) -> Iterator[Prediction]:
        self.asked.append(list(sentences))
        window: list[UInt8Array] = []
        first = 0
        for frame in video:
            window.append(frame)
            if len(window) == self.window:
                yield self.predict(window, sentences, first)
                first += len(window)
                window = []
        if window:
            yield self.predict(window, sentences, first)

    def predict(self, window: list[UInt8Array], sentences: Sequence[str], first: int) -> Prediction:
        video = int(window[0][0, 0, 0])
        last = first + len(window)
        probability_ETHW = np.stack([self.answers[video, text][first:last] for text in sentences])
        return Prediction(
            sentences=list(sentences),
            probability_ETHW=probability_ETHW.astype(np.float16),
            presence_ET=np.ones((len(sentences), len(window)), np.float32),
            threshold=0.5,
            first_frame=first,
        )


def write_video(folder: Path, red: int) -> tuple[tuple[Path, ...], tuple[Path, ...], np.ndarray]:
    """Write frames and masks of two boxes, of which object 2 moves; return paths and ids_THW."""
    folder.mkdir()
    ids_THW = np.zeros((FRAMES, HEIGHT, WIDTH), np.uint8)
    ids_THW[:, 2:10, 3:12] = 1
    frame_paths, mask_paths = [], []
    for t in range(FRAMES):
        ids_THW[t, 12:20, 10 + 2 * t : 18 + 2 * t] = 2
        frame_paths.append(folder / f"{t}.bmp")
        mask_paths.append(folder / f"{t}.png")
        Image.new("RGB", (WIDTH, HEIGHT), (red, 0, 0)).save(frame_paths[-1])
        mask = Image.fromarray(ids_THW[t], mode="P")
        mask.putpalette(list(range(256)) * 3)  # without one, Pillow would write one bit per pixel
        mask.save(mask_paths[-1])
    return tuple(frame_paths), tuple(mask_paths), ids_THW


def ask(
    paths: tuple[tuple[Path, ...], tuple[Path, ...], np.ndarray],
    text: str,
    object_ids: tuple[int, ...],
    annotation_set: str = "",
    sequence: str = "video",
) -> BenchmarkExpression:
    return BenchmarkExpression(
        sequence=sequence,
        expression_id=text,
        text=text,
        object_ids=object_ids,
        annotation_set=annotation_set,
        frame_paths=paths[0],
        mask_paths=paths[1],
    )


def test_right_masks_get_one_and_wrong_ones_less(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a", red=1)
    ids_THW = video[2]
    late_THW = ids_THW == 2
    late_THW[3:] = False  # lost from the second window on
    segmenter = Scripted(
        {
            (1, "the still box"): ids_THW == 1,
            (1, "the moving box"): late_THW,
            (1, "both boxes"): ids_THW > 0,
            (1, "a giraffe"): np.zeros_like(ids_THW),
        }
    )
    expressions = [
        ask(video, "the still box", (1,)),
        ask(video, "the moving box", (2,)),
        ask(video, "both boxes", (1, 2)),
        ask(video, "a giraffe", ()),
    ]
    evaluation = evaluate(segmenter, expressions, PER_EXPRESSION, progress=False)
    assert [one.expression for one in evaluation.expressions] == expressions
    scores = {one.expression.text: one.score for one in evaluation.expressions}
    assert scores["the still box"].jf == scores["both boxes"].jf == scores["a giraffe"].jf == 1
    assert scores["the moving box"].j == pytest.approx(3 / 5)
    assert scores["the moving box"].f == pytest.approx(3 / 5)
    assert evaluation.summary.score.j == pytest.approx((3 + 3 / 5) / 4)
    assert (evaluation.frames, evaluation.threshold) == (FRAMES, 0.5)
    assert evaluation.seconds > 0


def test_every_sentence_of_a_video_is_asked_once_in_one_pass(tmp_path: Path) -> None:
    videos = {name: write_video(tmp_path / name, red) for name, red in (("a", 1), ("b", 2))}
    answers = {
        (red, text): videos[name][2] == object_id
        for name, red in (("a", 1), ("b", 2))
        for text, object_id in (("x", 1), ("y", 2))
    }
    segmenter = Scripted(answers)
    expressions = [
        ask(videos[name], text, (object_id,), annotation_set, sequence=name)
        for name in ("a", "b")
        for annotation_set in ("annot1", "annot2")
        for text, object_id in (("x", 1), ("y", 2))
    ]
    evaluation = evaluate(segmenter, expressions, REF_DAVIS17_FIXED, progress=False)
    assert segmenter.asked == [["x", "y"], ["x", "y"]]
    assert evaluation.summary.score.jf == 1
    assert [one.name for one in evaluation.summary.annotation_sets] == ["annot1", "annot2"]
    assert evaluation.frames == 2 * FRAMES


def test_fixed_identities_share_pixels_within_a_set_only(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a", red=1)
    ids_THW = video[2]
    # Each sentence finds both boxes, but is surer of its own.
    answers = {
        (1, "one"): 0.9 * (ids_THW == 1) + 0.6 * (ids_THW == 2),
        (1, "two"): 0.7 * (ids_THW == 1) + 0.8 * (ids_THW == 2),
    }
    competing = [ask(video, "one", (1,), "annot1"), ask(video, "two", (2,), "annot1")]
    evaluation = evaluate(Scripted(answers), competing, REF_DAVIS17_FIXED, progress=False)
    assert evaluation.summary.score.jf == 1
    alone = [ask(video, "one", (1,), "annot1"), ask(video, "two", (2,), "annot2")]
    evaluation = evaluate(Scripted(answers), alone, REF_DAVIS17_FIXED, progress=False)
    assert evaluation.summary.score.j < 0.6
    evaluation = evaluate(Scripted(answers), competing, PER_EXPRESSION, progress=False)
    assert evaluation.summary.score.j < 0.6


def test_a_swapped_identity_is_not_forgiven(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a", red=1)
    answers = {(1, "one"): video[2] == 2, (1, "two"): video[2] == 1}
    expressions = [ask(video, "one", (1,), "annot1"), ask(video, "two", (2,), "annot1")]
    evaluation = evaluate(Scripted(answers), expressions, REF_DAVIS17_FIXED, progress=False)
    assert evaluation.summary.score.j == 0


def test_no_more_than_a_window_is_read_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_video(tmp_path / "a", red=1)
    order: list[str] = []

    def noted_frame(path: Path) -> UInt8Array:
        order.append("frame")
        return np.array(Image.open(path))

    def noted_mask(path: Path) -> UInt8Array:
        order.append("mask")
        return read_mask(path)

    monkeypatch.setattr("slvp.evaluation.evaluate.read_frame", noted_frame)
    monkeypatch.setattr("slvp.evaluation.evaluate.read_mask", noted_mask)
    segmenter = Scripted({(1, "one"): video[2] == 1}, window=2)
    evaluate(segmenter, [ask(video, "one", (1,))], PER_EXPRESSION, progress=False)
    assert order == ["frame", "frame", "mask", "mask"] * 2 + ["frame", "mask"]


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a", red=1)
    Image.new("P", (WIDTH + 1, HEIGHT)).save(video[1][1])
    segmenter = Scripted({(1, "one"): video[2] == 1})
    with pytest.raises(UserError, match=r"1\.png is 33 x 24 pixels, its frame 32 x 24"):
        evaluate(segmenter, [ask(video, "one", (1,))], PER_EXPRESSION, progress=False)


def test_a_frame_of_another_size_is_named(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a", red=1)
    Image.new("RGB", (WIDTH + 1, HEIGHT)).save(video[0][3])
    segmenter = Scripted({(1, "one"): video[2] == 1})
    with pytest.raises(UserError, match=r"3\.bmp is 33 x 24 pixels, .* 32 x 24"):
        evaluate(segmenter, [ask(video, "one", (1,))], PER_EXPRESSION, progress=False)


def test_a_broken_frame_is_named(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a", red=1)
    video[0][2].write_bytes(b"no picture")
    segmenter = Scripted({(1, "one"): video[2] == 1})
    with pytest.raises(UserError, match=r"2\.bmp"):
        evaluate(segmenter, [ask(video, "one", (1,))], PER_EXPRESSION, progress=False)


def test_nothing_to_score_is_refused(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a", red=1)
    hidden = ask((video[0], (), video[2]), "one", (), sequence="hidden")
    with pytest.raises(UserError, match="sequence hidden"):
        evaluate(Scripted({}), [ask(video, "one", (1,)), hidden], PER_EXPRESSION)
    with pytest.raises(UserError, match="no mask"):
        evaluate(Scripted({}), [], PER_EXPRESSION)


@pytest.mark.skipif(not VAL5.is_dir(), reason="the real sequences of Ref-DAVIS17 are not here")
def test_real_sequence_scored_from_its_own_masks() -> None:
    expressions = [one for one in load_ref_davis17(VAL5) if one.sequence == "dog"]
    truth_THW = np.stack([read_mask(path) == 1 for path in expressions[0].mask_paths])
    first_pixel = int(np.array(Image.open(expressions[0].frame_paths[0]))[0, 0, 0])

    class Perfect(Scripted):
        def predict(
            self, window: list[UInt8Array], sentences: Sequence[str], first: int
        ) -> Prediction:
            window[0][0, 0, 0] = first_pixel
            return super().predict(window, sentences, first)

    answers = {(first_pixel, one.text): truth_THW for one in expressions}
    segmenter = Perfect(answers, window=16)
    evaluation = evaluate(segmenter, expressions, REF_DAVIS17_FIXED, progress=False)
    assert evaluation.summary.score.jf == 1
    assert len(evaluation.summary.annotation_sets) == 4
    assert evaluation.frames == 60
