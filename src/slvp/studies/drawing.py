"""A study's table and pictures, from its cards alone."""

from __future__ import annotations

import os
from pathlib import Path

from slvp.errors import UserError
from slvp.files import whole_file
from slvp.studies.arms import Study
from slvp.studies.card import read_cards
from slvp.studies.findings import find
from slvp.studies.plots import draw_differences, draw_labels, draw_learning, draw_lines
from slvp.studies.tables import format_findings

_DRAWN_BY = {"labels": draw_labels, "differences": draw_differences, "lines": draw_lines}


def draw_study(study: Study, cards: Path, out: Path, page: Path | None = None) -> list[Path]:
    """Write ``OUT/NAME-*.png`` and the tables; same cards, same files.

    Args:
        study: of the cards.
        cards: holds a folder of cards for each study.
        out: folder to write to; is made if it is missing.
        page: Markdown to put tables and pictures into, between ``<!-- study NAME -->`` and
            ``<!-- end of study NAME -->``; None writes ``OUT/NAME.md``.

    Returns:
        The files.

    Raises:
        UserError: there are no cards, they don't go together, or the page has no such place.
    """
    kept = read_cards(cards, study.name)
    found = find(study, kept)
    smoke = any(card.smoke for card in kept)
    out.mkdir(parents=True, exist_ok=True)
    pictures = []
    for number, one in enumerate(found):
        name = study.name if number == 0 else f"{study.name}-{number + 1}"
        pictures += [out / f"{name}.png", out / f"{name}-learning.png"]
        _DRAWN_BY[study.kind](one, smoke, pictures[-2])
        draw_learning(one, smoke, pictures[-1])
    text = format_findings(study, found, kept)
    written = out / f"{study.name}.md" if page is None else page
    shown = [f"![{study.question}]({os.path.relpath(path, written.parent)})" for path in pictures]
    block = "\n\n".join([shown[0], text.rstrip(), *shown[1:]]) + "\n"
    _write(written, study, block, within=page is not None)
    return [*pictures, written]


def _write(path: Path, study: Study, block: str, *, within: bool) -> None:
    if within:
        begins, ends = f"<!-- study {study.name} -->\n", f"<!-- end of study {study.name} -->"
        page = path.read_text(encoding="utf-8") if path.is_file() else ""
        before, begin, rest = page.partition(begins)
        _, end, after = rest.partition(ends)
        if not end:
            raise UserError(
                f"{path}: has no place for study {study.name}; expected the lines "
                f"{begins.strip()!r} and {ends!r} in it"
            )
        content = f"{before}{begin}\n{block}\n{end}{after}"
    else:
        content = f"# {study.question}\n\n{block}"
    with whole_file(path) as part:
        part.write_text(content, encoding="utf-8")
