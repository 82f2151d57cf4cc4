"""``slvp recipes``, and what ``--dry-run`` prints."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from slvp.training.ablations import ABLATIONS
from slvp.training.config import Task, TrainConfig
from slvp.training.estimates import Machine, estimate
from slvp.training.recipes import RECIPES, recipe, summary

if TYPE_CHECKING:
    from slvp.training.dry_run import DryRun  # imports all that models are built of

_WIDTH = 100
_NO_TERMS = {"loss", "gradient_norm", "learning_rate"}

_LEGEND = """\
Memory, of each process, and clips/s, of all together if data come fast enough, are estimates and
not measured. 'slvp recipes RECIPE' tells how large a clip is, and all that a recipe sets.
"""


def list_recipes(task: Task) -> Iterator[str]:
    """Yield lines about all recipes, those with the same encoders under one heading."""
    yield f"{'':24}{'query':10}{'parameters':>10}{'trained':>10}{'memory':>10}{'clips/s':>10}  on"
    encoders = None
    for name in RECIPES:
        config = recipe(name, task)
        if _encoders(config) != encoders:
            encoders = _encoders(config)
            yield encoders
        found = estimate(config)
        query = config.model.fusion.split("-", maxsplit=1)[0]
        parameters, trained = (f"{n / 1e6:.1f} M" for n in (found.parameters, found.trained))
        yield (
            f"  {name:22}{query:10}{parameters:>10}{trained:>10}{_gigabytes(found.memory):>10}"
            f"{found.clips_per_second:>10,.0f}  {found.machine.name}"
        )
    yield ""
    yield from _LEGEND.splitlines()
    if task == "pretrain":
        yield ""
        yield "Ablations of lite, with the needs of lite (lite-contrast decodes twice):"
        for name in (f"lite-{ablation}" for ablation in ABLATIONS):
            line = f"  {name:24}{summary(name)}"
            yield from textwrap.wrap(line, _WIDTH, subsequent_indent=26 * " ")


def describe_recipe(name: str, task: Task) -> Iterator[str]:
    """Yield lines with all that a recipe sets, and what it is estimated to need.

    Raises:
        UserError: there is no such recipe.
    """
    config = recipe(name, task)
    yield from textwrap.wrap(f"{name}: {summary(name)}", _WIDTH)
    yield ""
    yield from _rows(_fields(config))
    yield ""
    found = estimate(config)
    clip = f"{found.frames} frames, {found.width} x {found.height}"
    hours = found.seconds * config.steps / 3600
    yield f"Estimated for {_speed(found.machine)}:"
    yield from _rows(
        {
            "parameters": _parameters(found.parameters, found.trained),
            "batch": f"{found.clips} clips of {clip}, shared by {_processes(found.machine)}",
            "memory of each": f"{_gigabytes(found.memory)}: {_gigabytes(found.weights)} weights, "
            f"averages and optimiser, {_gigabytes(found.activations)} activations and gradients",
            "step": f"{found.flops / 1e12:.3g} TFLOP, {found.seconds:.3g} s",
            "throughput": f"{found.clips_per_second:,.0f} clips/s, "
            f"{found.clips_per_second * found.frames:,.0f} frames/s",
            "whole run": f"{hours:,.1f} hours of steps, if data come fast enough",
        }
    )


def describe_dry_run(name: str, config: TrainConfig, found: DryRun) -> Iterator[str]:
    """Yield lines about a dry run."""
    terms = found.figures.keys() - _NO_TERMS
    figures = [f"{term} {found.figures[term]:.3f}" for term in sorted(terms)]
    clip = f"{found.frames} frames, {found.width} x {found.height}"
    of = "" if found.processes == 1 else f", as in each of {found.processes} processes"
    weak = config.data.supervision != "mask"
    stand_ins = {"pseudo masks": "none were made; empty ones stood in"} if weak else {}
    taken = "by tensors on the GPU" if found.device.startswith("cuda") else "by the whole process"
    yield from _rows(
        {
            "dry run": f"{config.task} {name}, {config.model.fusion}",
            "encoders": f"{_encoders(config)}: random weights, nothing was fetched;",
            "": "sentences were cut into words by the packaged tokenizer",
            "parameters": _parameters(found.parameters.total, found.parameters.trained),
            "batch": f"{found.clips} clips of {clip}, {found.sentences} sentences{of}; "
            f"made in {found.batch_seconds:.2f} s",
            **stand_ins,
            "step": f"{found.step_seconds:.2f} s on {found.device}, precision {config.precision}: "
            "forward, backward, optimiser",
            "memory": f"{_gigabytes(found.memory)} at most, {taken}",
            "loss": f"{found.figures['loss']:.3f} ({', '.join(figures)})",
        }
    )
    yield "Nothing was written."


def _encoders(config: TrainConfig) -> str:
    return f"{config.model.vision}, {config.model.text.rsplit('/', maxsplit=1)[-1]}"


def _fields(config: TrainConfig) -> dict[str, str]:
    """Return all fields of a configuration, those of its parts with the part's name."""
    fields: dict[str, Any] = {}
    for name, value in dataclasses.asdict(config).items():
        if isinstance(value, dict):
            fields |= {f"{name}.{key}": part for key, part in value.items()}
        else:
            fields[name] = value
    return {name: _value(value) for name, value in fields.items()}


def _value(value: Any) -> str:
    if value in ("", (), None):
        return "none"
    return f"{value:,}" if type(value) is int else str(value)


def _rows(cells: dict[str, str]) -> Iterator[str]:
    width = max(map(len, cells)) + 2
    for name, value in cells.items():
        yield f"{name:{width}}{value}".rstrip()


def _parameters(total: int, trained: int) -> str:
    return f"{total:,}, of which {trained:,} are trained"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _processes(machine: Machine) -> str:
    return "1 process" if machine.processes == 1 else f"{machine.processes} processes"


def _speed(machine: Machine) -> str:
    each = "" if machine.processes == 1 else " each"
    return f"{machine.name}, {machine.flops / 1e12:g} TFLOP/s{each} ({machine.basis})"
