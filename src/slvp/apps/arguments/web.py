"""The options of ``slvp web``."""

from __future__ import annotations

from typing import Annotated

from tyro.conf import arg

from slvp.apps.arguments.common import Device, EngineName, Model, QualityName, Quiet, Size, app

Share = Annotated[bool, arg(help_behavior_hint="")]
Port = Annotated[int | None, arg(help_behavior_hint="(default: the first free one from 7860)")]


@app.command
def web(
    host: str = "127.0.0.1",
    port: Port = None,
    share: Share = False,
    model: Model = "default",
    device: Device = "auto",
    size: Size = None,
    quality: QualityName = "good",
    engine: EngineName = "auto",
    max_seconds: float = 60,
    max_megabytes: int = 200,
    max_sentences: int = 6,
    queue: int = 8,
    keep_minutes: float = 60,
    quiet: Quiet = False,
) -> None:
    """Serve a page, and an HTTP API, that segment uploaded videos. Needs pip install 'slvp[web]'.

    For example:
      slvp web --port 8000
      slvp web --host 0.0.0.0 --max-seconds 20 --max-megabytes 50

    Args:
        host: address to listen on; 0.0.0.0 lets other machines in.
        port: port to listen on.
        share: also make a public address, by Gradio's tunnel.
        model: a shipped model's name, a folder or a hub's owner/name; or one of these after
            grounded:, or grounded:DETECTOR+SEGMENTER (docs/grounding.md).
        device: where to compute.
        size: shorter side, in pixels, that frames are resized to for the model.
        quality: what the page begins with.
        engine: bfloat16 is faster where the CPU has it, and masks differ a little; auto knows.
        max_seconds: longest video.
        max_megabytes: largest upload.
        max_sentences: most sentences at a time.
        queue: most requests that wait; one is worked on at a time.
        keep_minutes: uploads and results are removed after this time.
        quiet: print no address.
    """
    from slvp.apps.web.limits import Limits
    from slvp.apps.web.serve import serve

    limits = Limits(max_seconds, max_megabytes, max_sentences, queue, keep_minutes)
    serve(
        host=host,
        port=port,
        share=share,
        model=model,
        device=device,
        size=size,
        quality=quality,
        engine=engine,
        limits=limits,
        quiet=quiet,
    )
