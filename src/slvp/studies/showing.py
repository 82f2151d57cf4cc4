"""Masks of a study's models side by side, on a video that may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slvp.errors import UserError
from slvp.models.checkpoint import from_pretrained
from slvp.segmenter import Segmenter
from slvp.studies.arms import Study, chosen_arms
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
    chosen: Sequence[str] = (),
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
        chosen: names of the arms; all if empty.
        smoke: of tiny models.

    Raises:
        UserError: an arm is unknown or its model isn't trained, or a sentence can't be asked.
    """
    arms = chosen_arms(study.arms(material.planned()), chosen)
    trained = Runs(runs, material.places(), quiet=True)
    asked = [(tiny(arm) if smoke else arm).seeded(seed) for arm in arms]
    found = [trained.found(arm) for arm in asked]
    if None in found:
        raise UserError(
            f"{runs}: has no finished run of {arms[found.index(None)].name}, seed {seed}; run "
            f"'slvp study run {study.name} --seeds {seed}' with the same options first"
        )
    rows = [[Cell(frames[-1])] for _ in sentences]
    for arm, run in zip(arms, found, strict=True):
        assert run is not None
        segmenter = Segmenter(from_pretrained(run.model), quality="fast")
        prediction = segmenter.segment(frames, sentences)
        for number, cells in enumerate(rows):
            mask_HW = prediction.masks_ETHW[number, -1]
            presence = prediction.presence_ET[number, -1]
            note = f"{arm.labels:.0%} of the masks; present {presence:.0%}"
            cells.append(Cell(tinted(frames[-1], mask_HW, _COLOUR), note))
    explanation = f"{study.question} Models of seed {seed}, alone: masks aren't refined."
    named = [Row(text, cells) for text, cells in zip(sentences, rows, strict=True)]
    Sheet(["frame", *(arm.line for arm in arms)], named, explanation).write(picture)
