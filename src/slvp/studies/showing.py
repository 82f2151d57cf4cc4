"""Masks of a study's models side by side, on a video that may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slvp.errors import UserError
from slvp.models.slvp import SLVP
from slvp.segmenter import Segmenter
from slvp.studies.arms import Study
from slvp.studies.material import Material
from slvp.studies.runs import Runs
from slvp.studies.smoke import tiny
from slvp.training.sheet import Cell, Row, Sheet, tinted
from slvp.types import UInt8Array

_COLOUR = (230, 110, 20)


def show_masks(
    study: Study,
    material: Material,
    frames: Sequence[UInt8Array],
    sentences: Sequence[str],
    picture: Path,
    *,
    runs: Path,
    seed: int,
    smoke: bool = False,
) -> None:
    """Draw the last frame's masks of each arm in a column: the models alone, nothing refined.

    Args:
        study: whose models are asked; they were trained before.
        material: what they were trained on.
        frames: the last one is shown; what a model sees with it comes before.
        sentences: a row each.
        picture: to write.
        runs: folder of runs.
        seed: of the models.
        smoke: of tiny models.

    Raises:
        UserError: a model isn't trained, or a sentence can't be asked.
    """
    trained = Runs(runs, material.places(), quiet=True)
    rows = {sentence: [Cell(frames[-1])] for sentence in sentences}
    arms = study.arms(material.planned())
    for arm in arms:
        run = trained.found((tiny(arm) if smoke else arm).seeded(seed))
        if run is None:
            raise UserError(
                f"{runs}: has no finished run of {arm.name}, seed {seed}; run 'slvp study run "
                f"{study.name} --seeds {seed}' with the same --out first"
            )
        model = SLVP.from_pretrained(run.model)
        prediction = Segmenter(model, quality="fast").segment(frames, sentences)
        for number, cells in enumerate(rows.values()):
            mask_HW = prediction.masks_ETHW[number, -1]
            present = f"present {prediction.presence_ET[number, -1]:.0%}"
            cells.append(Cell(tinted(frames[-1], mask_HW, _COLOUR), present))
    titles = [f"{arm.line}, {arm.labels:.0%}" for arm in arms]
    explanation = (
        f"{study.question} Models of seed {seed}; share of the masks they were trained on."
    )
    Sheet(
        ["frame", *titles], [Row(text, cells) for text, cells in rows.items()], explanation
    ).write(picture)
