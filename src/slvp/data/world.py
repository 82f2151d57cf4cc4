"""The embedded world: cut-outs moving over photographs, with all that is known about them.

``World(library, WorldConfig()).clip(seed)`` gives a captioned clip with masks, referring
expressions, exact flow and exact camera motion. The same seed gives the same clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from slvp.data import compositing, language, motion
from slvp.data.cutouts import Cutout, CutoutLibrary
from slvp.data.rendering import Layer, render, sightings
from slvp.errors import UserError
from slvp.types import Clip, UInt8Array

_UPRIGHT = {"person", "vehicle", "animal", "furniture"}
# People, animals and vehicles are what videos and their sentences are about.
_CATEGORY_WEIGHTS = {"person": 3.0, "animal": 1.5, "vehicle": 1.8}


@dataclass(frozen=True)
class WorldConfig:
    """How clips of the world are drawn. Chances are probabilities in 0..1.

    Attributes:
        frames: T of a clip.
        height: of the frames, in pixels.
        width: of the frames, in pixels.
        min_objects: fewest objects of a clip.
        max_objects: most objects of a clip (crowds have up to three more).
        same_class: chance that several objects share one class, so that a plain noun is not
            enough to tell them apart.
        crowd: chance of 4 to 8 people.
        still_object: chance that an object stands still in the scene.
        moving_camera: chance that the camera moves.
        following_camera: chance that the camera follows the first object.
        speed: typical motion of an object, in frame widths a step.
        ground: chance that objects stand on the ground (lower means nearer and larger).
        patches: chance of pasted pieces of background in the shape of cut-outs, which are no
            objects: so that a paste is no evidence of an object.
        shadow: chance of a soft shadow, per object.
        clutter: chance that an object is never referred to.
        absent: share of expressions that describe nothing in the clip.
        max_expressions: most expressions of a clip.
        max_captions: most captions of a clip.
        randomise: vary blending, colour, blur, noise, JPEG and resolution; False for the ablation
            (and for tests of flow and masks).
        seed: of the whole world; a clip is drawn from (seed, clip seed).
    """

    frames: int = 4
    height: int = 192
    width: int = 192
    min_objects: int = 1
    max_objects: int = 5
    same_class: float = 0.5
    crowd: float = 0.08
    still_object: float = 0.35
    moving_camera: float = 0.7
    following_camera: float = 0.2
    speed: float = 0.05
    ground: float = 0.5
    patches: float = 0.3
    shadow: float = 0.2
    clutter: float = 0.15
    absent: float = 0.1
    max_expressions: int = 6
    max_captions: int = 3
    randomise: bool = True
    seed: int = 0


class World:
    """Draws clips from a library of cut-outs.

    Args:
        library: where it has no backgrounds, drawn textures are used.
        config: see ``WorldConfig``.

    Raises:
        UserError: the library has no cut-outs.
    """

    def __init__(self, library: CutoutLibrary, config: WorldConfig | None = None) -> None:
        if not library.cutouts:
            raise UserError("The library has no cut-outs (or none is left by the split); add some.")
        self.library = library
        self.config = config or WorldConfig()
        self._backgrounds = library.backgrounds or CutoutLibrary.drawn_shapes().backgrounds
        self._classes = list(library.by_class)
        weights = np.array([self._class_weight(name) for name in self._classes])
        self._class_chances = weights / weights.sum()
        self._people = [c for c in library.cutouts if "person" in (c.class_name, *c.broader)]

    def _class_weight(self, name: str) -> float:
        members = self.library.by_class[name]
        categories = (name, *members[0].broader)
        factor = max((_CATEGORY_WEIGHTS.get(c, 0.7) for c in categories), default=0.7)
        # The square root: common classes come more often, rare ones are still seen.
        return factor * float(np.sqrt(len(members)))

    def clip(self, seed: int) -> Clip:
        """Draw clip number ``seed``: T frames with ids, expressions, captions, flow and camera.

        ``ids_THW`` marks the visible part of each object (alpha > 0.5); ids count from 1 from the
        farthest to the nearest object. Frames, flow and masks agree exactly with
        ``randomise=False``; with it, frames are blurred, coloured and compressed afterwards.
        """
        config = self.config
        rng = np.random.default_rng([config.seed, seed])
        steps = config.frames + 1
        cast = self._cast(rng)
        paths = self._paths(rng, cast)
        follow = paths[-1].centres_T2 if rng.random() < config.following_camera else None
        camera_T33 = motion.camera_path(
            rng,
            steps,
            config.height,
            config.width,
            moving=rng.random() < config.moving_camera,
            reach=config.speed * config.width,
            follow_T2=follow,
        )
        backdrop, to_backdrop = self._backdrop(rng, camera_T33)
        layers = [
            self._layer(rng, index + 1, cutout, path, camera_T33, backdrop)
            for index, (cutout, path) in enumerate(zip(cast, paths, strict=True))
        ]
        if rng.random() < config.patches:
            for _ in range(int(rng.integers(1, 4))):
                place = int(rng.integers(0, len(layers) + 1))
                layers.insert(place, self._patch(rng, camera_T33))
        rendered = [
            render(backdrop, to_backdrop, camera_T33, layers, moment, config.height, config.width)
            for moment in range(config.frames)
        ]
        frames_THWC = np.stack([frame for frame, _, _ in rendered])
        ids_THW = np.stack([ids for _, ids, _ in rendered])
        flow_THW2 = np.stack([flow for _, _, flow in rendered])
        if config.randomise:
            frames_THWC = compositing.degrade(rng, frames_THWC)
        clutter = rng.random(len(layers)) < config.clutter
        # Something is left to refer to: the nearest object.
        clutter[max(index for index, layer in enumerate(layers) if layer.object_id)] = False
        seen = sightings(layers, ids_THW, clutter)
        return Clip(
            frames_THWC=frames_THWC,
            expressions=language.expressions(
                rng, seen, self._absent_cutouts(rng), config.max_expressions, config.absent
            ),
            captions=language.captions(rng, seen, config.max_captions),
            ids_THW=ids_THW,
            flow_THW2=flow_THW2,
            camera_T33=np.stack(
                [camera_T33[t + 1] @ np.linalg.inv(camera_T33[t]) for t in range(config.frames)]
            ).astype(np.float32),
            name=f"world-{config.seed}-{seed}",
        )

    def objects(self, seed: int) -> dict[int, Cutout]:
        """Return the cut-out behind every object id of clip number ``seed``."""
        rng = np.random.default_rng([self.config.seed, seed])
        cast = self._cast(rng)
        self._paths(rng, cast)
        return {index + 1: cutout for index, cutout in enumerate(cast)}

    def _pick(self, rng: np.random.Generator) -> Cutout:
        members = self.library.by_class[
            self._classes[int(rng.choice(len(self._classes), p=self._class_chances))]
        ]
        return members[int(rng.integers(len(members)))]

    def _cast(self, rng: np.random.Generator) -> list[Cutout]:
        """Choose who is in the clip."""
        config = self.config
        if self._people and rng.random() < config.crowd:
            picks = rng.integers(len(self._people), size=rng.integers(4, 9))
            return [self._people[int(index)] for index in picks]
        count = int(rng.integers(config.min_objects, config.max_objects + 1))
        cast = [self._pick(rng)]
        if count > 1 and rng.random() < config.same_class:
            members = self.library.by_class[cast[0].class_name]
            alike = int(rng.integers(2, min(count, 4) + 1))
            cast += [members[int(rng.integers(len(members)))] for _ in range(alike - 1)]
        cast += [self._pick(rng) for _ in range(count - len(cast))]
        return cast

    def _absent_cutouts(self, rng: np.random.Generator) -> list[Cutout]:
        return [self._pick(rng) for _ in range(6)]

    def _paths(self, rng: np.random.Generator, cast: list[Cutout]) -> list[motion.ObjectPath]:
        """Place and move the cast, and sort it (in place) from far to near."""
        config = self.config
        height, width = config.height, config.width
        grounded = rng.random() < config.ground
        horizon = rng.uniform(0.3, 0.6) * height
        placed = []
        for cutout in cast:
            rows, columns = cutout.load().shape[:2]
            share = float(np.exp(rng.uniform(np.log(0.08), np.log(0.9))))
            if rng.random() < 0.65:
                share = rng.uniform(0.25, 0.7)
            if len(cast) > 5:
                share = rng.uniform(0.2, 0.6)
            if rng.random() < 0.05:
                share = rng.uniform(0.9, 1.4)
            # Small pictures aren't blown up to a blur; wide ones aren't wider than the frame.
            scale = min(share * height / rows, 2.0, 1.3 * width / columns)
            x = rng.uniform(0.02, 0.98) * width
            y = rng.uniform(0.1, 0.9) * height
            if grounded:
                near = np.clip(scale * rows / (0.8 * height), 0, 1)
                bottom = horizon + (1.05 * height - horizon) * near + rng.normal(0, 0.03) * height
                y = bottom - scale * rows / 2
            elif rng.random() < 0.2:
                # Cut by the lower border, as people near the camera are.
                y = height - scale * rows * rng.uniform(0.1, 0.45)
            upright = bool(_UPRIGHT & {cutout.class_name, *cutout.broader})
            path = motion.object_path(
                rng,
                config.frames + 1,
                centre_2=np.array([x, y]),
                scale=scale,
                reach=config.speed * width * float(rng.gamma(2.0, 0.5)),
                still=rng.random() < config.still_object,
                upright=upright,
                mirrored=cutout.mirrorable and rng.random() < 0.5,
            )
            depth = y + scale * rows / 2 if grounded else scale * rows + rng.normal(0, 0.2) * height
            placed.append((depth, cutout, path))
        placed.sort(key=lambda entry: entry[0])
        cast[:] = [cutout for _, cutout, _ in placed]
        return [path for _, _, path in placed]

    def _background(self, rng: np.random.Generator) -> UInt8Array:
        return self._backgrounds[int(rng.integers(len(self._backgrounds)))].load()

    def _backdrop(
        self, rng: np.random.Generator, camera_T33: npt.NDArray[np.float64]
    ) -> tuple[UInt8Array, npt.NDArray[np.float64]]:
        """Return a background picture and the matrix (33) from the scene to its pixels."""
        config = self.config
        picture = self._background(rng)
        corners = np.array(
            [[0, config.width, 0, config.width], [0, 0, config.height, config.height], [1, 1, 1, 1]]
        )
        seen = np.linalg.inv(camera_T33) @ corners
        low, high = seen[:, :2].min((0, 2)) - 2, seen[:, :2].max((0, 2)) + 2
        rows, columns = picture.shape[:2]
        # Pixels of the picture per pixel of the scene: at most what shows all that is seen.
        most = min(columns / (high - low)[0], rows / (high - low)[1])
        ratio = most * (rng.uniform(0.5, 1.0) if rng.random() < 0.6 else 1.0)
        if ratio > 1.0:
            picture = np.asarray(
                cv2.resize(picture, None, fx=1 / ratio, fy=1 / ratio, interpolation=cv2.INTER_AREA),
                np.uint8,
            )
            rows, columns, ratio = *picture.shape[:2], 1.0
        spare = np.array([columns, rows]) - (high - low) * ratio
        start = rng.uniform(0, np.maximum(spare, 1e-6)) - low * ratio
        to_backdrop = np.array([[ratio, 0, start[0]], [0, ratio, start[1]], [0, 0, 1]])
        if config.randomise:
            picture = compositing.vary_colour(rng, picture)
            if rng.random() < 0.2:
                picture = np.asarray(
                    cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 2.5)), np.uint8
                )
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
        return picture, to_backdrop

    def _layer(
        self,
        rng: np.random.Generator,
        object_id: int,
        cutout: Cutout,
        path: motion.ObjectPath,
        camera_T33: npt.NDArray[np.float64],
        backdrop: UInt8Array,
    ) -> Layer:
        source = cutout.load()
        rgba, to_source = compositing.prepare(
            rng,
            source,
            float(path.scales_T.max()),
            backdrop,
            randomise=self.config.randomise,
        )
        shadow = None
        if self.config.randomise and rng.random() < self.config.shadow:
            reach = float(path.scales_T.mean()) * source.shape[0] * 0.08
            shadow = (rng.uniform(0.15, 0.5), rng.normal(0, reach), abs(rng.normal(0, reach)))
        to_frame_T33 = camera_T33 @ path.to_scene(*source.shape[:2]) @ to_source
        return Layer(object_id, cutout, path, rgba, to_frame_T33, shadow)

    def _patch(self, rng: np.random.Generator, camera_T33: npt.NDArray[np.float64]) -> Layer:
        """A piece of another background in the shape of a cut-out."""
        config = self.config
        cutout = self._pick(rng)
        alpha = cutout.load()[..., 3]
        rows, columns = alpha.shape
        texture = cv2.resize(self._background(rng), (columns, rows), interpolation=cv2.INTER_AREA)
        scale = rng.uniform(0.1, 0.6) * config.height / max(rows, columns)
        path = motion.object_path(
            rng,
            config.frames + 1,
            centre_2=rng.uniform(0, 1, 2) * (config.width, config.height),
            scale=scale,
            reach=config.speed * config.width,
            still=rng.random() < 0.7,
            upright=False,
            mirrored=rng.random() < 0.5,
        )
        rgba, to_source = compositing.prepare(
            rng, np.dstack([texture, alpha]), scale, texture, randomise=config.randomise
        )
        to_frame_T33 = camera_T33 @ path.to_scene(rows, columns) @ to_source
        return Layer(0, cutout, path, rgba, to_frame_T33, None)
