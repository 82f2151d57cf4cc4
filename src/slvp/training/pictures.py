"""What a model makes of held-out clips, as pictures: people look rather than read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.data.flow import camera_flow, camera_motion, dis_flow
from slvp.models.heads import FlowOutput, MaskOutput
from slvp.training.flow_colours import colour_flow, colour_wheel
from slvp.training.losses import FLOW_UNIT, MOVING, flow_unit
from slvp.training.sheet import Cell, Row, Sheet, tinted
from slvp.types import Batch, BoolArray, Float32Array, UInt8Array

MOST_CLIPS = 6
"""Rows of a sheet, all batches together, unless these are more."""

_UNTRUSTED = 128  # grey
_WORST = 0.25  # warped-frame error that is shown brightest, of 1
_TRUTH = (255, 214, 10)
_PREDICTION = (10, 132, 255)

_FLOW_TITLES = (
    "frame",
    "target flow",
    "told from the clip",
    "told from the frame",
    "… with another caption",
    "warp error: no flow",
    "warp error: target",
    "warp error: from the clip",
)
_FLOW_EXPLANATION = (
    "Flow: hue is direction, depth of colour is length (wheel at the right; full colour: under the "
    "target). Grey: no target that can be trusted.\n"
    "Warp error: the next frame, brought back by the flow, against the frame; the camera's motion "
    f"is added to each. Black is 0, brightest {_WORST:.0%} of the range of brightness.\n"
    "Captions stand above the rows."
)
_MASK_TITLES = ("frame", "truth", "prediction")
_MASK_EXPLANATION = "The first frame of each clip; the sentence stands above."


@torch.no_grad()
def flow_sheet(model: nn.Module, batches: Sequence[Batch], device: torch.device) -> Sheet:
    """Lay predicted flow beside the target, and show how well both explain the next frame.

    A row for each of the first clips of each batch, with its first caption. The flow is told from
    the whole clip, from its first frame alone, and from that with the caption of another clip:
    where this makes no difference, captions are not used.

    Args:
        model: gives flow; in evaluation mode.
        batches: with target flow and captions of other clips, such as one of each source.
        device: the model's.
    """
    chosen = _first_clips(batches, device)
    rows = [row for batch in chosen for row in _flow_rows(model, batch)]
    titles = _FLOW_TITLES[: max(len(row.cells) for row in rows)]
    return Sheet(titles, rows, _FLOW_EXPLANATION, colour_wheel(72))


def _flow_rows(model: nn.Module, batch: Batch) -> Iterator[Row]:
    assert batch.flow_BT2HW is not None
    assert batch.valid_BTHW is not None
    one_frame = replace(batch, frames_BTCHW=batch.frames_BTCHW[:, :1])
    clip_BHW2 = _first_flow(model, batch)
    frame_BHW2 = _first_flow(model, one_frame)
    other_BHW2 = _first_flow(model, replace(one_frame, sentences=batch.others))
    target_BHW2 = batch.flow_BT2HW[:, 0].permute(0, 2, 3, 1).float().cpu().numpy()
    valid_BHW = batch.valid_BTHW[:, 0].cpu().numpy() > 0.5
    frames_BTHW3 = _bytes(batch.frames_BTCHW)
    for clip, caption in enumerate(batch.sentences):
        target_HW2, valid_HW = target_BHW2[clip], valid_BHW[clip]
        scale = flow_scale(target_HW2, valid_HW)
        target_HW3 = np.where(valid_HW[..., None], colour_flow(target_HW2, scale), _UNTRUSTED)
        cells = [
            Cell(frames_BTHW3[clip, 0]),
            Cell(target_HW3.astype(np.uint8), f"full colour: {scale:.1f} px"),
            Cell(colour_flow(clip_BHW2[clip], scale)),
            Cell(colour_flow(frame_BHW2[clip], scale)),
            Cell(colour_flow(other_BHW2[clip], scale), batch.others[clip]),
        ]
        if frames_BTHW3.shape[1] > 1:
            first_HW3, second_HW3 = frames_BTHW3[clip, :2]
            camera_HW2 = unseen_camera(frames_BTHW3[clip, :2], target_HW2, valid_HW)
            for flow_HW2 in (np.zeros_like(target_HW2), target_HW2, clip_BHW2[clip]):
                error_HW = warp_error(first_HW3, second_HW3, flow_HW2 + camera_HW2)
                cells.append(Cell(_heat(error_HW), f"mean {np.nanmean(error_HW):.2%}"))
        yield Row(caption, cells)


@torch.no_grad()
def mask_sheet(model: nn.Module, batches: Sequence[Batch], device: torch.device) -> Sheet:
    """Lay true and predicted mask of the first frame of the first clips of each batch side by side.

    Args:
        model: gives masks; in evaluation mode.
        batches: with masks, such as one of each source.
        device: the model's.
    """
    chosen = _first_clips(batches, device)
    rows = [row for batch in chosen for row in _mask_rows(model, batch)]
    return Sheet(_MASK_TITLES, rows, _MASK_EXPLANATION)


def _mask_rows(model: nn.Module, batch: Batch) -> Iterator[Row]:
    assert batch.masks_ETHW is not None
    truth_EHW = batch.masks_ETHW[:, 0].cpu().numpy() > 0.5
    output: MaskOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
    logits_ETHW, presence_ET = output.best()
    logits_EHW = F.interpolate(
        logits_ETHW[:, :1].float(), size=truth_EHW.shape[-2:], mode="bilinear"
    )[:, 0]
    predicted_EHW = logits_EHW.cpu().numpy() > 0
    presence_E = presence_ET[:, 0].float().sigmoid().tolist()
    frames_BHW3 = _bytes(batch.frames_BTCHW[:, :1])[:, 0]
    for sentence, frame_HW3, truth_HW, predicted_HW, presence in zip(
        batch.sentences, frames_BHW3, truth_EHW, predicted_EHW, presence_E, strict=True
    ):
        told = f"J {_overlap(truth_HW, predicted_HW):.2f}, present {presence:.0%}"
        yield Row(
            sentence,
            [
                Cell(frame_HW3),
                Cell(tinted(frame_HW3, truth_HW, _TRUTH), "" if truth_HW.any() else "nothing"),
                Cell(tinted(frame_HW3, predicted_HW, _PREDICTION), told),
            ],
        )


def flow_scale(flow_HW2: Float32Array, valid_HW: BoolArray) -> float:
    """Return the length that gets full colour: nearly the longest that can be trusted.

    Where nothing moves, it is twice what counts as moving, so that noise stays pale.
    """
    least = 2 * MOVING * FLOW_UNIT * max(flow_HW2.shape[:2])
    length_N = np.linalg.norm(flow_HW2[valid_HW], axis=-1)
    return max(least, float(np.percentile(length_N, 99))) if length_N.size else least


def unseen_camera(
    frames_THW3: UInt8Array, target_HW2: Float32Array, valid_HW: BoolArray
) -> Float32Array:
    """Return the part (HW2) of the motion between two frames that a target leaves out.

    It is what estimated flow has beyond the target, as far as a camera can have made it; nearly
    nothing where the camera's motion was not subtracted.
    """
    beyond_HW2 = dis_flow(frames_THW3)[0] - target_HW2
    return camera_flow(camera_motion(beyond_HW2, valid_HW).homography_33, *target_HW2.shape[:2])


def warp_error(frame_HW3: UInt8Array, next_HW3: UInt8Array, flow_HW2: Float32Array) -> Float32Array:
    """Compare a frame with the next one brought back by the flow between them.

    Returns:
        HW: mean absolute difference of the channels, of 1; nan where the flow leaves the frame.
    """
    height, width = flow_HW2.shape[:2]
    y_HW, x_HW = np.mgrid[:height, :width].astype(np.float32)
    x_HW, y_HW = x_HW + flow_HW2[..., 0], y_HW + flow_HW2[..., 1]
    back_HW3 = cv2.remap(next_HW3.astype(np.float32), x_HW, y_HW, cv2.INTER_LINEAR)
    error_HW = np.abs(back_HW3 - frame_HW3).mean(-1) / 255
    inside_HW = (x_HW >= 0) & (x_HW <= width - 1) & (y_HW >= 0) & (y_HW <= height - 1)
    return np.where(inside_HW, error_HW, np.nan).astype(np.float32)


def _first_clips(batches: Sequence[Batch], device: torch.device) -> list[Batch]:
    """Return the first few clips of each batch, each with one sentence."""
    share = max(1, MOST_CLIPS // len(batches))
    return [_cut(batch, min(share, len(batch.frames_BTCHW))).to(device) for batch in batches]


def _cut(batch: Batch, clips: int) -> Batch:
    first_E = [int((batch.clip_of_E == clip).nonzero()[0, 0]) for clip in range(clips)]
    masks, flow, valid = batch.masks_ETHW, batch.flow_BT2HW, batch.valid_BTHW
    return replace(
        batch,
        frames_BTCHW=batch.frames_BTCHW[:clips],
        sentences=[batch.sentences[number] for number in first_E],
        others=[batch.others[number] for number in first_E] if batch.others else [],
        clip_of_E=torch.arange(clips, device=batch.clip_of_E.device),
        masks_ETHW=None if masks is None else masks[first_E],
        flow_BT2HW=None if flow is None else flow[:clips],
        valid_BTHW=None if valid is None else valid[:clips],
    )


def _first_flow(model: nn.Module, batch: Batch) -> Float32Array:
    """Predict the first frame's flow (BHW2) in pixels, at the frames' size."""
    output: FlowOutput = model(batch.frames_BTCHW, batch.sentences, batch.clip_of_E)
    size = batch.frames_BTCHW.shape[-2:]
    flow_B2HW = F.interpolate(output.flow_ET2HW[:, 0].float(), size=size, mode="bilinear")
    pixels_B2HW = flow_B2HW * flow_unit(flow_B2HW)
    return np.asarray(pixels_B2HW.permute(0, 2, 3, 1).cpu().numpy(), np.float32)


def _bytes(frames_BTCHW: torch.Tensor) -> UInt8Array:
    frames_BTHWC = frames_BTCHW.movedim(2, -1).mul(255).round().clamp(0, 255)
    return np.asarray(frames_BTHWC.cpu().numpy(), np.uint8)


def _heat(error_HW: Float32Array) -> UInt8Array:
    level_HW = np.nan_to_num(np.clip(error_HW / _WORST, 0, 1) * 255).astype(np.uint8)
    heat_HW3 = cv2.applyColorMap(level_HW, cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(heat_HW3, cv2.COLOR_BGR2RGB), np.uint8)


def _overlap(truth_HW: BoolArray, predicted_HW: BoolArray) -> float:
    union = int((truth_HW | predicted_HW).sum())
    return int((truth_HW & predicted_HW).sum()) / union if union else 1.0
