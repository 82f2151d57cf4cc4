"""Clip-consistent augmentation, and the step from 8-bit clips to tensors."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from slvp.types import BoolArray, Clip, UInt8Array


@dataclass(frozen=True)
class Photometric:
    """Ranges of random changes of colour and sharpness; the same for all frames of a clip.

    Hue stays as it is: sentences name colours.

    Attributes:
        probability: of each change, drawn independently.
        gamma: largest power (and its inverse) that brightness is raised to.
        contrast: largest relative change.
        saturation: largest relative change.
        blur: largest standard deviation of a Gaussian, in pixels.
        noise: largest standard deviation, in grey levels of 255.
        jpeg: lowest quality of re-compression.
    """

    probability: float = 0.5
    gamma: float = 1.5
    contrast: float = 0.3
    saturation: float = 0.4
    blur: float = 1.5
    noise: float = 8.0
    jpeg: int = 30

    def __call__(self, frames_THWC: UInt8Array, rng: np.random.Generator) -> UInt8Array:
        """Return changed frames."""
        gamma, contrast, saturation, blur, noise, jpeg = rng.random(6) < self.probability
        x = frames_THWC.astype(np.float32) / 255
        if gamma:
            x = x ** float(self.gamma ** rng.uniform(-1, 1))
        if contrast:
            x = (x - x.mean()) * (1 + rng.uniform(-1, 1) * self.contrast) + x.mean()
        if saturation:
            grey = x.mean(-1, keepdims=True)
            x = grey + (x - grey) * (1 + rng.uniform(-1, 1) * self.saturation)
        if blur:
            sigma = rng.uniform(0.3, self.blur)
            x = np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in x])
        if noise:
            x = x + rng.normal(0, rng.uniform(1, self.noise) / 255, x.shape).astype(np.float32)
        frames = (x.clip(0, 1) * 255).round().astype(np.uint8)
        if jpeg:
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(self.jpeg, 95))]
            frames = np.stack(
                [
                    cv2.imdecode(cv2.imencode(".jpg", frame, quality)[1], cv2.IMREAD_COLOR)
                    for frame in frames
                ]
            ).astype(np.uint8)
        return frames


def frames_to_tensor(frames_THWC: UInt8Array) -> torch.Tensor:
    """Return frames_TCHW as float32 in 0..1."""
    return torch.from_numpy(frames_THWC).permute(0, 3, 1, 2).float() / 255


def object_mask(clip: Clip, object_ids: tuple[int, ...]) -> BoolArray:
    """Return mask_THW of the union of some objects of a clip with masks."""
    assert clip.ids_THW is not None
    return np.isin(clip.ids_THW, object_ids)
