"""The options of ``slvp import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from slvp.apps.arguments.common import Overwrite, app


@app.command(name="import")
def import_(
    system: Annotated[Positional[Literal["referformer"]], arg(help_behavior_hint="")],
    checkpoint: Annotated[Positional[Path], arg(help_behavior_hint="")],
    out: Positional[Path],
    backbone: Annotated[
        str | None, arg(metavar="NAME", help_behavior_hint="(default: as the checkpoint says)")
    ] = None,
    tokenizer: Annotated[str, arg(metavar="FOLDER|NAME")] = "FacebookAI/roberta-base",
    overwrite: Overwrite = False,
) -> None:
    """Convert another system's published checkpoint into a folder that --model takes.

    Nothing in the checkpoint is run: one that holds more than tensors and arguments is refused.
    RoBERTa's tokenizer, which checkpoints don't hold, comes from the hub or from a folder with
    its vocab.json and merges.txt.

    For example:
      slvp import referformer ytvos_swin_tiny.pth models/referformer-swin-t
      slvp segment examples/cars.mp4 "the car on the left" --model models/referformer-swin-t

    Args:
        system: whose checkpoint it is.
        checkpoint: a file that the authors' code has written.
        out: folder to make.
        backbone: as the authors name it, such as swin_t_p4w7, where the checkpoint doesn't say.
        tokenizer: folder of RoBERTa's tokenizer, or its name on the hub.
        overwrite: replace a model that is in OUT already.
    """
    from slvp.apps.commands.importing import import_referformer

    for line in import_referformer(
        checkpoint, out, backbone=backbone, tokenizer=tokenizer, overwrite=overwrite
    ):
        print(line)
