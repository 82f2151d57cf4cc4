"""A study, run: what isn't there yet is trained, scored and written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import slvp
from slvp.evaluation.card.environment import commit_of_package, describe_hardware
from slvp.models.checkpoint import from_pretrained
from slvp.studies.arms import Arm, Study, chosen_arms
from slvp.studies.card import SCHEMA, StudyCard, card_path, write_card
from slvp.studies.material import Material
from slvp.studies.runs import Runs
from slvp.studies.scores import score_flow, score_masks
from slvp.studies.smoke import tiny


def run_study(
    study: Study,
    material: Material,
    *,
    runs: Path,
    cards: Path,
    seeds: Sequence[int],
    chosen: Sequence[str] = (),
    smoke: bool = False,
    quiet: bool = False,
    tell: Callable[[str], None] = print,
) -> None:
    """Train and score all arms with all seeds, but those that have their cards already.

    May be killed at any time and started again: runs that were finished are found, and one that
    was interrupted goes on from its newest checkpoint.

    Args:
        study: what to run.
        material: what is trained and tested on.
        runs: folder of runs, which several studies may share.
        cards: folder of result cards, likewise.
        seeds: each arm is trained with all of them.
        chosen: names of the arms; all if empty.
        smoke: of tiny models.
        quiet: show no progress.
        tell: is given a line about each card.

    Raises:
        UserError: an arm is unknown, or data are missing or unusable.
    """
    # Names are looked at before anything is made, which may take long.
    chosen_arms(study.arms(material.planned()), chosen)
    material.settle()
    arms = chosen_arms(study.arms(material), chosen)
    trained = Runs(runs, material.places(), quiet=quiet)
    for seed in seeds:
        for arm in arms:
            path = card_path(cards, study.name, arm.name, seed)
            if path.is_file():
                continue
            asked = (tiny(arm) if smoke else arm).seeded(seed)
            card = _card(study, asked, seed, trained, material, smoke)
            write_card(card, path)
            tell(_summary(card))


def _card(
    study: Study, arm: Arm, seed: int, runs: Runs, material: Material, smoke: bool
) -> StudyCard:
    first, last = runs.train(arm)
    model = from_pretrained(last.model)
    parameters = model.parameter_counts()
    masks = tuple(score_masks(model, test) for test in arm.tests)
    flow = None
    if first is not None and arm.pretrain is not None and arm.flow_clips:
        told = from_pretrained(first.model)
        flow = score_flow(told, arm.pretrain, material.world, arm.flow_clips)
    return StudyCard(
        schema=SCHEMA,
        study=study.name,
        arm=arm.name,
        line=arm.line,
        labels=arm.labels,
        seed=seed,
        smoke=smoke,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        slvp_version=slvp.__version__,
        commit=commit_of_package(),
        hardware=describe_hardware(),
        data=material.settings(),
        parameters=parameters.total,
        trained_parameters=parameters.trained,
        pretraining=None if first is None else runs.card(first),
        finetuning=runs.card(last),
        masks=masks,
        flow=flow,
    )


def _summary(card: StudyCard) -> str:
    figures = [
        f"J {100 * sum(one.j) / len(one.j):.1f}, F {100 * sum(one.f) / len(one.f):.1f} ({one.test})"
        for one in card.masks
    ]
    return f"{card.study}  {card.arm}  seed {card.seed}:  {'; '.join(figures)}"
