"""The embedded world: cut-outs moving over photographs, with all that is known about them.

``World(library, WorldConfig()).clip(seed)`` gives a captioned clip with masks, referring
expressions, exact flow and exact camera motion. The same seed gives the same clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from slvp.data import compositing, language, motion
from slvp.data.backdrops import Backdrop, Backdrops, Scenery
from slvp.data.background_videos import BackgroundVideo
from slvp.data.casting import Actor, Casting, stands
from slvp.data.cutouts import Cutout, CutoutLibrary
from slvp.data.phrases import Sighting
from slvp.data.rendering import Layer, render, sightings
from slvp.data.stills import SAYABLE, Stills
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
        stills: photographs with objects of their own, some of the backdrops; or none.
        videos: real videos, some of the backdrops; or none.

    Raises:
        UserError: the library has no cut-outs.
    """

    def __init__(
        self,
        library: CutoutLibrary,
        config: WorldConfig | None = None,
        stills: Stills | None = None,
        videos: Sequence[BackgroundVideo] = (),
    ) -> None:
        if not library.cutouts:
            raise UserError("The library has no cut-outs (or none is left by the split); add some.")
        self.library = library
        self.config = config or WorldConfig()
        self._casting = Casting(library, self.config)
        self._backdrops = Backdrops(
            library.backgrounds or CutoutLibrary.drawn_shapes().backgrounds,
            () if stills is None else stills.photographs,
            videos,
            self.config.still_backgrounds,
            self.config.video_backgrounds,
            self.config.randomise,
        )

    def clip(self, seed: int) -> Clip:
        """Draw clip number ``seed``: T frames with ids, expressions, captions, flow and camera.

        ``ids_THW`` marks the visible part of each object (alpha > 0.5); ids count from 1 from the
        farthest to the nearest object; those of a photograph's own objects follow. Frames, flow
        and masks agree exactly with ``randomise=False``; with it, frames are blurred, coloured and
        compressed afterwards. Before a video, whose own motion nobody knows, there are neither flow
        nor camera.
        """
        config = self.config
        rng = np.random.default_rng([config.seed, seed])
        steps = config.frames + 1
        scenery, actors = self._begin(rng)
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
        backdrop = self._backdrops.show(
            rng, scenery, camera_T33, config.height, config.width, len(actors)
        )
        layers = [
            self._layer(rng, object_id, actor, camera_T33, backdrop)
            for object_id, actor in enumerate(actors, start=1)
        ]
        if rng.random() < config.patches:
            for _ in range(int(rng.integers(1, 4))):
                place = int(rng.integers(0, len(layers) + 1))
                layers.insert(place, self._patch(rng, camera_T33))
        rendered = [
            render(backdrop, camera_T33, layers, moment, config.height, config.width)
            for moment in range(config.frames)
        ]
        frames_THWC = np.stack([frame for frame, _, _ in rendered])
        ids_THW = np.stack([ids for _, ids, _ in rendered])
        if config.randomise:
            frames_THWC = compositing.degrade(rng, frames_THWC)
        seen = self._sightings(rng, actors, layers, ids_THW)
        seen += backdrop.sightings(rng, ids_THW, camera_T33[config.frames // 2], config.clutter)
        if scenery.shows_more:
            seen = [replace(s, sayable=SAYABLE) for s in seen] + list(scenery.unplaced)
        strangers = self._strangers(rng, actors, only_outdoors=scenery.shows_more)
        clip = Clip(
            frames_THWC=frames_THWC,
            expressions=language.expressions(
                rng, seen, strangers, config.max_expressions, config.absent
            ),
            captions=language.captions(rng, seen, config.max_captions),
            ids_THW=ids_THW,
            name=f"world-{config.seed}-{seed}",
        )
        if len(scenery.pictures) == 1:
            clip.flow_THW2 = np.stack([flow for _, _, flow in rendered])
            clip.camera_T33 = np.stack(
                [camera_T33[t + 1] @ np.linalg.inv(camera_T33[t]) for t in range(config.frames)]
            ).astype(np.float32)
        return clip

    def _sightings(
        self,
        rng: np.random.Generator,
        actors: list[Actor],
        layers: list[Layer],
        ids_THW: UInt8Array,
    ) -> list[Sighting]:
        clutter = rng.random(len(layers)) < self.config.clutter
        clutter |= [
            bool(layer.object_id) and actors[layer.object_id - 1].unnamed for layer in layers
        ]
        # Something is left to refer to: the nearest object.
        clutter[max(index for index, layer in enumerate(layers) if layer.object_id)] = False
        return sightings(layers, ids_THW, clutter)

    def _strangers(
        self, rng: np.random.Generator, actors: list[Actor], *, only_outdoors: bool
    ) -> list[Cutout]:
        """Cut-outs to name where an absent object is asked for; near misses first."""
        present = [actor.cutout for actor in actors]
        strangers = [
            self._casting.pick_like(rng, [present[int(rng.integers(len(present)))]])
            for _ in range(_STRANGERS // 2)
        ]
        strangers += [self._casting.pick(rng) for _ in range(_STRANGERS // 2)]
        if only_outdoors:
            # Everyday things may be there without anyone having labelled them.
            strangers = [s for s in strangers if {"animal", "vehicle"} & set(s.broader)]
        return strangers

    def objects(self, seed: int) -> dict[int, Cutout]:
        """Return the cut-out behind every object id of clip number ``seed``.

        A photograph's own objects, whose ids follow these, have none.
        """
        return {number: actor.cutout for number, actor in enumerate(self.actors(seed), start=1)}

    def actors(self, seed: int) -> list[Actor]:
        """Return who is pasted into clip number ``seed``, in the order of their ids."""
        return self._begin(np.random.default_rng([self.config.seed, seed]))[1]

    def _begin(self, rng: np.random.Generator) -> tuple[Scenery, list[Actor]]:
        scenery = self._backdrops.choose(rng, self.config.frames)
        return scenery, self._casting.draw(rng, scenery.classes)

    def _layer(
        self,
        rng: np.random.Generator,
        object_id: int,
        actor: Actor,
        camera_T33: npt.NDArray[np.float64],
        backdrop: Backdrop,
    ) -> Layer:
        path, source = actor.path, actor.cutout.load()
        rows, columns = source.shape[:2]
        step_2 = np.diff(path.centres_T2, axis=0).mean(0) / path.scales_T.mean()
        rgba, to_source = compositing.prepare(
            rng,
            source,
            float(path.scales_T.max()),
            backdrop.around(path.centres_T2[0], path.scales_T[0] * np.array([columns, rows])),
            randomise=self.config.randomise,
            # Pixels of a mirrored cut-out move the other way.
            step_2=step_2 * (-1 if path.mirrored else 1, 1),
        )
        shadow = None
        if self.config.randomise and rng.random() < self.config.shadow:
            shadow = _shadow(rng, float(path.scales_T.mean()) * rows, lies=stands(actor.cutout))
        to_frame_T33 = camera_T33 @ path.to_scene(*source.shape[:2]) @ to_source
        return Layer(object_id, actor.cutout, path, rgba, to_frame_T33, shadow)

    def _patch(self, rng: np.random.Generator, camera_T33: npt.NDArray[np.float64]) -> Layer:
        """A piece of another background in the shape of a cut-out."""
        config = self.config
        cutout = self._casting.pick(rng)
        alpha = cutout.load()[..., 3]
        rows, columns = alpha.shape
        texture = cv2.resize(
            self._backdrops.texture(rng), (columns, rows), interpolation=cv2.INTER_AREA
        )
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


def _shadow(rng: np.random.Generator, rows: float, *, lies: bool) -> compositing.Shadow:
    """Draw the shadow of an object of so many rows; of one that stands, mostly on the ground."""
    if lies and rng.random() < 0.7:
        height, lean = rng.uniform(0.04, 0.3), rng.normal(0, 0.6)
        shift = (0.0, rows * rng.uniform(0.0, 0.02))
        return compositing.Shadow(rng.uniform(0.25, 0.7), shift, height, lean)
    reach = rows * 0.08
    shift = (rng.normal(0, reach), abs(rng.normal(0, reach)))
    return compositing.Shadow(rng.uniform(0.15, 0.5), shift)
