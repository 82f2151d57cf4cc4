"""The report as one HTML file that needs nothing else: no network, no font, no other file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.errors import UserError
from slvp.evaluation.card import ResultCard
from slvp.evaluation.card.records import METRIC_TITLES
from slvp.evaluation.report import analysis, charts
from slvp.evaluation.report.analysis import Bin
from slvp.evaluation.report.pictures import FramePictures, draw_examples
from slvp.evaluation.scores import ExpressionScore, Float64Array
from slvp.files import whole_file

CASES = 6
"""Expressions of each kind (best, middling, worst) that are shown as pictures."""

_MAIN = ("jf", "j", "f", "map", "overall_iou", "mean_iou")


@dataclass(frozen=True)
class Chart:
    """A chart, and what it shows in a sentence."""

    title: str
    says: str
    svg: Markup


@dataclass(frozen=True)
class Case:
    """An expression with its pictures."""

    score: ExpressionScore
    numbers: tuple[tuple[str, float], ...]
    pictures: list[FramePictures]


@dataclass(frozen=True)
class Gallery:
    """Cases of one kind."""

    title: str
    says: str
    cases: list[Case]


def write_report(
    card: ResultCard,
    scores: Sequence[ExpressionScore],
    expressions: Sequence[BenchmarkExpression],
    path: Path,
) -> None:
    """Write a page with the numbers, charts and pictures of an evaluation, whole or not at all.

    Args:
        card: the evaluation's card.
        scores: what its expressions got.
        expressions: the benchmark's, for the pictures.
        path: the HTML file to make or replace; its folder must exist.

    Raises:
        UserError: a frame or mask for a picture can't be read, or the page can't be written.
    """
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            card=card,
            titles=METRIC_TITLES,
            tiles=[name for name in _MAIN if name in card.summary],
            facts=list(_facts(card)),
            metrics=[name for name in METRIC_TITLES if name in card.summary],
            sequence_metrics=[name for name in METRIC_TITLES if name in card.sequences[0].metrics],
            ranking="jf" if "jf" in card.summary else "map",
            several_sets=len(card.annotation_sets) > 1,
            galleries=_galleries(scores, expressions),
            charts=[
                ("Scores", list(_overview(card, scores))),
                ("What the scores depend on", list(_breakdown(scores, expressions))),
            ],
        )
    )
    try:
        with whole_file(path) as file:
            # A path may have bytes that are no character.
            file.write_bytes(page.encode("utf-8", "replace"))
    except OSError as error:
        raise UserError(
            f"{path} can't be written ({error.strerror}): name a file in a folder that exists and "
            "is yours to write."
        ) from error


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.1f}"
    environment.filters["title_of"] = METRIC_TITLES.__getitem__
    return environment


def _facts(card: ResultCard) -> Iterator[tuple[str, str]]:
    """Yield how the numbers were made: name and value."""
    yield "Protocol", f"{card.protocol.title}. {card.protocol.source}"
    yield "Benchmark", f"{card.benchmark}, split {card.split}, in {card.data}"
    yield ("Predictions" if card.model is None else "Model"), card.scored
    if card.config:
        yield "Settings", _listed(card.config)
    if card.parameters is not None:
        total, trained = card.parameters.total, card.parameters.trained
        yield "Parameters", f"{total:,}, of which {trained:,} trained"
    if card.seed is not None:
        yield "Seed", str(card.seed)
    speed = (
        f"{card.frames:,} frames, {card.seconds:,.1f} s in {_counted(card.processes, 'process')}"
    )
    if card.frames_per_second is not None:
        speed += f", {card.frames_per_second:.1f} frames per second and process"
    yield "Speed", speed
    yield "Hardware", card.hardware
    yield "Software", f"slvp {card.slvp_version}, commit {card.commit or 'unknown (installed)'}"
    yield "Made", card.created.replace("T", " ")


def _listed(config: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in config.items())


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}es"


def _galleries(
    scores: Sequence[ExpressionScore], expressions: Sequence[BenchmarkExpression]
) -> list[Gallery]:
    by_key = {
        (one.sequence, one.annotation_set, one.expression_id, one.object_ids): one
        for one in expressions
    }
    cases = analysis.choose_cases([one for one in scores if one.key in by_key], CASES)

    def shown(chosen: Sequence[ExpressionScore]) -> list[Case]:
        return [Case(one, _numbers(one), draw_examples(one, by_key[one.key])) for one in chosen]

    ranking = "J" if scores[0].f_T is None else "J&F"
    galleries = [
        Gallery("Worst", f"The expressions with the lowest {ranking}.", shown(cases.worst)),
        Gallery("Middling", f"Expressions around the median {ranking}.", shown(cases.middle)),
        Gallery("Best", f"The expressions with the highest {ranking}.", shown(cases.best)),
    ]
    return [one for one in galleries if one.cases]


def _numbers(score: ExpressionScore) -> tuple[tuple[str, float], ...]:
    j = float(score.j_T.mean())
    if score.f_T is None:
        return (("J", j),)
    return (("J&F", analysis.score_of(score)), ("J", j), ("F", float(score.f_T.mean())))


def _overview(card: ResultCard, scores: Sequence[ExpressionScore]) -> Iterator[Chart]:
    yield _histogram(
        "J",
        "region similarity: the intersection of prediction and truth over their union",
        [float(one.j_T.mean()) for one in scores],
    )
    f_scores = [one.f_T for one in scores if one.f_T is not None]
    if f_scores:
        yield _histogram(
            "F",
            "boundary accuracy: how well the outlines agree",
            [float(f_T.mean()) for f_T in f_scores],
        )
    if "precision_50" in card.summary:
        yield _precision(card)


def _breakdown(
    scores: Sequence[ExpressionScore], expressions: Sequence[BenchmarkExpression]
) -> Iterator[Chart]:
    yield _over_time(scores, expressions)
    yield _above_thresholds(scores)
    yield Chart(
        "J by size of the object",
        "Bars are means over expressions whose object fills that share of the frame, on average "
        "over the frames where it is seen; lines span the middle half, n counts expressions. "
        "Objects that are never seen stand under 'none'.",
        charts.bar_chart(
            analysis.by_object_size(scores),
            colour="j",
            x_label="share of the frame in %",
            y_label="mean J",
        ),
    )
    yield Chart(
        "J by length of the sentence",
        "Bars are means over expressions of that many words; lines span the middle half, n counts "
        "expressions.",
        charts.bar_chart(analysis.by_length(scores), colour="j", x_label="words", y_label="mean J"),
    )


def _histogram(name: str, meaning: str, values: list[float]) -> Chart:
    return Chart(
        f"{name} of the expressions",
        f"How many expressions have which {name} ({meaning}), averaged over their frames.",
        charts.histogram_chart(
            analysis.histogram(values),
            float(np.mean(values)),
            colour=name.lower(),
            x_label=name,
            y_label="expressions",
        ),
    )


def _precision(card: ResultCard) -> Chart:
    bins = [
        Bin(f"{percent / 100}", 0, share, share, share)
        for percent in (50, 60, 70, 80, 90)
        for share in (card.summary[f"precision_{percent}"],)
    ]
    return Chart(
        "Precision",
        "Share of all frames whose IoU is above the threshold.",
        charts.bar_chart(
            bins, colour="f", x_label="IoU threshold", y_label="frames in %", counts=False
        ),
    )


def _over_time(
    scores: Sequence[ExpressionScore], expressions: Sequence[BenchmarkExpression]
) -> Chart:
    positions = _positions(expressions)
    series = [
        charts.Series("J", "j", analysis.over_time((positions(one), one.j_T) for one in scores))
    ]
    if scores[0].f_T is not None:
        curves = ((positions(one), one.f_T) for one in scores if one.f_T is not None)
        series.append(charts.Series("F", "f", analysis.over_time(curves)))
    return Chart(
        "Scores over time",
        "Means over expressions in each twentieth of the video; the bands hold the middle half of "
        "the expressions.",
        charts.curve_chart(series, x_label="position in the video in %", y_label="mean score"),
    )


def _above_thresholds(scores: Sequence[ExpressionScore]) -> Chart:
    j_N = np.concatenate([one.j_T for one in scores])
    series = [charts.Series("J", "j", analysis.above_thresholds(j_N))]
    f_scores = [one.f_T for one in scores if one.f_T is not None]
    if f_scores:
        f_N = np.concatenate(f_scores)
        series.append(charts.Series("F", "f", analysis.above_thresholds(f_N)))
    return Chart(
        "Frames that are good enough",
        "Share of the frames of all expressions whose score is above the threshold.",
        charts.curve_chart(series, x_label="threshold", y_label="frames in %"),
    )


def _positions(
    expressions: Sequence[BenchmarkExpression],
) -> Callable[[ExpressionScore], Float64Array]:
    """Return a function from a score to where in the video its frames are, in 0..1."""
    first = {one.sequence: one for one in reversed(expressions)}
    places = {
        sequence: {name: t / max(len(names) - 1, 1) for t, name in enumerate(names)}
        for sequence, names in ((name, one.frames.names) for name, one in first.items())
    }

    def of_score(score: ExpressionScore) -> Float64Array:
        return np.array([places[score.sequence][frame] for frame in score.frames])

    return of_score
