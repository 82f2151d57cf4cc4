"""The command line: one function per command, each a thin door to ``slvp.apps.commands``.

Nothing heavy is imported before a command is known to be well formed, so that help and
complaints about options come at once.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import tyro
from tyro.conf import Positional, arg

import slvp
from slvp.errors import UserError

HELP = """\
usage: slvp COMMAND ...

Finds, in every frame of a video, the object that a sentence describes.

  segment     a video and one or more sentences -> overlay video, masks, JSON
  evaluate    score a model on a benchmark by the benchmark's protocol
  data world  make clips of the embedded world: video, masks, captions, expressions

slvp COMMAND --help lists a command's options; slvp --version prints the version.

  slvp segment examples/demo.mp4 "the dog" "the person" --out outputs/demo
  slvp data world outputs/world --clips 20 --seed 1
  slvp evaluate world --data outputs/world --out outputs/scores
"""

Device = Annotated[str, arg(metavar="auto|cpu|cuda|cuda:N|mps")]
Model = Annotated[str, arg(metavar="MODEL")]
Size = Annotated[
    int | None,
    arg(
        help_behavior_hint="(default: the model's own)",
    ),
]
Quiet = Annotated[bool, arg(help_behavior_hint="")]

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
    overwrite: Annotated[bool, arg(help_behavior_hint="")] = False,
    quiet: Quiet = False,
) -> None:
    """Segment the objects that sentences describe, in every frame of a video.

    Writes OUT/overlay.mp4, OUT/masks/<sentence>/<frame>.png (0 or 255) and OUT/result.json.

    For example:
      slvp segment examples/demo.mp4 "the dog"
      slvp segment examples/demo.mp4 "the dog" "the person" --out outputs/two --threshold 0.6

    Args:
        video: a video, or a folder of frames.
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

    folder = Path("outputs", video.stem) if out is None else out
    segment_video(
        video,
        sentences,
        folder,
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
    benchmark: Annotated[Positional[Literal["ref-davis17"]], arg(help_behavior_hint="")],
    data: Path,
    out: Annotated[Path | None, arg(help_behavior_hint="(default: print only)")] = None,
    model: Model = "default",
    threshold: float = 0.5,
    device: Device = "auto",
    size: Size = None,
    quiet: Quiet = False,
) -> None:
    """Score a model on a benchmark by the benchmark's own protocol.

    Prints J, F and J&F; with --out also writes OUT/card.json, which holds the scores of every
    expression and all it takes to make them again.

    For example:
      slvp evaluate ref-davis17 --data datasets/ref-davis17 --out outputs/scores

    Args:
        benchmark: which one.
        data: folder with the unpacked benchmark.
        out: folder for card.json.
        model: a shipped model's name, a folder or a hub's owner/name.
        threshold: probability above which a pixel belongs to the object.
        device: where to compute.
        size: shorter side, in pixels, that frames are resized to for the model.
        quiet: show no progress.
    """
    from slvp.apps.commands.evaluate import evaluate_benchmark

    table = evaluate_benchmark(
        benchmark,
        data,
        out,
        model=model,
        threshold=threshold,
        device=device,
        size=size,
        quiet=quiet,
    )
    print(table)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0 good, 2 the user's mistake, 130 Ctrl-C."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP, end="")
        return 0
    if arguments[0] == "--version":
        print(f"slvp {slvp.__version__}")
        return 0
    group, prog = (data_app, "slvp data") if arguments[0] == "data" else (app, "slvp")
    try:
        group.cli(
            prog=prog,
            args=arguments[1:] if group is data_app else arguments,
            config=(
                tyro.conf.DisallowNone,
                tyro.conf.FlagCreatePairsOff,
                tyro.conf.PositionalMetavarFromFieldName,
            ),
        )
    except UserError as error:
        print(f"slvp: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("slvp: interrupted", file=sys.stderr)
        return 130
    except SystemExit as end:  # tyro has printed help or what is wrong with the options
        return int(end.code or 0)
    return 0


def main() -> NoReturn:
    """Run the process's command line."""
    # Unwinding removes what is half-written; the default action would leave it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    for stream in (sys.stdout, sys.stderr):
        # A terminal that can't show a file's name should not make a finished run fail.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))
