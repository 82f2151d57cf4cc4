"""Published checkpoints to models of ours."""

from __future__ import annotations

from pathlib import Path

from slvp.apps.output import output_folder
from slvp.models.checkpoint import CONFIG_FILE, WEIGHTS_FILE
from slvp.models.referformer.importing import import_checkpoint
from slvp.models.referformer.words import TOKENIZER


def import_referformer(
    checkpoint: Path, out: Path, *, backbone: str | None, tokenizer: str, overwrite: bool
) -> list[str]:
    """Write the model of a ReferFormer checkpoint to ``out``; return what there is to tell.

    Raises:
        UserError: there is something in ``out`` already, or the checkpoint can't be used.
    """
    contents = (CONFIG_FILE, WEIGHTS_FILE, TOKENIZER)
    with output_folder(out, contents, overwrite) as folder:
        model = import_checkpoint(checkpoint, backbone=backbone, tokenizer=tokenizer)
        model.save_pretrained(folder)
    return [
        f"backbone    {model.config.vision}",
        f"parameters  {model.parameter_counts().total / 1e6:.1f} M",
        f"model       {out}",
    ]
