"""The commands and their options: one function per command, a thin door to ``slvp.apps.commands``.

Each imports what it needs itself, so that help and complaints about options come at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import Positional, arg

Device = Annotated[str, arg(metavar="auto|cpu|cuda|cuda:N|mps")]
Model = Annotated[str, arg(metavar="MODEL")]
Size = Annotated[
    int | None,
    arg(
        help_behavior_hint="(default: the model's own)",
    ),
]
Overwrite = Annotated[bool, arg(help_behavior_hint="")]
Quiet = Annotated[bool, arg(help_behavior_hint="")]

Cutouts = Annotated[tuple[Path, ...], arg(metavar="DIR [DIR ...]", help_behavior_hint="")]
Coco = Annotated[
    tuple[tuple[Path, Path], ...],
    arg(metavar="ANNOTATIONS IMAGES [ANNOTATIONS IMAGES ...]", help_behavior_hint=""),
]
Stamps = Annotated[bool, arg(help_behavior_hint="")]

app = tyro.extras.SubcommandApp()
data_app = tyro.extras.SubcommandApp()


@app.command
def segment(
    video: Annotated[Positional[Path], arg(help_behavior_hint="")],
    sentences: Annotated[
        Positional[tuple[str, ...]],
        arg(metavar="SENTENCE [SENTENCE ...]", help_behavior_hint=""),
    ] = (),
    out: Annotated[
        Path | None, arg(help_behavior_hint="(default: outputs/<name of video>)")
    ] = None,
    model: Model = "default",
    threshold: float = 0.5,
    device: Device = "auto",
    size: Size = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Segment the objects that sentences describe, in every frame of a video.

    Writes OUT/overlay.mp4, OUT/masks/<sentence>/<frame>.png (0 or 255) and OUT/result.json.

    For example:
      slvp segment examples/cars.mp4 "the car on the right"
      slvp segment examples/cars.mp4 "the car on the left" "the car on the right" --threshold 0.6

    Args:
        video: a file, a folder of frames, or - for standard input, whose sound is left out.
        sentences: what to look for, each in quotes.
        out: the folder to make.
        model: a shipped model's name, a folder or a hub's owner/name.
        threshold: probability above which a pixel belongs to the object.
        device: where to compute.
        size: shorter side, in pixels, that frames are resized to for the model.
        overwrite: replace an earlier result in OUT, once the new one is complete.
        quiet: show no progress.
    """
    from slvp.apps.commands.segment import segment_video

    folder = segment_video(
        video,
        sentences,
        out,
        model=model,
        threshold=threshold,
        device=device,
        size=size,
        overwrite=overwrite,
        quiet=quiet,
    )
    print(f"overlay video  {folder / 'overlay.mp4'}")
    print(f"masks          {folder / 'masks'}")
    print(f"record         {folder / 'result.json'}")


@app.command
def evaluate(
    benchmark: Annotated[Positional[Literal["ref-davis17", "world"]], arg(help_behavior_hint="")],
    data: Path,
    out: Annotated[Path | None, arg(help_behavior_hint="(default: print only)")] = None,
    model: Model = "default",
    threshold: float = 0.5,
    device: Device = "auto",
    size: Size = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Score a model on a benchmark by the benchmark's own protocol.

    Prints J, F and J&F; with --out also writes OUT/result.json, which holds the scores of every
    expression and all it takes to make them again.

    For example:
      slvp evaluate world --data outputs/world
      slvp evaluate ref-davis17 --data datasets/ref-davis17 --out outputs/scores

    Args:
        benchmark: ref-davis17, or world for what "slvp data world" made.
        data: folder with the unpacked benchmark.
        out: the folder to make, for result.json.
        model: a shipped model's name, a folder or a hub's owner/name.
        threshold: probability above which a pixel belongs to the object.
        device: where to compute.
        size: shorter side, in pixels, that frames are resized to for the model.
        overwrite: replace an earlier result in OUT, once the new one is complete.
        quiet: show no progress.
    """
    from slvp.apps.commands.evaluate import evaluate_benchmark

    evaluate_benchmark(
        benchmark,
        data,
        out,
        model=model,
        threshold=threshold,
        device=device,
        size=size,
        overwrite=overwrite,
        quiet=quiet,
    )


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


@data_app.command
def world(
    out: Positional[Path],
    clips: int = 20,
    seed: int = 0,
    cutouts: Cutouts = (),
    coco: Coco = (),
    stamps: Stamps = False,
    held_out: Annotated[bool, arg(help_behavior_hint="")] = False,
    frames: int = 8,
    height: int = 192,
    width: int = 320,
    quiet: Quiet = False,
) -> None:
    """Make clips of the embedded world: moving cut-outs with masks, captions and expressions.

    The same options make the same clips. Without --cutouts, --coco and --stamps the objects are
    drawn shapes.

    For example:
      slvp data world outputs/world --clips 20 --seed 1 --stamps
      slvp evaluate world --data outputs/world

    Args:
        out: folder to make.
        clips: how many.
        seed: of all that is random.
        cutouts: folders of cut-outs.
        coco: instances of COCO or LVIS to cut out, each a JSON file and the folder of its images.
        stamps: add Tux Paint's stamps to the cut-outs.
        held_out: use only the cut-outs and backgrounds that training leaves out.
        frames: length of a clip.
        height: of the frames, in pixels.
        width: of the frames, in pixels.
        quiet: show no progress.
    """
    from slvp.apps.commands.world import write_world

    write_world(
        out,
        clips=clips,
        seed=seed,
        cutouts=cutouts,
        coco=coco,
        stamps=stamps,
        held_out=held_out,
        frames=frames,
        height=height,
        width=width,
        quiet=quiet,
    )
    print(f"{clips} clips  {out}")
