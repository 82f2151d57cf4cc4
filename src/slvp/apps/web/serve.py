"""Starts the page and takes it down."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from slvp.apps.web.desk import Desk
from slvp.apps.web.limits import Limits
from slvp.apps.web.workspace import Workspace
from slvp.errors import UserError
from slvp.segmenter import Engine, load_segmenter


def serve(
    *,
    host: str,
    port: int | None,
    share: bool,
    model: str,
    device: str,
    size: int | None,
    quality: str,
    engine: Engine,
    limits: Limits,
    quiet: bool,
) -> None:
    """Serve the page until the process is told to end.

    Raises:
        UserError: Gradio is missing, or an option can't be.
    """
    with running(
        host=host,
        port=port,
        share=share,
        model=model,
        device=device,
        size=size,
        quality=quality,
        engine=engine,
        limits=limits,
    ) as addresses:
        if not quiet:
            for address in addresses:
                print(f"slvp web at {address}  (Ctrl-C ends it)", flush=True)
        threading.Event().wait()


@contextmanager
def running(
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    share: bool = False,
    model: str = "default",
    device: str = "auto",
    size: int | None = None,
    quality: str = "good",
    engine: Engine = "auto",
    limits: Limits | None = None,
) -> Iterator[list[str]]:
    """Run the page while the block lasts, and give its addresses; its files go with it.

    Raises:
        UserError: Gradio is missing, or an option can't be.
    """
    if importlib.util.find_spec("gradio") is None:
        raise UserError("slvp web needs Gradio, which is missing; run: pip install 'slvp[web]'")
    if port is not None and not 0 < port < 1 << 16:
        raise UserError(f"--port {port}: expected a number from 1 to 65535")
    limits = Limits() if limits is None else limits
    segmenter = load_segmenter(model, device=device, size=size, quality=quality, engine=engine)
    workspace = Workspace(limits.keep_minutes * 60)
    # Read by Gradio and its dependencies when they are imported or a page is built.
    settings = {
        "GRADIO_TEMP_DIR": str(workspace.uploads),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    page = None
    try:
        from slvp.apps.web.look import launch_options
        from slvp.apps.web.page import build_page

        desk = Desk(segmenter, workspace, limits)
        page = build_page(desk, quality)
        try:
            _, local, public = page.launch(
                server_name=host, server_port=port, share=share, **launch_options(limits)
            )
        except OSError as error:
            raise UserError(
                f"can't listen on {host}, port {port or '7860 to 7959'} ({error}); give another "
                "--host or --port"
            ) from error
        yield [address for address in (local, public) if address]
    finally:
        if page is not None:
            page.close(verbose=False)
        workspace.close()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
