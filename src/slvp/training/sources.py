"""A run's data: configuration to batches, for training and for validation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from slvp.data.cutouts import CutoutLibrary
from slvp.data.datasets import WHOLE, BatchSource, Part, StepBatches
from slvp.data.flow import SceneFlow, estimator, scene_flow
from slvp.data.made_batches import StillMasks, WorldFlow, WorldMasks
from slvp.data.stills import Stills
from slvp.data.world import World, WorldConfig
from slvp.training.config import DataConfig, ObjectiveConfig, TrainConfig
from slvp.training.mixing import open_annotated, shares_of

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


@dataclass
class _Mixture:
    """Sources and their shares, for training and for validation."""

    sources: list[BatchSource] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def add(self, source: BatchSource, share: float) -> None:
        self.sources.append(source)
        self.shares.append(share)

    def batches(self, seed: int, steps: int, part: Part) -> StepBatches:
        return StepBatches(self.sources, self.shares, seed, steps, part)


def build_batches(config: TrainConfig, part: Part = WHOLE) -> tuple[StepBatches, StepBatches]:
    """Return training batches, one a step, and validation batches of what is held out.

    Args:
        config: the run.
        part: which clips of each batch, of both kinds, are made here.

    Raises:
        UserError: something that the configuration names is missing or unusable.
    """
    mixtures = _masks(config) if config.task == "finetune" else _flow(config)
    training, validation = mixtures
    return (
        training.batches(config.seed, config.steps, part),
        validation.batches(_VALIDATION_SEED, config.validation_batches, part),
    )


def _masks(config: TrainConfig) -> tuple[_Mixture, _Mixture]:
    data = config.data
    shares = shares_of(data)
    training, validation = _Mixture(), _Mixture()
    if shares.world:
        libraries = split_library(data)
        worlds, held_out = (_worlds(data, library, WorldConfig()) for library in libraries)
        training.add(WorldMasks(worlds, data.pixels, data.expressions), shares.world)
        rest = shares.world + shares.stills
        validation.add(WorldMasks(held_out, data.pixels, data.expressions), rest)
    if shares.stills:
        stills = Stills(Path(data.stills))
        source = StillMasks(stills, data.sizes, data.pixels, data.expressions)
        training.add(source, shares.stills)
    annotated = open_annotated(data, config.seed, _VALIDATION_SEED)
    for (seen, unseen), share in zip(annotated, shares.annotated, strict=True):
        training.add(seen, share)
        validation.add(unseen, share)
    return training, validation


def _flow(config: TrainConfig) -> tuple[_Mixture, _Mixture]:
    data = config.data
    # Few objects, all of them named: the caption must tell the flow. Flow goes from frame to
    # frame, so T targets need T + 1 frames.
    style = WorldConfig(max_objects=3, crowd=0.0, clutter=0.0, still_object=0.35)
    exact = config.objective.estimator == "exact"
    target = scene_flow if exact else _target(config.objective)
    training, validation = _Mixture(), _Mixture()
    # Validation tells how much worse another clip's caption is.
    for mixture, library, with_others in zip(
        (training, validation),
        split_library(data),
        (config.objective.needs_others, True),
        strict=True,
    ):
        worlds = _worlds(data, library, style, extra_frames=1)
        source = WorldFlow(worlds, data.pixels, data.expressions, target, exact, with_others)
        mixture.add(source, 1.0)
    return training, validation


def _target(objective: ObjectiveConfig) -> SceneFlow:
    """Return what makes the target of clips whose flow isn't known."""
    return SceneFlow(
        estimator(objective.estimator),
        subtract_camera=objective.subtract_camera,
        check_consistency=objective.check_consistency,
    )


def _worlds(
    data: DataConfig, library: CutoutLibrary, style: WorldConfig, extra_frames: int = 0
) -> list[World]:
    """Return a world for each clip length and frame size."""
    return [
        World(library, replace(style, frames=frames + extra_frames, height=height, width=width))
        for height, width in data.sizes
        for frames in data.frames
    ]
