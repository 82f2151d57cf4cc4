"""A run's data: configuration to batches, for training and for validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from slvp.data.background_videos import BackgroundVideo, open_background_videos
from slvp.data.captioned import CaptionedIndex, open_captioned
from slvp.data.captioned.batches import CaptionedFlow
from slvp.data.captioned.clips import Form
from slvp.data.cutouts import CutoutLibrary
from slvp.data.datasets import WHOLE, BatchSource, Part, StepBatches
from slvp.data.flow import FlowEstimator, SceneFlow, estimator
from slvp.data.made_batches import StillMasks, WorldFlow, WorldMasks
from slvp.data.stills import Stills
from slvp.data.world import World, WorldConfig
from slvp.errors import UserError
from slvp.training.config import EXACT, DataConfig, ObjectiveConfig, TrainConfig
from slvp.training.mixing import open_annotated, shares_of
from slvp.training.stored_flow import check_stored_flow
from slvp.training.weak_data import PseudoFolder
from slvp.types import Float32Array, UInt8Array

_HELD_OUT_SEED = 0
_VALIDATION_SEED = 1_000_003
_MOST_NOTES = 10

Tell = Callable[[str], None]


def say_nothing(line: str) -> None:
    """Tell nobody."""


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


def build_batches(
    config: TrainConfig,
    part: Part = WHOLE,
    tell: Tell = say_nothing,
    *,
    fetch: bool = True,
    pseudo: PseudoFolder | None = None,
) -> tuple[StepBatches, StepBatches]:
    """Return training batches, one a step, and validation batches of what is held out.

    Args:
        config: the run.
        part: which clips of each batch, of both kinds, are made here.
        tell: is given lines about what was found, for the user.
        fetch: False has DIS stand in for RAFT, whose weights would have to be fetched.
        pseudo: where the pseudo masks of weak labels are; they are read when a batch is made.

    Raises:
        UserError: something that the configuration names is missing or unusable.
    """
    training, validation = (
        _masks(config, tell, pseudo) if config.task == "finetune" else _flow(config, tell, fetch)
    )
    return (
        training.batches(config.seed, config.steps, part),
        validation.batches(_VALIDATION_SEED, config.validation_batches, part),
    )


def _masks(
    config: TrainConfig, tell: Tell, pseudo: PseudoFolder | None
) -> tuple[_Mixture, _Mixture]:
    data = config.data
    shares = shares_of(data)
    annotated = open_annotated(data, config.seed, _VALIDATION_SEED, pseudo)
    training, validation = _Mixture(), _Mixture()
    stills = Stills(Path(data.stills)) if data.stills else None
    if shares.world:
        libraries = split_library(data)
        # What is held out is measured before photographs only, whatever was trained on.
        held_out = _worlds(data, libraries[1], WorldConfig())
        worlds = _worlds(
            data,
            libraries[0],
            WorldConfig(),
            stills=stills,
            videos=open_background_videos(data.background_videos),
        )
        training.add(WorldMasks(worlds, data.pixels, data.expressions), shares.world)
        rest = shares.world + shares.stills
        validation.add(WorldMasks(held_out, data.pixels, data.expressions), rest)
    if stills is not None and shares.stills:
        forms = [Form(frames, *size) for size in data.sizes for frames in data.frames]
        source = StillMasks(stills, forms, data.pixels, data.expressions, randomise=data.randomise)
        training.add(source, shares.stills)
    for found, share in zip(annotated, shares.annotated, strict=True):
        training.add(found.training, share)
        validation.add(found.held_out, share)
        seen = found.training
        labels = f" (labels of {seen.videos})" if found.unused else ""
        tell(
            f"{seen.name}, {share:.0%} of the batches: {seen.videos + found.unused} to train on"
            f"{labels}, {found.held_out.videos} held out"
        )
    return training, validation


def _flow(config: TrainConfig, tell: Tell, fetch: bool) -> tuple[_Mixture, _Mixture]:
    data, objective = config.data, config.objective
    exact = objective.estimator == EXACT
    if exact and data.captioned:
        raise UserError(
            "estimator 'exact' is the embedded world's own flow, which captioned video hasn't; "
            "expected an estimator such as 'dis', or no captioned video"
        )
    share = _captioned_share(data)
    videos, stored = _split_videos(config, tell) if share > 0 else ((), False)
    target = SceneFlow() if exact else _target(objective, fetch, needed=share < 1 or not stored)
    training, validation = _Mixture(), _Mixture()
    # Validation tells how much worse another clip's caption is.
    sides = ((training, objective.needs_others, config.seed), (validation, True, _VALIDATION_SEED))
    if share > 0:
        forms = [Form(frames, *size) for size in data.sizes for frames in data.frames]
        for (mixture, with_others, seed), index in zip(sides, videos, strict=True):
            captioned = CaptionedFlow(
                index,
                forms,
                data.pixels,
                data.expressions,
                seed,
                frame_rate=data.frame_rate,
                shuffle_shards=data.shuffle_shards,
                target=target,
                with_others=with_others,
            )
            mixture.add(captioned, share)
    if share < 1:
        # Few objects, all of them named: the caption must tell the flow. Flow goes from frame to
        # frame, so T targets need T + 1 frames.
        style = WorldConfig(max_objects=3, crowd=0.0, clutter=0.0, still_object=0.35)
        for (mixture, with_others, _), library in zip(sides, split_library(data), strict=True):
            worlds = _worlds(data, library, style, extra_frames=1)
            world = WorldFlow(worlds, data.pixels, data.expressions, target, exact, with_others)
            mixture.add(world, 1 - share)
    return training, validation


def _captioned_share(data: DataConfig) -> float:
    if not data.captioned:
        return 0.0
    share = data.captioned_share
    if not 0 < share <= 1:
        raise UserError(
            f"--captioned-share {share:g}: expected a number above 0 and up to 1, the share of the "
            "batches that are cut from captioned video"
        )
    if share == 1 and (data.cutouts or data.coco or data.stamps):
        raise UserError(
            "captioned video has all batches, so --cutouts, --coco and --stamps would not be used: "
            "leave these out, or lower --captioned-share"
        )
    return share


def _split_videos(
    config: TrainConfig, tell: Tell
) -> tuple[tuple[CaptionedIndex, CaptionedIndex], bool]:
    """Return the videos to train on, those held out, and whether the flow of all is stored."""
    data = config.data
    videos = open_captioned(data.captioned)
    stored = check_stored_flow(videos, config.objective)
    for note in videos.notes[:_MOST_NOTES]:
        tell(note)
    if len(videos.notes) > _MOST_NOTES:
        tell(f"and {len(videos.notes) - _MOST_NOTES} more such notes")
    training, held_out = videos.split(data.held_out)
    tell(f"captioned video: {len(training)} to train on, {len(held_out)} held out")
    return (training, held_out), stored


@dataclass(frozen=True)
class _NotLoaded:
    """Stands in for an estimator whose weights were not loaded, since all flow is stored."""

    name: str

    def __call__(self, frames_THWC: UInt8Array, *, backward: bool = False) -> Float32Array:
        raise UserError(
            f"its flow isn't stored, as that of the other videos is, and {self.name} wasn't loaded"
        )


def _target(objective: ObjectiveConfig, fetch: bool, *, needed: bool) -> SceneFlow:
    """Return what makes the target of clips whose flow isn't known."""
    name = objective.estimator
    has_weights = name.startswith("raft-")
    source: FlowEstimator
    if has_weights and not needed:
        source = _NotLoaded(name)
    elif has_weights and not fetch:
        source = estimator("dis")
    else:
        source = estimator(name)
    return SceneFlow(
        source,
        subtract_camera=objective.subtract_camera,
        check_consistency=objective.check_consistency,
    )


def _worlds(
    data: DataConfig,
    library: CutoutLibrary,
    style: WorldConfig,
    extra_frames: int = 0,
    stills: Stills | None = None,
    videos: Sequence[BackgroundVideo] = (),
) -> list[World]:
    """Return a world for each clip length and frame size."""
    return [
        World(
            library,
            replace(
                style,
                frames=frames + extra_frames,
                height=height,
                width=width,
                randomise=data.randomise,
            ),
            stills,
            videos,
        )
        for height, width in data.sizes
        for frames in data.frames
    ]
