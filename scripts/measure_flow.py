"""Measure what stands in docs/flow.md: estimators, the camera's motion, codings of flow.

::

    OMP_NUM_THREADS=1 python scripts/measure_flow.py VIDEOS --cutouts DIR

VIDEOS is captioned video as ``slvp data flow`` takes it. Exact flow and exact camera motion are the
embedded world's. Times are of one core; RAFT is timed with random weights.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import torch
from torchvision.models.optical_flow import raft_large, raft_small
from zlib_ng import zlib_ng

from slvp.data.captioned import open_captioned
from slvp.data.cutouts import CutoutLibrary
from slvp.data.flow import (
    DisFlow,
    FlowEstimator,
    camera_flow,
    camera_motion,
    forward_backward_valid,
)
from slvp.data.flow.coding import LIMIT, UNIT, decode_flow, encode_flow
from slvp.data.flow.raft import RaftFlow
from slvp.data.flow.samples import FlowSettings, pieces_of
from slvp.data.flow.scene import MIN_INLIERS
from slvp.data.world import World, WorldConfig
from slvp.types import Clip, Float32Array

SIDE = 256


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos")
    parser.add_argument("--cutouts", type=Path)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--every", type=int, default=6, help="of how many pairs one is encoded")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    library = (
        CutoutLibrary.from_folder(options.cutouts)
        if options.cutouts
        else CutoutLibrary.drawn_shapes()
    )
    world = World(library, WorldConfig(frames=2, height=SIDE, width=SIDE * 3 // 2))
    clips = [world.clip(seed) for seed in range(options.clips)]
    print(f"world: {len(clips)} pairs of {SIDE * 3 // 2} x {SIDE}")
    estimators(clips)
    cameras(clips)
    real = list(flow_of(options.videos, options.every))
    codings(f"{options.videos}: {len(real)} pairs", real)
    codings("world", [DisFlow()(clip.frames_THWC)[0] for clip in clips])


def estimators(clips: list[Clip]) -> None:
    """Print end-point errors in pixels, and times."""
    print("\nestimator          error  of valid  of moving  valid   ms a pair")
    for preset in ("ultrafast", "fast", "medium"):
        compare(f"DIS {preset}", DisFlow(preset), clips)
    compare("zero", lambda frames, backward=False: np.zeros((1, *frames.shape[1:3], 2)), clips)
    for name, build in (("RAFT small", raft_small), ("RAFT large", raft_large)):
        raft = RaftFlow(build(weights=None))
        raft(clips[0].frames_THWC)
        start = time.perf_counter()
        raft(clips[0].frames_THWC)
        print(f"{name:16}  (no trained weights here)          {elapsed(start):8.0f}")


def compare(name: str, estimate: FlowEstimator, clips: list[Clip]) -> None:
    """Print how an estimator does on the world."""
    rows, spent = [], 0.0
    for clip in clips:
        start = time.perf_counter()
        (flow_HW2,) = estimate(clip.frames_THWC)
        spent += elapsed(start)
        (back_HW2,) = estimate(clip.frames_THWC, backward=True)
        valid_HW = forward_backward_valid(flow_HW2.astype(np.float32), back_HW2.astype(np.float32))
        exact_HW2, moving_HW = exact(clip)
        error_HW = np.linalg.norm(flow_HW2 - exact_HW2, axis=-1)
        rows.append(
            [error_HW.mean(), mean(error_HW[valid_HW]), mean(error_HW[moving_HW]), valid_HW.mean()]
        )
    error, of_valid, of_moving, valid = np.nanmean(rows, axis=0)
    print(
        f"{name:16} {error:7.2f} {of_valid:9.2f} {of_moving:10.2f} {valid:6.2f} "
        f"{spent / len(clips):10.1f}"
    )


def cameras(clips: list[Clip]) -> None:
    """Print errors of the camera's flow in pixels, mean over the frame."""
    print("\ncamera from        mean  median  over 1 pixel  kept (mean of them)")
    for name in ("exact flow", "DIS", "none"):
        errors, shares = [], []
        for clip in clips:
            exact_HW2, _ = exact(clip)
            height, width = exact_HW2.shape[:2]
            found_33, share = np.eye(3), 1.0
            if name != "none":
                flow_HW2, valid_HW = exact_HW2, None
                if name == "DIS":
                    (flow_HW2,) = DisFlow()(clip.frames_THWC)
                    (back_HW2,) = DisFlow()(clip.frames_THWC, backward=True)
                    valid_HW = forward_backward_valid(flow_HW2, back_HW2)
                motion = camera_motion(flow_HW2, valid_HW)
                found_33, share = motion.homography_33, motion.inliers
            assert clip.camera_T33 is not None
            difference = camera_flow(found_33, height, width) - camera_flow(
                clip.camera_T33[0], height, width
            )
            errors.append(np.linalg.norm(difference, axis=-1).mean())
            shares.append(share)
        error, kept = np.array(errors), np.array(shares) >= MIN_INLIERS
        print(
            f"{name:16} {error.mean():6.2f} {np.median(error):7.3f} {np.mean(error > 1):10.1%}"
            f" {kept.mean():10.1%} ({error[kept].mean():.2f})"
        )


