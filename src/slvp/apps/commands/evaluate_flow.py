"""``slvp evaluate-flow``: how well flow pre-training went, on clips that no training saw."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from slvp.apps.output import output_folder
from slvp.errors import UserError
from slvp.evaluation.flow import (
    FlowReport,
    format_reports,
    make_flow_card,
    make_report,
    mean_flow,
    measure,
    write_flow_card,
)
from slvp.evaluation.flow.held_out import batches_of, plain_batches_of, sources_of
from slvp.models.checkpoint import WEIGHTS_FILE, from_pretrained
from slvp.models.device import choose_device
from slvp.models.referring_model import ReferringModel
from slvp.training.config import DataConfig, TrainConfig
from slvp.training.recipes import recipe
from slvp.training.run import Run

CARD = "result.json"


def evaluate_flow(
    model_or_run: str,
    out: Path | None,
    *,
    captioned: tuple[Path, ...],
    cutouts: tuple[Path, ...],
    coco: tuple[tuple[Path, Path], ...],
    stamps: bool,
    unseen: bool,
    clips: int,
    seed: int,
    device: str,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Measure errors of flow, print them and, where ``out`` is given, write them there.

    Raises:
        UserError: the model, the data, an option or ``out`` is not usable.
    """
    if clips < 2:
        raise UserError(f"--clips {clips}: expected at least 2")
    if seed < 0:
        raise UserError(f"--seed {seed}: expected a number from 0 on")
    place = choose_device(device)
    model, config = _load(model_or_run)
    if model.config.head != "flow":
        raise UserError(
            f"{model_or_run}: gives masks, not flow; name a model or a run of 'slvp pretrain'"
        )
    data = config.data
    if captioned or cutouts or coco or stamps:
        data = _named(data, captioned, cutouts, coco, stamps)
    config = replace(config, data=replace(data, held_out=0.0) if unseen else data)
    sources = sources_of(config)
    model.to(place)
    with ExitStack() as stack:
        if out is not None:
            folder = stack.enter_context(output_folder(out, (CARD,), overwrite))
        reports: list[FlowReport] = []
        for kind, sides in sources.items():
            learnt = plain_batches_of(sides.training, clips=clips, seed=seed)
            with tqdm(
                learnt, f"{kind}, mean", unit="batch", leave=False, disable=quiet
            ) as progress:
                mean_2 = mean_flow(progress, clips)
            batches = batches_of(sides.held_out, clips=clips, seed=seed, device=place)
            with tqdm(batches, kind, unit="batch", leave=False, disable=quiet) as progress:
                measured = measure(model, progress, clips, mean_2)
            if not measured.clips:
                raise UserError(
                    f"{kind}: no clip with something that moves was found among "
                    f"{measured.unmoved + measured.skipped}; name other data"
                )
            reports.append(make_report(kind, measured, seed=seed))
        print(format_reports(reports), flush=True)  # first: a disk may have filled up by now
        if out is not None:
            card = make_flow_card(
                reports,
                model=model_or_run,
                config=config,
                seed=seed,
                device=str(place),
                command=shlex.join(["slvp", *sys.argv[1:]]),
            )
            write_flow_card(card, folder / CARD)


def _load(model_or_run: str) -> tuple[ReferringModel, TrainConfig]:
    """Return a model and the configuration of the run that made it, or that of ``lite``."""
    run = Run(Path(model_or_run))
    # Unlike pathlib's, this isfile answers for names that no disk would take.
    described, weighs = map(os.path.isfile, (run.config_file, run.folder / WEIGHTS_FILE))
    if weighs or not described:
        return from_pretrained(model_or_run), recipe("lite", "pretrain")
    config = TrainConfig.load(run.config_file)
    if not run.finished:
        raise UserError(
            f"{run.folder}: this run isn't finished; 'slvp resume {run.folder}' goes on with it"
        )
    return from_pretrained(run.model), config


def _named(
    data: DataConfig,
    captioned: tuple[Path, ...],
    cutouts: tuple[Path, ...],
    coco: tuple[tuple[Path, Path], ...],
    stamps: bool,
) -> DataConfig:
    """Return the data that options name, in clips of the same form."""
    return replace(
        data,
        captioned=tuple(str(place.resolve()) for place in captioned),
        captioned_share=0.5 if cutouts or coco or stamps else 1.0,
        cutouts=tuple(str(folder.resolve()) for folder in cutouts),
        coco=tuple((str(file.resolve()), str(images.resolve())) for file, images in coco),
        stamps=stamps,
    )
