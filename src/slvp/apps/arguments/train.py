"""The options of the commands that train: pretrain, finetune, resume; and of recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from slvp.apps.arguments.common import Captioned, Coco, Cutouts, Quiet, Stamps, app

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
_Accumulate = Annotated[
    int | None, arg(metavar="PARTS", help_behavior_hint="(default: the recipe's own)")
]
_Precision = Annotated[
    Literal["no", "bf16", "fp16"] | None, arg(help_behavior_hint="(default: the recipe's own)")
]
_Fsdp = Annotated[bool, arg(help_behavior_hint="")]
_DryRun = Annotated[bool, arg(help_behavior_hint="")]
_DryRunSize = Annotated[
    int | None, arg(metavar="PIXELS", help_behavior_hint="(default: the recipe's own)")
]


@app.command
def pretrain(
    recipe: Positional[str] = "lite",
    out: Annotated[Path | None, arg(help_behavior_hint="(default: runs/pretrain-<recipe>)")] = None,
    captioned: Captioned = (),
    captioned_share: Annotated[
        float | None, arg(metavar="SHARE", help_behavior_hint="(default: the recipe's own, 0.5)")
    ] = None,
    cutouts: Cutouts = (),
    coco: Coco = (),
    stamps: Stamps = False,
    steps: Annotated[int | None, arg(help_behavior_hint="(default: the recipe's own)")] = None,
    seed: int = 0,
    accumulate: _Accumulate = None,
    precision: _Precision = None,
    fsdp: _Fsdp = False,
    dry_run: _DryRun = False,
    dry_run_size: _DryRunSize = None,
    quiet: Quiet = False,
) -> None:
    """Pre-train fusion and decoder on captioned video, with optical flow as the target.

    Captioned video may be a folder of videos with captions.json, WebVid's CSV beside its videos, or
    tar shards as video2dataset and 'slvp data flow' write them. Batches that aren't cut from it are
    of the embedded world, which without --cutouts, --coco and --stamps is made of drawn shapes.

    For example:
      slvp pretrain lite --stamps --steps 1500 --out runs/flow
      slvp pretrain lite --captioned videos 'webvid/{00000..00041}.tar' --captioned-share 1

    Args:
        recipe: one that 'slvp recipes' lists.
        out: folder of the run, which must be new.
        captioned: captioned video to train on.
        captioned_share: of the batches that are cut from it.
        cutouts: folders of cut-outs, of which the training clips are made.
        coco: instances of COCO or LVIS to cut out, each a JSON file and the folder of its images.
        stamps: add Tux Paint's stamps to the cut-outs.
        steps: length of the run.
        seed: of weights and data.
        accumulate: parts to cut a batch into, which needs less memory and gives the same weights.
        precision: of the arithmetic; bf16 is for recent GPUs, fp16 for older ones.
        fsdp: let each of several processes hold only its share of weights and optimiser.
        dry_run: run one step with random weights, and tell what it takes; write nothing.
        dry_run_size: side of the frames of a dry run with two short clips, a multiple of 32.
        quiet: show no progress.
    """
    from slvp.apps.commands.train import train

    train(
        "pretrain",
        recipe,
        out,
        captioned=captioned,
        captioned_share=captioned_share,
        cutouts=cutouts,
        coco=coco,
        stamps=stamps,
        steps=steps,
        seed=seed,
        accumulate=accumulate,
        precision=precision,
        fsdp=fsdp,
        dry_run=dry_run,
        dry_run_size=dry_run_size,
        quiet=quiet,
    )


@app.command
def finetune(
    recipe: Positional[str] = "lite",
    out: Annotated[Path | None, arg(help_behavior_hint="(default: runs/finetune-<recipe>)")] = None,
    init: Annotated[str, arg(metavar="MODEL", help_behavior_hint="(default: from nothing)")] = "",
    stills: Annotated[Path | None, arg(help_behavior_hint="")] = None,
    cutouts: Cutouts = (),
    coco: Coco = (),
    stamps: Stamps = False,
    benchmark: _Benchmarks = (),
    refcoco: _Refcoco = (),
    world_share: Annotated[
        float | None,
        arg(metavar="SHARE", help_behavior_hint="(default: what benchmark and refcoco leave)"),
    ] = None,
    labels: Annotated[float, arg(metavar="SHARE", help_behavior_hint="(default: 1, all)")] = 1.0,
    steps: Annotated[int | None, arg(help_behavior_hint="(default: the recipe's own)")] = None,
    seed: int = 0,
    accumulate: _Accumulate = None,
    precision: _Precision = None,
    fsdp: _Fsdp = False,
    dry_run: _DryRun = False,
    dry_run_size: _DryRunSize = None,
    quiet: Quiet = False,
) -> None:
    """Train a model that finds objects, from masks.

    Without --cutouts, --coco and --stamps the clips are made of drawn shapes.

    A tenth of a benchmark's training videos is held out to score the model on.

    For example:
      slvp finetune lite --stamps --init runs/flow/model --out runs/masks
      slvp finetune lite --init default --benchmark ref-youtube-vos DIR 0.5
      slvp segment examples/cars.mp4 "the car on the right" --model runs/masks/model

    Args:
        recipe: one that 'slvp recipes' lists.
        out: folder of the run, which must be new.
        init: model to start from, such as one that pretrain made, or its run; what fits is reused.
        stills: folder of photographs with captioned masks to add.
        cutouts: folders of cut-outs, of which the training clips are made.
        coco: instances of COCO or LVIS to cut out, each a JSON file and the folder of its images.
        stamps: add Tux Paint's stamps to the cut-outs.
        benchmark: ref-davis17, ref-youtube-vos, mevis, a2d-sentences or visor, and its share.
        refcoco: RefCOCO's sentences in COCO's JSON, the photographs, and their share.
        world_share: share of the embedded world, to which the other shares are fitted.
        labels: share of the videos of benchmark and refcoco whose masks are used.
        steps: length of the run.
        seed: of weights and data.
        accumulate: parts to cut a batch into, which needs less memory and gives the same weights.
        precision: of the arithmetic; bf16 is for recent GPUs, fp16 for older ones.
        fsdp: let each of several processes hold only its share of weights and optimiser.
        dry_run: run one step with random weights, and tell what it takes; write nothing.
        dry_run_size: side of the frames of a dry run with two short clips, a multiple of 32.
        quiet: show no progress.
    """
    from slvp.apps.commands.train import train

    train(
        "finetune",
        recipe,
        out,
        init=init,
        stills=stills,
        cutouts=cutouts,
        coco=coco,
        stamps=stamps,
        benchmarks=benchmark,
        refcoco=refcoco,
        world_share=world_share,
        labels=labels,
        steps=steps,
        seed=seed,
        accumulate=accumulate,
        precision=precision,
        fsdp=fsdp,
        dry_run=dry_run,
        dry_run_size=dry_run_size,
        quiet=quiet,
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
