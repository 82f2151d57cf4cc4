"""A model to graphs for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from slvp.apps.output import output_folder
from slvp.models.checkpoint import from_pretrained
from slvp.models.exporting import DESCRIPTION, GRAPHS, SUFFIXES, TOKENIZER, Format, export


def export_model(model: str, out: Path, *, form: Format, overwrite: bool) -> Iterator[str]:
    """Write a model's graphs to ``out``; return what there is to tell.

    Raises:
        UserError: there is something else in ``out`` already, or the model can't be exported.
    """
    graphs = {f"{name}{suffix}" for name in GRAPHS for suffix in SUFFIXES.values()}
    contents = {*graphs, DESCRIPTION, TOKENIZER}
    with output_folder(out, contents, overwrite) as folder:
        differences = export(from_pretrained(model), folder, form)
    for name, difference in differences.items():
        path = out / f"{name}{SUFFIXES[form]}"
        megabytes = path.stat().st_size / 1e6
        yield f"{path}  {megabytes:.1f} MB, within {difference:.0e} of the model's answers"
