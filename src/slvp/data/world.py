"""The embedded world: cut-outs moving over photographs, with all that is known about them.

``World(library, WorldConfig()).clip(seed)`` gives a captioned clip with masks, referring
expressions, exact flow and exact camera motion. The same seed gives the same clip.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from slvp.data import compositing, language, motion
from slvp.data.casting import Actor, Casting
from slvp.data.cutouts import Cutout, CutoutLibrary
from slvp.data.rendering import Layer, render, sightings
from slvp.data.world_config import WorldConfig
from slvp.errors import UserError
from slvp.types import Clip, UInt8Array

__all__ = ["World", "WorldConfig"]

_STRANGERS = 6  # cut-outs to name where an absent object is asked for


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
        self._casting = Casting(library, self.config)
        self._backgrounds = library.backgrounds or CutoutLibrary.drawn_shapes().backgrounds

    def clip(self, seed: int) -> Clip:
        """Draw clip number ``seed``: T frames with ids, expressions, captions, flow and camera.

        ``ids_THW`` marks the visible part of each object (alpha > 0.5); ids count from 1 from the
        farthest to the nearest object. Frames, flow and masks agree exactly with
        ``randomise=False``; with it, frames are blurred, coloured and compressed afterwards.
        """
        config = self.config
        rng = np.random.default_rng([config.seed, seed])
        steps = config.frames + 1
        actors = self._casting.draw(rng)
        follow = actors[-1].path.centres_T2 if rng.random() < config.following_camera else None
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
            self._layer(rng, object_id, actor, camera_T33, backdrop)
            for object_id, actor in enumerate(actors, start=1)
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
        clutter |= [
            bool(layer.object_id) and actors[layer.object_id - 1].unnamed for layer in layers
        ]
        # Something is left to refer to: the nearest object.
        clutter[max(index for index, layer in enumerate(layers) if layer.object_id)] = False
        seen = sightings(layers, ids_THW, clutter)
        # Near misses first: of a class that is there.
        present = [actor.cutout for actor in actors]
        strangers = [
            self._casting.pick_like(rng, [present[int(rng.integers(len(present)))]])
            for _ in range(_STRANGERS // 2)
        ]
        strangers += [self._casting.pick(rng) for _ in range(_STRANGERS // 2)]
        return Clip(
            frames_THWC=frames_THWC,
            expressions=language.expressions(
                rng, seen, strangers, config.max_expressions, config.absent
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
        actors = self._casting.draw(rng)
        return {object_id: actor.cutout for object_id, actor in enumerate(actors, start=1)}

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
        actor: Actor,
        camera_T33: npt.NDArray[np.float64],
        backdrop: UInt8Array,
    ) -> Layer:
        path, source = actor.path, actor.cutout.load()
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
        return Layer(object_id, actor.cutout, path, rgba, to_frame_T33, shadow)

    def _patch(self, rng: np.random.Generator, camera_T33: npt.NDArray[np.float64]) -> Layer:
        """A piece of another background in the shape of a cut-out."""
        config = self.config
        cutout = self._casting.pick(rng)
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