def codings(title: str, fields: list[Float32Array]) -> None:
    """Print size of several codings, as a share of float32, and times."""
    print(f"\n{title}\ncoding                   of float32   ms a pair")
    raw = sum(field.nbytes for field in fields)
    valid = [np.ones(field.shape[:2], np.bool_) for field in fields]
    start = time.perf_counter()
    stored = [encode_flow(field, one) for field, one in zip(fields, valid, strict=True)]
    row("ours, written", sum(map(len, stored)) / raw, elapsed(start) / len(fields))
    start = time.perf_counter()
    found = [decode_flow(c, *one.shape)[0] for c, one in zip(stored, valid, strict=True)]
    error = max(np.abs(a - b).max() for a, b in zip(found, fields, strict=True))
    row(f"ours, read ({error:.5f} px)", sum(map(len, stored)) / raw, elapsed(start) / len(fields))
    values = [np.rint(np.clip(f, -LIMIT, LIMIT) / UNIT).astype(np.int16) for f in fields]
    others: dict[str, Callable[[np.ndarray], int]] = {
        "deflate 4, left": lambda v: len(deflate(np.diff(v, axis=1, prepend=np.int16(0)), 4)),
        "deflate 1, plane": lambda v: len(deflate(plane(v), 1)),
        "deflate 6, plane": lambda v: len(deflate(plane(v), 6)),
        "PNG, 16 bits": lambda v: len(cv2.imencode(".png", picture(v))[1]),
        "FFV1": lambda v: ffv1(picture(v)),
    }
    for name, size_of in others.items():
        start = time.perf_counter()
        size = sum(size_of(value) for value in values)
        row(name, size / raw, elapsed(start) / len(fields))


def row(name: str, share: float, milliseconds: float) -> None:
    """Print a line of the table of codings."""
    print(f"{name:24} {share:10.1%} {milliseconds:11.1f}")


def plane(values: np.ndarray) -> np.ndarray:
    """Return differences from the plane through the neighbours."""
    for axis in (0, 1):
        values = np.diff(values, axis=axis, prepend=np.int16(0))
    return values


def deflate(difference: np.ndarray, level: int) -> bytes:
    """Fold, part into low and high bytes, and deflate."""
    folded = ((difference << 1) ^ (difference >> 15)).transpose(2, 0, 1)
    parted = np.ascontiguousarray(folded).view(np.uint8).reshape(-1, 2).T
    return zlib_ng.compress(np.ascontiguousarray(parted).data, level)


def picture(values: np.ndarray) -> np.ndarray:
    """Return x above y, as grey of 16 bits."""
    return (np.concatenate([values[..., 0], values[..., 1]]).astype(np.int32) + 32768).astype(
        np.uint16
    )


def ffv1(grey: np.ndarray) -> int:
    """Encode with FFmpeg's lossless codec."""
    codec = av.CodecContext.create("ffv1", "w")
    codec.height, codec.width, codec.pix_fmt = *grey.shape, "gray16le"
    codec.time_base, codec.options = Fraction(1, 25), {"level": "3", "coder": "1"}
    frame = av.VideoFrame.from_ndarray(grey, "gray16le")
    return sum(packet.size for packet in [*codec.encode(frame), *codec.encode(None)])


def flow_of(source: str, every: int) -> Iterator[Float32Array]:
    """Estimate the flow of some pairs of all videos."""
    videos = open_captioned([source])
    for number in range(len(videos)):
        for piece in pieces_of(videos.read(number), FlowSettings(camera=False)):
            yield from piece.flow.flow_THW2[::every]


def exact(clip: Clip) -> tuple[Float32Array, np.ndarray]:
    """Return the exact flow of the first pair and which pixels move against the scene."""
    assert clip.flow_THW2 is not None and clip.camera_T33 is not None
    flow_HW2 = clip.flow_THW2[0]
    still_HW2 = camera_flow(clip.camera_T33[0], *flow_HW2.shape[:2])
    return flow_HW2, np.linalg.norm(flow_HW2 - still_HW2, axis=-1) > 0.5


def mean(values: np.ndarray) -> float:
    """Return the mean, NaN of nothing."""
    return float(values.mean()) if values.size else float("nan")


def elapsed(start: float) -> float:
    """Return milliseconds since ``start``."""
    return 1e3 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
