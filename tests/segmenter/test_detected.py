import numpy as np
import pytest
import torch

import tiny_transformers
from slvp.errors import UserError
from slvp.models.grounded.candidates import Candidates
from slvp.segmenter import load_segmenter
from slvp.segmenter.detected import DetectedSegmenter
from slvp.segmenter.linking import LAG


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    def name(prefix, detector, segmenter):
        folders = [
            tiny_transformers.MAKERS[kind](tmp_path_factory.mktemp(kind))
            for kind in (detector, segmenter)
        ]
        return f"{prefix}:{folders[0]}+{folders[1]}"

    return name


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).integers(0, 256, (5, 37, 53, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("detector", "segmenter"), [("owlv2", "sam"), ("grounding_dino", "sam2_video")]
)
def test_real_classes_segment_from_end_to_end(names, frames, detector, segmenter) -> None:
    name = names("grounded", detector, segmenter)
    found = load_segmenter(name, device="cpu", presence_threshold=0.0)
    sentences = ["a dog", "the red car"]
    prediction = found.segment(frames, sentences)
    assert prediction.probability_ETHW.shape == (2, 5, 37, 53)
    probability = prediction.probability_ETHW
    assert np.isfinite(probability).all() and (probability >= 0).all() and (probability <= 1).all()
    again = found.again(threshold=0.5, quality="fast").segment(frames, sentences)
    assert (again.probability_ETHW == probability).all()
    assert found.model.parameter_counts().total == sum(p.numel() for p in found.model.parameters())


class _Detector(torch.nn.Module):
    """Finds what a test says, frame after frame."""

    def __init__(self, frames) -> None:
        super().__init__()
        self._frames = iter(frames)

    def detect(self, image_HW3, sentences):
        boxes, scores = next(self._frames)
        found = Candidates(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))
        return [found] * len(sentences)


class _Prompter(torch.nn.Module):
    """Fills boxes."""

    def begin(self, objects):
        assert objects == 1
        return self

    def next(self, image_HW3, boxes):
        probability = torch.zeros(len(boxes), *image_HW3.shape[:2])
        for e, box in enumerate(boxes):
            if box is not None:
                left, top, right, bottom = box.astype(int)
                probability[e, top:bottom, left:right] = 1
        return probability


class _Both(torch.nn.Module):
    def __init__(self, frames) -> None:
        super().__init__()
        self.detector, self.prompter = _Detector(frames), _Prompter()


@pytest.mark.parametrize("linked", [True, False])
def test_the_link_decides_which_box_is_segmented(frames, linked) -> None:
    here, there = [2, 2, 12, 12], [40, 20, 50, 30]
    scores = [(0.5, 0.3), (0.5, 0.3), (0.3, 0.5), (0.5, 0.3), (0.5, 0.3)]
    model = _Both([([here, there], both) for both in scores])
    # Not noise: colours tell nothing, and flow nothing moves.
    still = np.repeat(frames[:1], 5, axis=0)
    masks = DetectedSegmenter(model, linked=linked).segment(still, ["a dog"]).masks_ETHW[0]
    assert masks[:, 5, 5].tolist() == [True, True, linked, True, True]
    assert masks[:, 25, 45].tolist() == [False, False, not linked, False, False]


def test_where_nothing_is_found_nothing_is_marked(frames) -> None:
    box = [2, 2, 12, 12]
    found = [([box], [0.5]), ([], []), ([box], [0.01]), ([box], [0.5]), ([], [])]
    prediction = DetectedSegmenter(_Both(found), linked=False).segment(frames, ["a dog"])
    assert prediction.masks_ETHW[0].any((1, 2)).tolist() == [True, False, False, True, False]
    assert prediction.presence_ET[0, 1] == 0 and prediction.presence_ET[0, 0] > 0.8


def test_a_higher_presence_threshold_leaves_doubtful_boxes_out(frames) -> None:
    found = [([[2, 2, 12, 12]], [score]) for score in (0.05, 0.15, 0.3, 0.6, 0.9)]
    seen = {}
    for least in (0.1, 0.5, 0.8):
        segmenter = DetectedSegmenter(_Both(found), linked=False, presence_threshold=least)
        prediction = segmenter.segment(frames, ["a dog"])
        seen[least] = prediction.masks_ETHW[0].any((1, 2)).tolist()
        assert ((prediction.presence_ET[0] >= least) == seen[least]).all()
    assert seen == {
        0.1: [True] * 5,
        0.5: [False, True, True, True, True],
        0.8: [False, False, False, True, True],
    }


def test_long_videos_are_answered_with_the_lag_of_the_link() -> None:
    count, given = LAG + 7, 0
    frames = np.zeros((count, 20, 20, 3), np.uint8)

    def counted():
        nonlocal given
        for frame in frames:
            given += 1
            yield frame

    model = _Both([([[2, 2, 12, 12]], [0.5])] * count)
    for part in DetectedSegmenter(model).stream(counted(), ["a dog"]):
        assert given == min(count, part.first_frame + LAG + 1)
    assert part.first_frame == count - 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 320}, "size 320: models of others have their own; leave it out"),
        ({"engine": "bfloat16"}, "engine bfloat16: models of others have their own"),
        ({"threshold": 2.0}, "threshold 2.0: expected a number from 0 to 1"),
        ({"presence_threshold": -1.0}, "presence threshold -1.0"),
        ({"quality": "superb"}, "quality 'superb'"),
    ],
)
def test_options_that_cannot_be(names, options, message) -> None:
    with pytest.raises(UserError, match=message):
        load_segmenter(names("grounded", "owlv2", "sam"), device="cpu", **options)


def test_a_first_mask_is_refused(frames) -> None:
    with pytest.raises(UserError, match="needs no grounding"):
        DetectedSegmenter(_Both([])).stream(frames, ["a dog"], [np.ones((37, 53), bool)])
