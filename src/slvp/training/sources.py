"""A run's data: configuration to batches, for training and for validation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from slvp.data.cutouts import CutoutLibrary
from slvp.data.datasets import WHOLE, BatchSource, Part, StepBatches
from slvp.data.made_batches import StillMasks, WorldFlow, WorldMasks
from slvp.data.stills import Stills
from slvp.data.world import World, WorldConfig
from slvp.training.config import DataConfig, TrainConfig

_HELD_OUT_SEED = 0
_VALIDATION_SEED = 1_000_003


def build_library(data: DataConfig) -> CutoutLibrary:
    """Join the cut-out libraries that a configuration names."""
    libraries = [CutoutLibrary.from_folder(Path(folder)) for folder in data.cutouts]
    libraries += [CutoutLibrary.from_coco(Path(file), Path(images)) for file, images in data.coco]
    if data.stamps:
        libraries.append(CutoutLibrary.from_tuxpaint())
    if not libraries:
        return CutoutLibrary.drawn_shapes()
    joined = libraries[0]
    for library in libraries[1:]:
        joined = joined + library
    return joined


def split_library(data: DataConfig) -> tuple[CutoutLibrary, CutoutLibrary]:
    """Return cut-outs and backgrounds to train on, and those that no training sees.

    A library of so few cut-outs that none would be left on one side serves as both.
    """
    library = build_library(data)
    training, held_out = library.split(data.held_out, seed=_HELD_OUT_SEED)
    return (training, held_out) if training.cutouts and held_out.cutouts else (library, library)


def build_batches(config: TrainConfig, part: Part = WHOLE) -> tuple[StepBatches, StepBatches]:
    """Return training batches, one a step, and validation batches of held-out cut-outs.

    Args:
        config: the run.
        part: which clips of each batch, of both kinds, are made here.
    """
    data = config.data
    training, held_out = split_library(data)
    sources: list[BatchSource] = [_world_source(config, training)]
    shares = [1.0]
    if data.stills and config.task == "finetune":
        stills = Stills(Path(data.stills))
        sources.append(StillMasks(stills, data.sizes, data.pixels, data.expressions))
        shares = [1 - data.stills_share, data.stills_share]
    return (
        StepBatches(sources, shares, config.seed, config.steps, part),
        StepBatches(
            [_world_source(config, held_out)],
            [1.0],
            _VALIDATION_SEED,
            config.validation_batches,
            part,
        ),
    )


def _world_source(config: TrainConfig, library: CutoutLibrary) -> BatchSource:
    data = config.data
    if config.task == "finetune":
        worlds = _worlds(data, library, WorldConfig())
        return WorldMasks(worlds, data.pixels, data.expressions)
    # Few objects, all of them named: the caption must tell the flow. Flow goes from frame to
    # frame, so T targets need T + 1 frames.
    style = WorldConfig(max_objects=3, crowd=0.0, clutter=0.0, still_object=0.35)
    worlds = _worlds(data, library, style, extra_frames=1)
    return WorldFlow(worlds, data.pixels, data.expressions)


def _worlds(
    data: DataConfig, library: CutoutLibrary, style: WorldConfig, extra_frames: int = 0
) -> list[World]:
    """Return a world for each clip length and frame size."""
    return [
        World(library, replace(style, frames=frames + extra_frames, height=height, width=width))
        for height, width in data.sizes
        for frames in data.frames
    ]
