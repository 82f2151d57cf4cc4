"""The options of ``slvp live``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from slvp.apps.arguments.common import (
    Device,
    EngineName,
    Model,
    Overwrite,
    QualityName,
    Quiet,
    Size,
    app,
)


@app.command
def live(
    source: Annotated[Positional[str], arg(help_behavior_hint="")],
    sentences: Annotated[
        Positional[tuple[str, ...]],
        arg(metavar="SENTENCE [SENTENCE ...]", help_behavior_hint=""),
    ] = (),
    show: Annotated[bool, arg(help_behavior_hint="")] = False,
    out: Annotated[Path | None, arg(help_behavior_hint="")] = None,
    serve: Annotated[int | None, arg(metavar="PORT", help_behavior_hint="")] = None,
    host: str = "127.0.0.1",
    model: Model = "default",
    threshold: float = 0.5,
    device: Device = "auto",
    size: Size = None,
    window: Annotated[int | None, arg(help_behavior_hint="(default: the model's own)")] = None,
    quality: QualityName = "good",
    engine: EngineName = "auto",
    reconnect_for: Annotated[float, arg(metavar="SECONDS")] = 600.0,
    no_reconnect: Annotated[bool, arg(help_behavior_hint="")] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Segment what a camera or the network shows just now; Ctrl-C ends it.

    Frames that come while the model is busy are dropped, so that what is shown is never old.
    At least one of --show, --out and --serve says where the pictures go.

    For example:
      slvp live 0 "a person with a cup" --serve 8080
      slvp live rtsp://camera.local/stream "the red car" --out outputs/street.mp4
      slvp live examples/cars.mp4 "the car on the left" --out outputs/left.mp4

    Args:
        source: a camera's index, a URL (RTSP, HTTP, ...), - for standard input, or a file, which
            is played at its own pace.
        sentences: what to look for, each in quotes.
        show: open a window, where OpenCV has any; q closes it.
        out: mp4 file to write.
        serve: port at which browsers find the pictures; 0 takes a free one.
        host: address to serve them at; 0.0.0.0 shows them to the whole network.
        model: a shipped model's name, a folder or a hub's owner/name.
        threshold: probability above which a pixel belongs to the object.
        device: where to compute.
        size: shorter side, in pixels, that frames are resized to for the model.
        window: frames that the model sees at a time; fewer is faster.
        quality: fast is the model alone; best takes six times as long.
        engine: bfloat16 is faster where the CPU has it, and masks differ a little; auto knows.
        reconnect_for: how long a source that broke may take to come back.
        no_reconnect: end when the source breaks.
        overwrite: replace an earlier file OUT, once the new one is complete.
        quiet: show no progress.
    """
    from slvp.apps.commands.live import run_live

    summary = run_live(
        source,
        sentences,
        out=out,
        show=show,
        serve=serve,
        host=host,
        model=model,
        threshold=threshold,
        device=device,
        size=size,
        window_frames=window,
        quality=quality,
        engine=engine,
        reconnect_for=0 if no_reconnect else reconnect_for,
        overwrite=overwrite,
        quiet=quiet,
    )
    print(f"frames   {summary.shown} shown, {summary.dropped} dropped, {summary.rate:.1f} a second")
    print(f"latency  {summary.median:.3f} s median, {summary.slow:.3f} s 95th percentile")
    if out is not None:
        print(f"video    {out}")
    if summary.lost is not None:
        print(f"slvp: {summary.lost}", file=sys.stderr)
        sys.exit(1)
