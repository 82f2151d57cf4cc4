"""Average precision as COCO has it, and the other numbers of A2D-Sentences and JHMDB-Sentences.

An image is one frame of one expression, with one true object in it.

Source: Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014, and pycocotools'
``COCOeval`` with ``iouType="segm"`` and ``useCats=0``; precision and IoU as in Gavrilyuk et al.,
"Actor and Action Video Segmentation from a Sentence", CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slvp.evaluation.scores import Detection, ExpressionScore

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""COCO's, from 0.5 in steps of 0.05."""

RECALL_POINTS = np.linspace(0.0, 1.0, 101)
"""Where COCO reads the curve of precision over recall."""

MOST_DETECTIONS = 100
"""COCO looks at no more of the surest detections of an image."""

PRECISION_THRESHOLDS = (50, 60, 70, 80, 90)
"""IoU in percent of ``precision_50`` to ``precision_90``."""


def average_precision(images: Sequence[Sequence[Detection]]) -> dict[str, float]:
    """Return COCO's average precision of images with one true object each.

    Args:
        images: the detections of each image, in the order of pycocotools' image ids; it matters
            only where detections of several images are equally sure. Those of an image may stand
            in any order; of equally sure ones the first counts as surer.

    Returns:
        ``map``, the mean over the IoU thresholds 0.5, 0.55, ... 0.95, ``map_50`` and ``map_75``.
    """
    scores: list[float] = []
    found: list[np.ndarray] = []
    for detections in images:
        surest = sorted(detections, key=lambda one: -one.score)[:MOST_DETECTIONS]
        scores += [one.score for one in surest]
        found += list(_found([one.iou for one in surest]))
    found_ND = np.array(found, bool).reshape(-1, len(IOU_THRESHOLDS))
    order = np.argsort(-np.array(scores), kind="stable")
    ap = [_area(found_N, len(images)) for found_N in found_ND[order].T]
    return {"map": float(np.mean(ap)), "map_50": ap[0], "map_75": ap[5]}


def overlap_metrics(scores: Sequence[ExpressionScore]) -> dict[str, float]:
    """Return the numbers that look at the surest mask of each image alone.

    Returns:
        ``precision_50`` to ``precision_90``, the share of images whose IoU is above 0.5 to 0.9,
        ``overall_iou``, all images' intersections over all their unions, and ``mean_iou``.

    MTTR's code adds 1e-6 to intersection and union and reckons in single precision. Here all is
    exact, so that ``mean_iou`` differs by about 1e-6, and an IoU of exactly 0.6 is not above it.
    """
    iou_N = np.concatenate([one.j_T for one in scores])
    union_N = np.concatenate([one.union_T for one in scores])
    precision = {
        f"precision_{percent}": float(np.mean(iou_N > percent / 100))
        for percent in PRECISION_THRESHOLDS
    }
    intersection_N = np.rint(iou_N * union_N)
    overall = float(intersection_N.sum() / union_N.sum())
    return {**precision, "overall_iou": overall, "mean_iou": float(iou_N.mean())}


def _found(ious: Sequence[float]) -> np.ndarray:
    """Return, by detection (surest first) and threshold, whether it is the one that counts.

    The object is found by the first detection that overlaps it enough; the others are mistakes.
    """
    enough_DT = np.array(ious).reshape(-1, 1) >= IOU_THRESHOLDS
    return enough_DT & (np.cumsum(enough_DT, axis=0) == 1)


def _area(found_N: np.ndarray, objects: int) -> float:
    """Return the mean precision at COCO's points of recall; detections come surest first."""
    true_N = np.cumsum(found_N)
    recall_N = true_N / objects
    precision_N = true_N / (np.arange(1, len(found_N) + 1) + np.spacing(1))
    # At each recall the best precision that is to be had with that recall or more.
    best_N = np.maximum.accumulate(precision_N[::-1])[::-1]
    reached = np.searchsorted(recall_N, RECALL_POINTS, side="left")
    return float(np.append(best_N, 0.0)[np.minimum(reached, len(found_N))].mean())
