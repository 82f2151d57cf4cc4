"""How the camera and the objects of the world move: affine paths over the frames of a clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ObjectPath:
    """Where an object's centre is in the scene, and how it is turned, at T + 1 moments.

    The scene is the frame as a camera would see it that stood still; pixels. Who ``dances``
    moves to and fro on the spot.
    """

    centres_T2: Float64Array
    scales_T: Float64Array
    angles_T: Float64Array
    shears_T: Float64Array
    mirrored: bool
    dances: bool = False

    @property
    def moves(self) -> bool:
        """Whether it gets anywhere."""
        return bool(np.ptp(self.centres_T2, axis=0).max() > 0) and not self.dances

    def to_scene(self, height: int, width: int) -> Float64Array:
        """Return T affine matrices (T33) from pixels of a ``height`` x ``width`` picture."""
        steps = len(self.scales_T)
        cosine, sine = np.cos(self.angles_T), np.sin(self.angles_T)
        linear = np.zeros((steps, 2, 2))
        linear[:, 0, 0], linear[:, 0, 1] = cosine, -sine
        linear[:, 1, 0], linear[:, 1, 1] = sine, cosine
        skew = np.tile(np.eye(2), (steps, 1, 1))
        skew[:, 0, 1] = self.shears_T
        linear = linear @ skew * self.scales_T[:, None, None]
        if self.mirrored:
            linear[:, :, 0] *= -1
        matrices = np.tile(np.eye(3), (steps, 1, 1))
        matrices[:, :2, :2] = linear
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        matrices[:, :2, 2] = self.centres_T2 - linear @ middle
        return matrices


def smooth_offsets(
    rng: np.random.Generator, steps: int, reach: float, bend: float = 0.4
) -> Float64Array:
    """A smooth walk of ``steps`` moments, zero in the middle, about ``reach`` a step. T2."""
    time = np.arange(steps) - (steps - 1) / 2
    heading = rng.uniform(0, 2 * np.pi)
    # People, animals and cars move along the ground far more often than up or down.
    if rng.random() < 0.6:
        heading = rng.choice([0.0, np.pi]) + rng.normal(0, 0.2)
    along = np.array([np.cos(heading), np.sin(heading)])
    across = np.array([-along[1], along[0]]) * rng.normal(0, bend)
    speed_up = rng.normal(0, 0.25) / max(1, steps - 1)
    travelled = reach * (time + speed_up * (time**2 - np.mean(time**2)))
    curve = reach * (time**2 - np.mean(time**2)) / max(1, steps - 1)
    return np.asarray(travelled[:, None] * along + curve[:, None] * across, np.float64)


def camera_path(
    rng: np.random.Generator,
    steps: int,
    height: int,
    width: int,
    *,
    moving: bool,
    reach: float,
    follow_T2: Float64Array | None = None,
) -> Float64Array:
    """Return T similarities (T33) from the scene to the frame at each of ``steps`` moments.

    Args:
        rng: source of chance.
        steps: number of moments.
        height: of the frame, in pixels.
        width: of the frame, in pixels.
        moving: False for a camera on a tripod.
        reach: typical pan in pixels a step.
        follow_T2: scene position of an object to keep in place, if any.
    """
    pan_T2: Float64Array = np.zeros((steps, 2))
    zoom_T: Float64Array = np.ones(steps)
    angle_T: Float64Array = np.zeros(steps)
    time = np.linspace(-0.5, 0.5, steps) * (steps - 1)
    if moving:
        pan_T2 = smooth_offsets(rng, steps, reach * rng.random(), bend=0.2)
        if rng.random() < 0.4:
            zoom_T = np.exp(time * rng.normal(0, 0.025))
        if rng.random() < 0.4:
            angle_T = time * rng.normal(0, 0.012)
        if rng.random() < 0.4:
            pan_T2 += rng.normal(0, rng.uniform(0.2, 1.5) * width / 192, (steps, 2))
            angle_T = angle_T + rng.normal(0, 0.004, steps)
    if follow_T2 is not None:
        pan_T2 = pan_T2 * 0.2 + (follow_T2 - follow_T2.mean(0)) * rng.uniform(0.8, 1.0)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    matrices = np.tile(np.eye(3), (steps, 1, 1))
    cosine, sine = zoom_T * np.cos(angle_T), zoom_T * np.sin(angle_T)
    matrices[:, 0, 0], matrices[:, 0, 1] = cosine, -sine
    matrices[:, 1, 0], matrices[:, 1, 1] = sine, cosine
    matrices[:, :2, 2] = centre - np.einsum("tij,tj->ti", matrices[:, :2, :2], centre + pan_T2)
    return matrices


def object_path(
    rng: np.random.Generator,
    steps: int,
    *,
    centre_2: Float64Array,
    scale: float,
    reach: float,
    still: bool,
    upright: bool,
    mirrored: bool,
    dances: bool = False,
) -> ObjectPath:
    """Draw the path of one object around ``centre_2`` (scene pixels)."""
    time = np.arange(steps) - (steps - 1) / 2
    angle = rng.normal(0, 0.05) if upright else rng.normal(0, 0.25)
    centres_T2 = np.tile(centre_2, (steps, 1))
    scales_T = np.full(steps, scale)
    angles_T, shears_T = np.full(steps, angle), np.zeros(steps)
    if dances:
        phase, pace = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 2.2)
        swing = np.sin(phase + pace * np.arange(steps))
        sway = reach * rng.uniform(0.7, 1.6)
        hop = -np.abs(np.cos(phase + pace * np.arange(steps))) * sway * rng.uniform(0, 0.8)
        centres_T2 = centres_T2 + np.stack([swing * sway, hop], axis=-1)
        angles_T = angles_T + swing * rng.normal(0, 0.1)
        shears_T = swing * rng.normal(0, 0.12)
    elif not still:
        centres_T2 = centres_T2 + smooth_offsets(rng, steps, reach)
        if rng.random() < 0.5:
            scales_T = scales_T * np.exp(time * rng.normal(0, 0.06))
        if rng.random() < 0.6:
            phase, pace = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 2.5)
            swing = np.sin(phase + pace * np.arange(steps))
            angles_T = angles_T + swing * rng.normal(0, 0.05)
            shears_T = swing * rng.normal(0, 0.05)
            centres_T2[:, 1] += np.cos(phase + pace * np.arange(steps)) * reach * 0.15
        if not upright and rng.random() < 0.4:
            angles_T = angles_T + time * rng.normal(0, 0.12)
    return ObjectPath(centres_T2, scales_T, angles_T, shears_T, mirrored, dances)
