"""The options of the commands that train: pretrain, finetune, resume."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from slvp.apps.arguments.common import Coco, Cutouts, Quiet, Stamps, app


@app.command
def pretrain(
    recipe: Positional[str] = "lite",
    out: Annotated[Path | None, arg(help_behavior_hint="(default: runs/pretrain-<recipe>)")] = None,
    cutouts: Cutouts = (),
    coco: Coco = (),
    stamps: Stamps = False,
    steps: Annotated[int | None, arg(help_behavior_hint="(default: the recipe's own)")] = None,
    seed: int = 0,
    quiet: Quiet = False,
) -> None:
    """Pre-train fusion and decoder on captioned video, with optical flow as the target.

    Without --cutouts, --coco and --stamps the clips are made of drawn shapes.

    For example:
      slvp pretrain lite --stamps --steps 1500 --out runs/flow

    Args:
        recipe: lite or lite-language.
        out: folder of the run, which must be new.
        cutouts: folders of cut-outs, of which the training clips are made.
        coco: instances of COCO or LVIS to cut out, each a JSON file and the folder of its images.
        stamps: add Tux Paint's stamps to the cut-outs.
        steps: length of the run.
        seed: of weights and data.
        quiet: show no progress.
    """
    from slvp.apps.commands.train import train

    model = train(
        "pretrain",
        recipe,
        out,
        cutouts=cutouts,
        coco=coco,
        stamps=stamps,
        steps=steps,
        seed=seed,
        quiet=quiet,
    )
    print(f"model  {model}")


@app.command
def finetune(
    recipe: Positional[str] = "lite",
    out: Annotated[Path | None, arg(help_behavior_hint="(default: runs/finetune-<recipe>)")] = None,
    init: Annotated[str, arg(metavar="MODEL", help_behavior_hint="(default: from nothing)")] = "",
    stills: Annotated[Path | None, arg(help_behavior_hint="")] = None,
    cutouts: Cutouts = (),
    coco: Coco = (),
    stamps: Stamps = False,
    steps: Annotated[int | None, arg(help_behavior_hint="(default: the recipe's own)")] = None,
    seed: int = 0,
    quiet: Quiet = False,
) -> None:
    """Train a model that finds objects, from masks.

    Without --cutouts, --coco and --stamps the clips are made of drawn shapes.

    For example:
      slvp finetune lite --stamps --init runs/flow/model --out runs/masks
      slvp segment examples/cars.mp4 "the car on the right" --model runs/masks/model

    Args:
        recipe: lite or lite-language.
        out: folder of the run, which must be new.
        init: model to start from, such as one that pretrain made; what fits is reused.
        stills: folder of photographs with captioned masks to add.
        cutouts: folders of cut-outs, of which the training clips are made.
        coco: instances of COCO or LVIS to cut out, each a JSON file and the folder of its images.
        stamps: add Tux Paint's stamps to the cut-outs.
        steps: length of the run.
        seed: of weights and data.
        quiet: show no progress.
    """
    from slvp.apps.commands.train import train

    model = train(
        "finetune",
        recipe,
        out,
        init=init,
        stills=stills,
        cutouts=cutouts,
        coco=coco,
        stamps=stamps,
        steps=steps,
        seed=seed,
        quiet=quiet,
    )
    print(f"model  {model}")


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

    print(f"model  {resume(run, quiet=quiet)}")
