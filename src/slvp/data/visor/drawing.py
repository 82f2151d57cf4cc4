"""VISOR's polygons and photographs at the size of the benchmark, 854 x 480.

Masks are drawn as VISOR's own benchmark of video object segmentation draws them: polygons on
1920 x 1080 pixels, corners cut to whole numbers, even-odd within a mask, later masks over earlier
ones, then the nearest pixel of the small frame.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from slvp.data.visor.annotations import Annotation
from slvp.errors import UserError
from slvp.types import UInt8Array

WIDTH, HEIGHT = 854, 480
_SOURCE_WIDTH, _SOURCE_HEIGHT = 1920, 1080


def draw_ids(masks: Iterable[tuple[Annotation, int]]) -> UInt8Array | None:
    """Draw masks, each with its object's id, in this order.

    Returns:
        ids_HW, 480 x 854; None where the masks cover no pixel of the large frame.
    """
    ids_HW = np.zeros((_SOURCE_HEIGHT, _SOURCE_WIDTH), dtype=np.uint8)
    for one, object_id in masks:
        cv2.fillPoly(ids_HW, [polygon.astype(np.int32) for polygon in one.polygons], object_id)
    if not ids_HW.any():
        return None
    return np.asarray(cv2.resize(ids_HW, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST))


def shrink_photograph(content: bytes, place: str) -> bytes:
    """Return the JPEG file of a frame at 854 x 480, averaged over areas.

    Args:
        content: the file of the large frame.
        place: where it stands, for the message.

    Raises:
        UserError: it can't be read as a picture.
    """
    buffer = np.frombuffer(content, dtype=np.uint8)
    frame_HWC = cv2.imdecode(buffer, cv2.IMREAD_COLOR) if content else None
    if frame_HWC is None:
        raise UserError(f"{place} can't be read as a picture: download it again.")
    small_HWC = cv2.resize(frame_HWC, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small_HWC)[1])
