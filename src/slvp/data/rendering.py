"""Draw the layers of the world into frames, masks and flow, and measure what is seen of them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from slvp.data import compositing, motion
from slvp.data.backdrops import Backdrop
from slvp.data.phrases import Sighting, boxes
from slvp.data.pictures import Cutout
from slvp.types import Float32Array, UInt8Array


@dataclass(frozen=True)
class Layer:
    """One pasted thing: T + 1 affine matrices (33) from its pixels to the frames."""

    object_id: int  # 0: a patch that is no object
    cutout: Cutout
    path: motion.ObjectPath
    rgba: UInt8Array
    to_frame_T33: npt.NDArray[np.float64]
    shadow: compositing.Shadow | None


def _affine_flow(matrix: npt.NDArray[np.float64], box: tuple[slice, slice]) -> Float32Array:
    """Flow (HW2) in a box of the frame, of points that ``matrix`` (33) moves."""
    step = (matrix - np.eye(3)).astype(np.float32)
    y = np.arange(box[0].start, box[0].stop, dtype=np.float32)[:, None]
    x = np.arange(box[1].start, box[1].stop, dtype=np.float32)[None]
    return np.stack([step[i, 0] * x + step[i, 1] * y + step[i, 2] for i in (0, 1)], axis=-1)


def render(
    backdrop: Backdrop,
    camera_T33: npt.NDArray[np.float64],
    layers: list[Layer],
    moment: int,
    height: int,
    width: int,
) -> tuple[UInt8Array, UInt8Array, Float32Array]:
    """Return the frame (HW3) at a moment, the visible ids (HW) and the flow (HW2) to the next."""
    from_frame = backdrop.to_picture @ np.linalg.inv(camera_T33[moment])
    frame = np.asarray(
        cv2.warpAffine(
            backdrop.picture(moment),
            from_frame[:2],
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        ),
        np.uint8,
    )
    ids = np.zeros((height, width), np.uint8)
    if backdrop.ids is not None:
        nearest = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(backdrop.ids, from_frame[:2], (width, height), ids, flags=nearest)
    flow = _affine_flow(
        camera_T33[moment + 1] @ np.linalg.inv(camera_T33[moment]),
        (slice(0, height), slice(0, width)),
    )
    for layer in layers:
        pasted = compositing.paste(frame, layer.rgba, layer.to_frame_T33[moment], layer.shadow)
        if pasted is None:
            continue
        box, mask = pasted
        ids[box][mask] = layer.object_id
        step = layer.to_frame_T33[moment + 1] @ np.linalg.inv(layer.to_frame_T33[moment])
        np.copyto(flow[box], _affine_flow(step, box), where=mask[..., None])
    return frame, ids, flow


def sightings(
    layers: list[Layer],
    ids_THW: UInt8Array,
    clutter: npt.NDArray[np.bool_],
) -> list[Sighting]:
    """Measure what language needs to know of every object that is seen at all."""
    seen = []
    steps, height, width = ids_THW.shape
    size = np.array([width, height], float)
    for layer, is_clutter in zip(layers, clutter, strict=True):
        visible_THW = ids_THW == layer.object_id
        if layer.object_id == 0 or not visible_THW.any():
            continue
        opaque = float((layer.rgba[..., 3] > 127).sum())
        whole_T = np.abs(np.linalg.det(layer.to_frame_T33[:, :2, :2]))[:steps] * opaque
        rows, columns = layer.rgba.shape[:2]
        middle = np.array([(columns - 1) / 2, (rows - 1) / 2, 1])
        path = layer.path
        seen.append(
            Sighting(
                object_id=layer.object_id,
                class_name=layer.cutout.class_name,
                caption=layer.cutout.caption,
                broader=layer.cutout.broader,
                boxes_T4=boxes(visible_THW),
                areas_T=visible_THW.mean((1, 2)),
                visible_T=visible_THW.sum((1, 2)) / np.maximum(whole_T, 1),
                whole_centres_T2=(layer.to_frame_T33 @ middle)[:steps, :2] / size,
                drift_T2=(path.centres_T2 - path.centres_T2[0])[:steps] / width,
                growth=float(path.scales_T[steps - 1] / path.scales_T[0]),
                clutter=bool(is_clutter),
                look=layer.cutout.look,
                moves=path.moves,
                dances=path.dances,
                layer=layer.object_id,
            )
        )
    return seen
