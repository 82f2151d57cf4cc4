"""Annotated data to fine-tune on, and which share of the batches each kind of it has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from slvp.data.benchmark_clips import BenchmarkClips, keep_videos, split_videos
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.captioned.clips import Form
from slvp.data.referring_images import load_referring_images
from slvp.data.weak_clips import WeakClips
from slvp.errors import UserError
from slvp.training.config import DataConfig
from slvp.training.weak_data import PseudoFolder, load_benchmark, with_masks

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Shares:
    """Shares of the batches; together 1.

    Attributes:
        world: of the embedded world.
        stills: of photographs with captioned masks.
        annotated: of benchmarks and of photographs with referring expressions, in this order.
    """

    world: float
    stills: float
    annotated: tuple[float, ...]


@dataclass(frozen=True)
class AnnotatedClips:
    """One kind of annotated data.

    Attributes:
        training: clips to train on.
        held_out: clips of videos that no training sees.
        unused: videos to train on whose masks are left out.
    """

    training: BenchmarkClips
    held_out: BenchmarkClips
    unused: int


def shares_of(data: DataConfig) -> Shares:
    """Work out who has which share.

    Raises:
        UserError: the shares add up to more than all, or leave nothing for what has none.
    """
    named = [share for *_, share in (*data.benchmarks, *data.refcoco)]
    for share in named:
        if not (math.isfinite(share) and share > 0):
            raise UserError(
                f"a share of {share:g}: expected a number above 0, the share of the training "
                "batches that a benchmark or RefCOCO's photographs have"
            )
    world = data.world_share
    if world is not None and not named:
        raise UserError(
            "--world-share needs --benchmark or --refcoco, which have the rest of the batches"
        )
    if world is not None and not 0 <= world < 1:
        raise UserError(f"--world-share {world:g}: expected a number from 0 up to, but not, 1")
    if world is None and sum(named) > 1 + _ROUNDING:
        raise UserError(
            f"the shares of --benchmark and --refcoco add up to {sum(named):g}; expected at most "
            "1: lower them, or give --world-share and they are made to fit"
        )
    rest = 1 - sum(named) if world is None else world
    rest = 0.0 if rest < _ROUNDING else rest
    if rest == 0 and (data.cutouts or data.coco or data.stamps or data.stills):
        raise UserError(
            "benchmarks and RefCOCO's photographs have all batches, so --cutouts, --coco, --stamps "
            "and --stills would not be used: leave these out, or lower the shares"
        )
    stills = rest * data.stills_share if data.stills else 0.0
    annotated = tuple(share / sum(named) * (1 - rest) for share in named)
    return Shares(rest - stills, stills, annotated)


def open_annotated(
    data: DataConfig, seed: int, held_out_seed: int, pseudo: PseudoFolder | None = None
) -> list[AnnotatedClips]:
    """Open benchmarks and photographs with referring expressions, in this order.

    Args:
        data: names them.
        seed: of the order in which sentences are trained on.
        held_out_seed: of the order in which held-out ones are scored.
        pseudo: where the benchmarks' pseudo masks lie, or will lie, where they have weak labels.

    Raises:
        UserError: files are missing or don't read as they should, or the share of labels is none.
    """
    _check_labels(data)
    forms = [Form(frames, *size) for size in data.sizes for frames in data.frames]

    def clips(name: str, expressions: list[BenchmarkExpression], seed: int) -> BenchmarkClips:
        return BenchmarkClips(name, expressions, forms, data.pixels, data.expressions, seed)

    def weak_clips(
        name: str, expressions: list[BenchmarkExpression], seed: int, folder: Path
    ) -> BenchmarkClips:
        assert pseudo is not None
        return WeakClips(
            name,
            expressions,
            forms,
            data.pixels,
            data.expressions,
            seed,
            pseudo=folder,
            most_frames=pseudo.frames,
        )

    found = []
    for number, (name, folder, _) in enumerate(data.benchmarks):
        expressions = load_benchmark(name, folder, data.supervision)
        seen, unseen = split_videos(expressions, data.held_out)
        used = keep_videos(seen, data.labels)
        if pseudo is None:
            training, held_out = clips(name, used, seed), clips(name, unseen, held_out_seed)
        else:
            training = weak_clips(name, used, seed, pseudo.of(number, name))
            masked = with_masks(name, folder, unseen)
            held_out = (
                weak_clips(name, unseen, held_out_seed, pseudo.of(number, name))
                if masked is None
                else clips(name, masked, held_out_seed)
            )
        unused = len({one.sequence for one in seen}) - training.videos
        found.append(AnnotatedClips(training, held_out, unused))
    for file, images, _ in data.refcoco:
        name = Path(file).stem
        seen, unseen = split_videos(load_referring_images(Path(file), Path(images)), data.held_out)
        training = clips(name, keep_videos(seen, data.labels), seed)
        unused = len({one.sequence for one in seen}) - training.videos
        found.append(AnnotatedClips(training, clips(name, unseen, held_out_seed), unused))
    return found


def _check_labels(data: DataConfig) -> None:
    if not 0 < data.labels <= 1:
        raise UserError(
            f"--labels {data.labels:g}: expected a number above 0 and up to 1, the share of the "
            "annotated training videos whose masks are used"
        )
    if data.supervision != "mask" and not data.benchmarks:
        raise UserError(
            f"--supervision {data.supervision} needs --benchmark, whose videos have such labels"
        )
    if data.labels < 1 and not (data.benchmarks or data.refcoco):
        raise UserError(
            "--labels needs --benchmark or --refcoco, of whose videos the masks of a share are used"
        )
