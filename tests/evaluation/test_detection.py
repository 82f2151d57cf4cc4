import contextlib
import io
from collections.abc import Sequence

import numpy as np
import pytest
from drawn_sequences import expression
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from slvp.evaluation.answers import Candidate, MaskAnswer
from slvp.evaluation.detection import average_precision
from slvp.evaluation.protocols import DETECTION
from slvp.evaluation.scores import Detection

Image = tuple[np.ndarray, list[tuple[np.ndarray, float]]]
"""The truth and the masks found, each with a score."""


def encode(mask_HW: np.ndarray) -> dict:
    return coco_mask.encode(np.asfortranarray(mask_HW, np.uint8))


def coco_says(images: Sequence[Image]) -> dict[str, float]:
    """Ask pycocotools, as MTTR does."""
    truths = [
        {
            "id": number,
            "image_id": number,
            "category_id": 1,
            "iscrowd": 0,
            "segmentation": encode(truth_HW),
            "area": int(truth_HW.sum()),
        }
        for number, (truth_HW, _) in enumerate(images, start=1)
    ]
    found = [
        {"image_id": number, "category_id": 1, "segmentation": encode(mask_HW), "score": score}
        for number, (_, masks) in enumerate(images, start=1)
        for mask_HW, score in masks
    ]
    coco = COCO()
    coco.dataset = {
        "images": [
            {"id": number, "height": truth_HW.shape[0], "width": truth_HW.shape[1]}
            for number, (truth_HW, _) in enumerate(images, start=1)
        ],
        "categories": [{"id": 1}],
        "annotations": truths,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), iouType="segm")
        evaluation.params.useCats = 0
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(["map", "map_50", "map_75"], evaluation.stats[:3].tolist(), strict=True))


def we_say(images: Sequence[Image]) -> dict[str, float]:
    """Score every image as an expression with one frame, two of them to a sequence."""
    scores = []
    for number, (truth_HW, masks) in enumerate(images):
        # Equally sure masks keep their order, as they do in COCO.
        candidates = tuple(
            Candidate(mask_HW, score) for mask_HW, score in sorted(masks, key=lambda one: -one[1])
        )
        record = expression(truth_HW[None].astype(np.uint8), 1, sequence=f"video {number // 2}")
        scores += DETECTION.score([record], [MaskAnswer(0, (candidates,))])
    return DETECTION.summarise(scores).metrics


@st.composite
def coco_images(draw: st.DrawFn) -> list[Image]:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truths = random.random((draw(st.integers(1, 6)), 5, 7)) < random.uniform(0.05, 0.9)
    images: list[Image] = []
    for truth_HW in truths:
        masks = []
        for _ in range(draw(st.integers(0, 4))):
            noise_HW = random.random(truth_HW.shape) < random.choice([0.0, 0.02, 0.1, 0.3, 1.0])
            masks.append((truth_HW ^ noise_HW, draw(st.sampled_from([0.1, 0.25, 0.5, 0.9]))))
        images.append((truth_HW, masks))
    if not any(masks for _, masks in images):
        images[0][1].append((truths[0], 0.5))  # pycocotools knows no empty list of results
    return images


@settings(max_examples=150, deadline=None)
@given(coco_images())
def test_equals_pycocotools(images: list[Image]) -> None:
    expected, found = coco_says(images), we_say(images)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def test_equals_pycocotools_on_many_images_and_detections() -> None:
    random = np.random.default_rng(0)
    images: list[Image] = []
    for number in range(120):
        truth_HW = np.zeros((12, 16), bool)
        truth_HW[2:9, 3:12] = True
        masks = []
        # One image has more detections than COCO looks at, the good ones among the last.
        for rank in range(130 if number == 7 else random.integers(0, 6)):
            noise_HW = random.random(truth_HW.shape) < random.uniform(0, 0.25)
            score = 0.9 - rank / 200 if number == 7 else float(random.random())
            masks.append((truth_HW ^ (noise_HW | (number == 7 and rank < 110)), score))
        images.append((truth_HW, masks))
    expected, found = coco_says(images), we_say(images)
    assert 0.1 < expected["map"] < expected["map_50"] < 0.99
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def test_no_detection_at_all() -> None:
    assert average_precision([(), ()]) == {"map": 0, "map_50": 0, "map_75": 0}


def test_a_second_detection_of_what_was_found_is_a_mistake() -> None:
    images = [[Detection(0.9, 0.6), Detection(0.8, 1.0)], [Detection(0.7, 1.0)]]
    # At 0.5: found, mistake, found. At 0.75: mistake, found, found.
    metrics = average_precision(images)
    assert average_precision([image[::-1] for image in images]) == metrics
    assert metrics["map_50"] == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)
    assert metrics["map_75"] == pytest.approx(2 / 3)


def test_the_surest_mask_alone_makes_precision_and_iou() -> None:
    def image(size: int, *found: tuple[int, float]) -> Image:
        """A row of pixels, of which the first ones are the object, and so of each mask."""
        pixels = np.arange(20)[None]
        return pixels < size, [(pixels < count, score) for count, score in found]

    images = [
        image(10, (9, 0.9), (10, 0.8)),  # 0.9: not above 0.9
        image(10, (20, 0.9)),  # 0.5: not above 0.5
        image(10, (14, 0.1), (0, 0.05)),  # 10 / 14
        image(4),  # nothing found: 0
    ]
    metrics = we_say(images)
    precision = [metrics[f"precision_{percent}"] for percent in (50, 60, 70, 80, 90)]
    assert precision == [0.5, 0.5, 0.5, 0.25, 0]
    assert metrics["mean_iou"] == pytest.approx((0.9 + 0.5 + 10 / 14 + 0) / 4, abs=1e-12)
    assert metrics["overall_iou"] == pytest.approx((9 + 10 + 10) / (10 + 20 + 14 + 4), abs=1e-12)
