"""The options of the commands that score: evaluate and -flow, score, submit, compare, bench."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from slvp.apps.arguments.common import (
    MERGED,
    AskingOptions,
    BenchmarkOptions,
    Captioned,
    Device,
    Split,
    WorldOptions,
    WritingOptions,
    app,
)

_Out = Annotated[Path | None, arg(help_behavior_hint="(default: print only)")]
_Optional = arg(help_behavior_hint="")


@dataclass(frozen=True)
class ScoringOptions:
    """How evaluate and score do it.

    Attributes:
        out: the folder to make.
        split: such as val or train; it must have public masks.
        protocol: how to score ref-davis17: Hungarian matching as published, fixed identities, or
            these without first and last frame.
    """

    out: _Out = None
    split: Split = None
    protocol: Annotated[
        str | None,
        arg(
            metavar="{published,fixed,semi-supervised}",
            help_behavior_hint="(default: the published one)",
        ),
    ] = None


@app.command
def evaluate(
    on: Annotated[BenchmarkOptions, MERGED],
    scoring: Annotated[ScoringOptions, MERGED],
    asking: Annotated[AskingOptions, MERGED],
    writing: Annotated[WritingOptions, MERGED],
    prompt: Literal["sentence", "mask", "both"] = "sentence",
) -> None:
    """Score a model on a benchmark by the benchmark's own protocol.

    Prints a table; with --out also writes OUT/result.json (the scores of every expression and all
    it takes to make them again), OUT/report.html (pictures and plots) and OUT/scores. Until then
    they grow in OUT.partial: killed, the same command goes on from there. Started by 'accelerate
    launch' or 'torchrun' (-m slvp evaluate ...), several GPUs or processes share the sequences.

    For example:
      slvp evaluate world --data outputs/world
      slvp evaluate ref-davis17 --data datasets/ref-davis17 --out outputs/scores

    Args:
        on: what to score on.
        scoring: how to score.
        asking: how a model is asked.
        writing: how results are written.
        prompt: what the model is told of an object: the sentence, its mask in the first frame in
            which it is visible, or both. Wants masks of all frames.
    """
    from slvp.apps.commands.evaluate import evaluate_benchmark

    evaluate_benchmark(
        on.benchmark,
        on.data,
        scoring.out,
        model=asking.model,
        split=scoring.split,
        protocol=scoring.protocol,
        threshold=asking.threshold,
        device=asking.device,
        size=asking.size,
        quality=asking.quality,
        prompt=prompt,
        overwrite=writing.overwrite,
        quiet=writing.quiet,
    )


@app.command(name="evaluate-flow")
def evaluate_flow(
    world: Annotated[WorldOptions, MERGED],
    writing: Annotated[WritingOptions, MERGED],
    model: Annotated[Positional[str], arg(metavar="MODEL|RUN", help_behavior_hint="")],
    out: _Out = None,
    captioned: Captioned = (),
    unseen: Annotated[bool, _Optional] = False,
    clips: int = 200,
    seed: int = 0,
    device: Device = "auto",
) -> None:
    """Measure, on held-out clips, how well pretrain went, and whether captions tell the flow.

    Compares the flow told with a clip's own caption, with another clip's and with none, from one
    frame and from the whole clip, with no flow at all and with the mean flow of as many training
    clips; differences have intervals. Captioned video and the embedded world are measured apart.
    The target is estimated (DIS, less the camera's motion); on clips of the embedded world the true
    flow is known, too. With --out also writes OUT/result.json: the errors of every clip and all it
    takes to make them again.

    For example:
      slvp evaluate-flow runs/flow
      slvp evaluate-flow runs/flow/model --captioned videos --unseen --out outputs/flow

    Args:
        world: what the world's clips are made of.
        writing: how results are written.
        model: a run of pretrain, whose data are used where no option names others; or its model.
        out: the folder to make.
        captioned: captioned video, as pretrain takes it.
        unseen: take all of the data, not only the part that a run would hold out: the model has
            seen none of them.
        clips: how many, of captioned video and of the world each.
        seed: that clips are drawn from.
        device: where to compute.
    """
    from slvp.apps.commands.evaluate_flow import evaluate_flow

    evaluate_flow(
        model,
        out,
        captioned=captioned,
        cutouts=world.cutouts,
        coco=world.coco,
        stamps=world.stamps,
        unseen=unseen,
        clips=clips,
        seed=seed,
        device=device,
        overwrite=writing.overwrite,
        quiet=writing.quiet,
    )


@app.command
def score(
    on: Annotated[BenchmarkOptions, MERGED],
    scoring: Annotated[ScoringOptions, MERGED],
    writing: Annotated[WritingOptions, MERGED],
    predictions: Path,
    processes: Annotated[int | None, arg(help_behavior_hint="(default: up to all cores)")] = None,
) -> None:
    """Score masks that any program wrote, by a benchmark's own protocol.

    Reads a folder or .zip of PNGs, VIDEO/EXPRESSION/FRAME.png (also within Annotations) or, for
    ref-davis17, anno_0/SEQUENCE/FRAME.png to anno_3 with object ids; or a .json of COCO run-length
    encodings. Writes what 'slvp evaluate' writes.

    For example:
      slvp score ref-davis17 --data datasets/ref-davis17 --predictions outputs/valid

    Args:
        on: what to score on.
        scoring: how to score.
        writing: how results are written.
        predictions: folder, .zip or .json.
        processes: how many sequences to score at a time.
    """
    from slvp.apps.commands.score import score_predictions

    score_predictions(
        on.benchmark,
        on.data,
        predictions,
        scoring.out,
        split=scoring.split,
        protocol=scoring.protocol,
        processes=processes,
        overwrite=writing.overwrite,
        quiet=writing.quiet,
    )


@app.command
def submit(
    on: Annotated[BenchmarkOptions, MERGED],
    asking: Annotated[AskingOptions, MERGED],
    writing: Annotated[WritingOptions, MERGED],
    out: Annotated[Path | None, _Optional] = None,
    check: Annotated[Path | None, _Optional] = None,
    predictions: Annotated[Path | None, _Optional] = None,
    split: Split = None,
) -> None:
    """Write and validate the file that a benchmark's server takes.

    The zip of ref-youtube-vos or mevis; for the others, which have no server, the files that the
    field exchanges, which 'slvp score' reads.

    For example:
      slvp submit mevis --data datasets/mevis --out outputs/mevis.zip
      slvp submit mevis --data datasets/mevis --check outputs/mevis.zip

    Args:
        on: whose server.
        asking: how a model is asked.
        writing: how the file is written.
        out: the file to make: .zip, or .json for a2d-sentences and jhmdb-sentences.
        check: only validate this file.
        predictions: what to submit, instead of asking a model: folder, .zip or .json.
        split: which videos; the server's where there is one.
    """
    from slvp.apps.commands.submit import check_file, write_file
    from slvp.errors import UserError

    if check is not None:
        if out is not None or predictions is not None:
            raise UserError("--check only validates a file; leave --out and --predictions out")
        check_file(on.benchmark, on.data, check, split=split)
        return
    write_file(
        on.benchmark,
        on.data,
        out,
        predictions=predictions,
        model=asking.model,
        split=split,
        threshold=asking.threshold,
        device=asking.device,
        size=asking.size,
        quality=asking.quality,
        overwrite=writing.overwrite,
        quiet=writing.quiet,
    )


@app.command
def compare(a: Positional[Path], b: Positional[Path]) -> None:
    """Show how two results differ, expression by expression, and how sure that is.

    The interval is a bootstrap's over sequences (95%).

    For example:
      slvp compare outputs/scores outputs/other

    Args:
        a: folder or result.json of 'slvp evaluate' or 'slvp score'.
        b: another, of the same benchmark, split and protocol.
    """
    from slvp.evaluation.card import read_card
    from slvp.evaluation.compare import compare as compare_cards
    from slvp.evaluation.compare import format_comparison

    print(format_comparison(compare_cards(read_card(a), read_card(b))))
