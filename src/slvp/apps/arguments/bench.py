"""The options of ``slvp bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from slvp.apps.arguments.common import Device, EngineName, Model, QualityName, app

_Optional = arg(help_behavior_hint="")


@app.command
def bench(
    what: Annotated[Positional[Literal["segment", "evaluator"]], _Optional],
    video: Path = Path("examples/cars.mp4"),
    model: Model = "default",
    engines: tuple[EngineName, ...] = ("float32", "bfloat16"),
    sentences: tuple[int, ...] = (1, 4),
    frames: int = 100,
    size: int = 256,
    quality: QualityName = "good",
    device: Device = "auto",
    json: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    data: Annotated[Path | None, _Optional] = None,
    official: Annotated[Path | None, _Optional] = None,
) -> None:
    """Time how a video is segmented, or the evaluator; on an otherwise idle machine.

    segment: a table of stages, frames per second, start and memory, by engine and sentences.
    evaluator: J and F on one core, alone and with reading the masks.

    For example:
      slvp bench segment --sentences 1 4 --json outputs/bench.json
      slvp bench evaluator --data datasets/ref-davis17 --official davis2017-evaluation

    Args:
        what: segment or evaluator.
        video: segment: whose frames are shown, to and fro.
        model: segment: a shipped model's name, a folder or a hub's owner/name.
        engines: segment: to compare; J is with the first one's masks.
        sentences: segment: numbers of sentences.
        frames: segment: how many.
        size: segment: shorter side of the frames, and of what the model sees.
        quality: segment: what is done for better masks.
        device: segment: where to compute.
        json: segment: file to write what was measured to.
        data: evaluator: folder with the unpacked ref-davis17, whose masks are taken; else drawn
            ones.
        official: evaluator: checkout of the DAVIS 2017 evaluation code, to time it beside ours.
    """
    if what == "evaluator":
        from slvp.evaluation.bench import bench_evaluator

        print(bench_evaluator(data, official))
        return
    from slvp.apps.commands.bench import bench_segmenter, check_writable, format_rows, write_rows

    if json is not None:
        check_writable(json)
    rows = bench_segmenter(
        video,
        model=model,
        engines=engines,
        sentences=sentences,
        size=size,
        quality=quality,
        device=device,
        frames=frames,
    )
    print(format_rows(rows))
    if json is not None:
        write_rows(rows, json, device, model=model, size=size, quality=quality, frames=frames)
