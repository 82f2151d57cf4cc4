"""The options of the commands that train: pretrain, finetune, resume; and of recipes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from slvp.apps.arguments.common import MERGED, Captioned, Quiet, WorldOptions, app

_OWN = "(default: the recipe's own)"
_Benchmarks = Annotated[
    tuple[tuple[str, Path, float], ...],
    UseAppendAction,
    arg(metavar="NAME DIR SHARE", help_behavior_hint="(can be repeated)"),
]
_Refcoco = Annotated[
    tuple[tuple[Path, Path, float], ...],
    UseAppendAction,
    arg(metavar="ANNOTATIONS IMAGES SHARE", help_behavior_hint="(can be repeated)"),
]
_Flag = Annotated[bool, arg(help_behavior_hint="")]


@dataclass(frozen=True)
class RunOptions:
    """What pretrain and finetune share besides data; None leaves what the recipe sets.

    Attributes:
        steps: length of the run.
        seed: of weights and data.
        learning_rate: its peak.
        workers: processes that make batches, for each that trains.
        max_broken: share of the samples that may be unreadable; more stop the run.
        accumulate: parts to cut a batch into, which needs less memory and gives the same weights.
        precision: of the arithmetic; bf16 is for recent GPUs, fp16 for older ones.
        checkpoint_activations: compute activations twice, which needs less memory and more time.
        fsdp: let each of several processes hold only its share of weights and optimiser.
        dry_run: run one step with random weights, and tell what it takes; write nothing.
        dry_run_size: side of the frames of a dry run with two short clips, a multiple of 32.
        quiet: show no progress.
    """

    steps: Annotated[int | None, arg(help_behavior_hint=_OWN)] = None
    seed: int = 0
    learning_rate: Annotated[float | None, arg(metavar="RATE", help_behavior_hint=_OWN)] = None
    workers: Annotated[int | None, arg(metavar="PROCESSES", help_behavior_hint=_OWN)] = None
    max_broken: Annotated[float | None, arg(metavar="SHARE", help_behavior_hint=_OWN)] = None
    accumulate: Annotated[int | None, arg(metavar="PARTS", help_behavior_hint=_OWN)] = None
    precision: Annotated[Literal["no", "bf16", "fp16"] | None, arg(help_behavior_hint=_OWN)] = None
    checkpoint_activations: _Flag = False
    fsdp: _Flag = False
    dry_run: _Flag = False
    dry_run_size: Annotated[int | None, arg(metavar="PIXELS", help_behavior_hint=_OWN)] = None
    quiet: Quiet = False


@app.command
def pretrain(
    world: Annotated[WorldOptions, MERGED],
    run: Annotated[RunOptions, MERGED],
    recipe: Positional[str] = "lite",
    out: Annotated[Path | None, arg(help_behavior_hint="(default: runs/pretrain-<recipe>)")] = None,
    captioned: Captioned = (),
    captioned_share: Annotated[
        float | None, arg(metavar="SHARE", help_behavior_hint="(default: the recipe's own, 0.5)")
    ] = None,
    estimator: Annotated[str | None, arg(metavar="NAME", help_behavior_hint=_OWN)] = None,
) -> None:
    """Pre-train fusion and decoder on captioned video, with optical flow as the target.

    Captioned video may be a folder of videos with captions.json, WebVid's CSV beside its videos, or
    tar shards as video2dataset and 'slvp data flow' write them. Batches that aren't cut from it are
    of the embedded world, which without --cutouts, --coco and --stamps is made of drawn shapes.

    For example:
      slvp pretrain lite --stamps --steps 1500 --out runs/flow
      slvp pretrain lite --captioned videos 'webvid/{00000..00041}.tar' --captioned-share 1

    Args:
        world: what the world's clips are made of.
        run: how the run goes.
        recipe: one that 'slvp recipes' lists.
        out: folder of the run, which must be new.
        captioned: captioned video to train on.
        captioned_share: of the batches that are cut from it.
        estimator: of flow, also of stored flow: dis, dis-fast, raft-small, raft-large or exact.
    """
    from slvp.apps.commands.train import train

    train(
        "pretrain",
        recipe,
        out,
        world,
        run,
        captioned=captioned,
        captioned_share=captioned_share,
        estimator=estimator,
    )


@app.command
def finetune(
    world: Annotated[WorldOptions, MERGED],
    run: Annotated[RunOptions, MERGED],
    recipe: Positional[str] = "lite",
    out: Annotated[Path | None, arg(help_behavior_hint="(default: runs/finetune-<recipe>)")] = None,
    init: Annotated[str, arg(metavar="MODEL", help_behavior_hint="(default: from nothing)")] = "",
    stills: Annotated[Path | None, arg(help_behavior_hint="")] = None,
    backgrounds: Annotated[tuple[Path, ...], arg(help_behavior_hint="")] = (),
    benchmark: _Benchmarks = (),
    refcoco: _Refcoco = (),
    world_share: Annotated[
        float | None,
        arg(metavar="SHARE", help_behavior_hint="(default: what benchmark and refcoco leave)"),
    ] = None,
    labels: Annotated[float, arg(metavar="SHARE", help_behavior_hint="(default: 1, all)")] = 1.0,
    supervision: Literal["mask", "box", "point", "first-frame", "sentence"] = "mask",
    stages: Annotated[int | None, arg(metavar="NUMBER", help_behavior_hint=_OWN)] = None,
) -> None:
    """Train a model that finds objects, from masks.

    Without --cutouts, --coco and --stamps the clips are made of drawn shapes.

    A tenth of a benchmark's training videos is held out to score the model on.

    For example:
      slvp finetune lite --stamps --init runs/flow/model --out runs/masks
      slvp finetune lite --init default --benchmark ref-youtube-vos DIR 0.5
      slvp finetune lite --init runs/flow --benchmark ref-davis17 DIR 1 --supervision box
      slvp segment examples/cars.mp4 "the car on the right" --model runs/masks/model

    Args:
        world: what the world's clips are made of.
        run: how the run goes.
        recipe: one that 'slvp recipes' lists.
        out: folder of the run, which must be new.
        init: model to start from, such as one that pretrain made, or its run; what fits is reused.
        stills: folder of photographs with captioned masks to add.
        backgrounds: videos, or folders of them, before which the world's objects move, too.
        benchmark: ref-davis17, ref-youtube-vos, mevis, a2d-sentences or visor, and its share.
        refcoco: RefCOCO's sentences in COCO's JSON, the photographs, and their share.
        world_share: share of the embedded world, to which the other shares are fitted.
        labels: share of the videos of benchmark and refcoco whose masks are used.
        supervision: what of the benchmarks' objects is used; less than masks gets pseudo masks.
        stages: how often pseudo masks are made.
    """
    from slvp.apps.commands.train import train

    train(
        "finetune",
        recipe,
        out,
        world,
        run,
        init=init,
        stills=stills,
        backgrounds=backgrounds,
        benchmarks=benchmark,
        refcoco=refcoco,
        world_share=world_share,
        labels=labels,
        supervision=supervision,
        stages=stages,
    )


@app.command
def resume(run: Positional[Path], quiet: Quiet = False) -> None:
    """Go on with an interrupted run of pretrain or finetune, to the end it would have had.

    For example:
      slvp resume runs/flow

    Args:
        run: the run's folder.
        quiet: show no progress.
    """
    from slvp.apps.commands.train import resume

    resume(run, quiet=quiet)


@app.command
def recipes(
    recipe: Annotated[Positional[str], arg(help_behavior_hint="(default: list all)")] = "",
    task: Literal["pretrain", "finetune"] = "pretrain",
) -> None:
    """List what pretrain and finetune can train, or all that one recipe sets.

    Parameters are counted; memory and speed are estimates.

    For example:
      slvp recipes
      slvp recipes base --task finetune

    Args:
        recipe: the one to show.
        task: whose recipes.
    """
    from slvp.apps.commands.recipes import describe_recipe, list_recipes

    for line in describe_recipe(recipe, task) if recipe else list_recipes(task):
        print(line, flush=True)
