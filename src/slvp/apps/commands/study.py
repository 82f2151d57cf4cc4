"""``slvp study``: run a study, or draw its tables and pictures from the cards that are kept."""

from __future__ import annotations

from pathlib import Path

from slvp.apps.arguments.common import WorldOptions
from slvp.apps.arguments.study import RunOptions
from slvp.errors import UserError
from slvp.studies.arms import Study
from slvp.studies.drawing import draw_study
from slvp.studies.material import TINY, Found, Material, Sizes
from slvp.studies.registry import STUDIES
from slvp.studies.study import run_study

_DATA, _RUNS, _CARDS = "data", "runs", "cards"


def run_studies(
    name: str, out: Path, cards: Path | None, world: WorldOptions, run: RunOptions
) -> None:
    """Run a study, or ``all`` of them, and say where the cards are.

    Raises:
        UserError: an option is not usable, or data are missing.
    """
    for seed in run.seeds:
        if seed < 0:
            raise UserError(f"--seeds {seed}: expected numbers from 0 on")
    found = Found(
        cutouts=tuple(folder.resolve() for folder in world.cutouts),
        coco=tuple((file.resolve(), images.resolve()) for file, images in world.coco),
        stamps=world.stamps,
        captioned=tuple(place.resolve() for place in run.captioned),
        annotated=None if run.annotated is None else run.annotated.resolve(),
        tested=None if run.tested is None else run.tested.resolve(),
    )
    sizes = TINY if run.smoke else Sizes()
    material = Material(out / _DATA, found, sizes, examples=run.smoke, quiet=run.quiet)
    kept = out / _CARDS if cards is None else cards
    for study in _studies(name):
        run_study(
            study,
            material,
            runs=out / _RUNS,
            cards=kept,
            seeds=run.seeds,
            chosen=run.arms,
            smoke=run.smoke,
            quiet=run.quiet,
        )
        print(f"cards  {kept / study.name}")


def draw_studies(name: str, out: Path, cards: Path | None, page: Path | None) -> None:
    """Draw a study, or ``all`` that have cards, and say where.

    Raises:
        UserError: there are no cards.
    """
    kept = out / _CARDS if cards is None else cards
    studies = _studies(name)
    if name == "all":
        studies = [study for study in studies if (kept / study.name).is_dir()] or studies
    for study in studies:
        for path in draw_study(study, kept, out, page):
            print(path)


def _studies(name: str) -> list[Study]:
    return list(STUDIES.values()) if name == "all" else [STUDIES[name]]
