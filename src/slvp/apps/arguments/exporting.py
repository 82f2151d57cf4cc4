"""The options of ``slvp export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from slvp.apps.arguments.common import Overwrite, app


@app.command
def export(
    model: Annotated[Positional[str], arg(help_behavior_hint="")],
    format: Annotated[Literal["onnx", "torch-export"], arg(help_behavior_hint="")],
    out: Path = Path("outputs/export"),
    overwrite: Overwrite = False,
) -> None:
    """Write a model as three graphs that need none of this package, and check them.

    vision is run for every frame, text for every sentence, decoder for every window of frames and
    its sentences. Numbers of frames and sentences, height and width are free. docs/export.md has
    a program that uses them.

    For example:
      slvp export default --format onnx --out exported

    Args:
        model: a shipped model, a folder or a hub's owner/name; one that segments.
        format: onnx (for ONNX Runtime, OpenVINO and others) or torch-export (for PyTorch alone).
        out: folder to make.
        overwrite: replace an earlier export that is in OUT.
    """
    from slvp.apps.commands.exporting import export_model

    for line in export_model(model, out, form=format, overwrite=overwrite):
        print(line)
