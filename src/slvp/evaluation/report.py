"""The result card: one JSON file with the numbers and all it takes to make them again."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

import slvp
from slvp.errors import UserError
from slvp.evaluation.evaluate import Evaluation
from slvp.evaluation.protocols import Score
from slvp.files import whole_file


@dataclass(frozen=True)
class CardScore:
    """J, F and their mean in 0..1, of the annotation set or sequence ``name``."""

    name: str
    j: float
    f: float
    jf: float


@dataclass(frozen=True)
class CardSet(CardScore):
    """An annotation set and the sequences within it."""

    sequences: tuple[CardScore, ...]


@dataclass(frozen=True)
class CardExpression:
    """What one expression got, in 0..1."""

    sequence: str
    expression_id: str
    annotation_set: str
    text: str
    j: float
    f: float
    jf: float


@dataclass(frozen=True)
class ResultCard:
    """What was evaluated, how, and what came out.

    Attributes:
        benchmark: name of the benchmark and split.
        data: folder of the benchmark, absolute.
        protocol: name of the protocol.
        summary: ``j``, ``f`` and ``jf`` in 0..1.
        annotation_sets: the numbers of each annotation set and of its sequences.
        sequences: the numbers of each sequence, averaged over the annotation sets.
        expressions: the numbers of each expression.
        model: name or path of the model.
        size: short side of the frames as the model saw them, in pixels.
        window: frames that the model saw at a time.
        threshold: probability above which a pixel belonged to the object.
        presence_threshold: presence below which a frame's mask was empty.
        seconds: time that reading and segmenting the frames took, without scoring.
        frames: number of frames, each counted once however many sentences were asked.
        frames_per_second: frames over seconds.
        slvp_version: version of this package.
        commit: commit of this package's checkout; None for an installed package.
        hardware: processor and, where used, accelerator.
        command: the command that made the card.
    """

    benchmark: str
    data: str
    protocol: str
    summary: dict[str, float]
    annotation_sets: tuple[CardSet, ...]
    sequences: tuple[CardScore, ...]
    expressions: tuple[CardExpression, ...]
    model: str
    size: int
    window: int
    threshold: float
    presence_threshold: float
    seconds: float
    frames: int
    frames_per_second: float
    slvp_version: str
    commit: str | None
    hardware: str
    command: str


def make_card(
    evaluation: Evaluation,
    *,
    benchmark: str,
    data: Path,
    model: str,
    size: int,
    window: int,
    presence_threshold: float,
    device: str,
    command: str,
) -> ResultCard:
    """Describe an evaluation that has just run in this process.

    Args:
        evaluation: what came out.
        benchmark: name of the benchmark and split.
        data: folder of the benchmark.
        model: name or path of the model.
        size: short side of the frames as the model saw them, in pixels.
        window: frames that the model saw at a time.
        presence_threshold: presence below which a frame's mask was empty.
        device: PyTorch name of the device that the model ran on.
        command: the command line.
    """
    summary = evaluation.summary
    return ResultCard(
        benchmark=benchmark,
        data=str(data.resolve()),
        protocol=evaluation.protocol.name,
        summary={"j": summary.score.j, "f": summary.score.f, "jf": summary.score.jf},
        annotation_sets=tuple(
            CardSet(
                name=one.name,
                j=one.score.j,
                f=one.score.f,
                jf=one.score.jf,
                sequences=_card_scores(one.sequences),
            )
            for one in summary.annotation_sets
        ),
        sequences=_card_scores(summary.sequences),
        expressions=tuple(
            CardExpression(
                sequence=scored.expression.sequence,
                expression_id=scored.expression.expression_id,
                annotation_set=scored.expression.annotation_set,
                text=scored.expression.text,
                j=scored.score.j,
                f=scored.score.f,
                jf=scored.score.jf,
            )
            for scored in evaluation.expressions
        ),
        model=model,
        size=size,
        window=window,
        threshold=evaluation.threshold,
        presence_threshold=presence_threshold,
        seconds=evaluation.seconds,
        frames=evaluation.frames,
        frames_per_second=evaluation.frames / evaluation.seconds,
        slvp_version=slvp.__version__,
        commit=_commit(),
        hardware=_hardware(device),
        command=command,
    )


def write_card(card: ResultCard, path: Path) -> None:
    """Write the card as JSON, whole or not at all.

    Raises:
        UserError: the folder isn't there or can't be written to.
    """
    try:
        with whole_file(path) as file:
            # All but ASCII is escaped: a path may have bytes that are no character.
            file.write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="ascii")
    except OSError as error:
        raise UserError(
            f"{path} can't be written ({error.strerror}): name a file in a folder that exists and "
            "is yours to write."
        ) from error


def format_table(card: ResultCard) -> str:
    """Lay out J, F and J&F of each sequence and their mean, in percent, as plain text.

    Annotation sets stand side by side, so that four of them take about 90 columns.
    """
    names = list(dict.fromkeys(one.name for part in card.annotation_sets for one in part.sequences))
    first = max(len(name) for name in [*names, "sequence", "mean"])
    widths = [max(len(part.name), 17) for part in card.annotation_sets]
    columns = list(zip(card.annotation_sets, widths, strict=True))
    rule = "-" * (first + sum(width + 2 for width in widths))

    lines = [
        f"{card.benchmark}: {card.protocol}",
        f"{card.model}, size {card.size}, {card.frames} frames, "
        f"{card.frames_per_second:.1f} frames per second",
        "",
    ]
    if len(columns) > 1:
        lines.append(" " * first + "".join(f"  {part.name:>{width}}" for part, width in columns))
    heading = f"{'J':>5} {'F':>5} {'J&F':>5}"
    lines.append(f"{'sequence':<{first}}" + "".join(f"  {heading:>{width}}" for width in widths))
    lines.append(rule)
    for name in names:
        cells = [
            next((_percent(one) for one in part.sequences if one.name == name), "")
            for part in card.annotation_sets
        ]
        lines.append(_row(name, first, cells, widths))
    lines.append(rule)
    lines.append(_row("mean", first, [_percent(part) for part in card.annotation_sets], widths))
    if len(columns) > 1:
        j, f, jf = (100 * card.summary[key] for key in ("j", "f", "jf"))
        lines += ["", f"mean over the {len(columns)} sets: J {j:.1f}, F {f:.1f}, J&F {jf:.1f}"]
    return "\n".join(lines)


def _row(name: str, first: int, cells: list[str], widths: list[int]) -> str:
    parts = (f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{name:<{first}}" + "".join(parts)


def _percent(score: CardScore) -> str:
    return f"{100 * score.j:5.1f} {100 * score.f:5.1f} {100 * score.jf:5.1f}"


def _card_scores(scores: Mapping[str, Score]) -> tuple[CardScore, ...]:
    return tuple(CardScore(name, one.j, one.f, one.jf) for name, one in scores.items())


def _commit() -> str | None:
    here = Path(slvp.__file__)

    def git(*arguments: str) -> str | None:
        try:
            run = subprocess.run(
                ["git", "-C", str(here.parent), *arguments],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return run.stdout.strip()

    # An environment inside somebody's repository is no checkout of this package.
    if git("ls-files", "--error-unmatch", here.name) is None:
        return None
    commit = git("rev-parse", "HEAD")
    return f"{commit}-dirty" if git("status", "--porcelain", "--", ".") else commit


def _hardware(device: str) -> str:
    processor = f"{_processor()}, {torch.get_num_threads()} threads"
    if torch.device(device).type == "cuda":
        return f"{torch.cuda.get_device_name(device)}; {processor}"
    return processor


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
