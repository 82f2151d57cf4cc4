"""What can be taken home besides the overlay: masks in COCO's JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pycocotools import mask as coco

import slvp
from slvp.video import VideoInfo

Found = tuple[float, Sequence[dict[str, Any]], Sequence[float | None], Sequence[float]]
"""Of a frame: its time in seconds, and run lengths, score (None where the mask is empty) and
presence of each sentence."""


def write_coco(
    path: Path, info: VideoInfo, sentences: Sequence[str], names: Sequence[str], found: list[Found]
) -> None:
    """Write a JSON file that ``pycocotools.coco.COCO`` loads.

    Frames are its ``images``, sentences its ``categories`` (ids from 1, in order); an annotation
    is a mask that isn't empty, with ``score`` (mean probability in it) and ``presence`` (0..1).

    Args:
        path: the file to write.
        info: of the video.
        sentences: what was asked.
        names: of the frames.
        found: what was found in them.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (name, (time, masks, scores, presence)) in enumerate(
        zip(names, found, strict=True), start=1
    ):
        images.append(
            {
                "id": number,
                "file_name": f"{name}.png",
                "width": info.width,
                "height": info.height,
                "time": round(time, 6),
                "presence": list(presence),
            }
        )
        for category, (rle, score) in enumerate(zip(masks, scores, strict=True), start=1):
            if score is not None:
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": category,
                        "segmentation": rle,
                        "bbox": [int(side) for side in coco.toBbox(rle)],
                        "area": int(coco.area(rle)),
                        "iscrowd": 0,
                        "score": round(score, 4),
                        "presence": presence[category - 1],
                    }
                )
    document = {
        "info": {"description": f"slvp {slvp.__version__}: masks of {info.name}"},
        "images": images,
        "categories": [
            {"id": number, "name": sentence, "supercategory": "sentence"}
            for number, sentence in enumerate(sentences, start=1)
        ],
        "annotations": annotations,
    }
    path.write_text(json.dumps(document), encoding="ascii")
