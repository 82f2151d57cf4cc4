"""What the errors of single clips amount to, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slvp.evaluation.compare import CONFIDENCE, FEW_SEQUENCES, bootstrap_interval
from slvp.evaluation.flow.measure import PREDICTIONS, ClipErrors, Measured
from slvp.evaluation.scores import Float64Array

MEASURES = ("loss", "distance", "exact_distance")

DRAWS = 10_000
"""Draws of the bootstrap."""

GAPS = (
    ("frame-other", "frame-right"),
    ("frame-none", "frame-right"),
    ("clip-other", "clip-right"),
    ("zero", "frame-right"),
    ("mean", "frame-right"),
    ("zero", "clip-right"),
    ("mean", "clip-right"),
)
"""Predictions, and those that should have less error."""

_SHOWN_FROM = {"frame": "told from the first frame", "clip": "told from the whole clip"}
_WIDTH = 32


@dataclass(frozen=True)
class Figure:
    """The mean of one measure of a prediction over ``clips`` clips."""

    prediction: str
    measure: str
    mean: float
    clips: int


@dataclass(frozen=True)
class Gap:
    """How much more error one prediction has than another, in pairs of the same clip.

    Attributes:
        prediction: the one that should have more.
        reference: the one that should have less.
        measure: of error.
        mean: of the differences.
        low: with ``high``, bounds the mean with ``CONFIDENCE`` percent.
        high: see ``low``.
        better: share of the clips in which the reference has less error.
        clips: how many.
    """

    prediction: str
    reference: str
    measure: str
    mean: float
    low: float
    high: float
    better: float
    clips: int


@dataclass(frozen=True)
class FlowReport:
    """What came out for the held-out clips of one source.

    Attributes:
        source: what kind of clips.
        videos: how many videos the clips are cut from; the bootstrap draws whole videos.
        unmoved: clips left out since nothing moves in them.
        skipped: clips that could not be read or used.
        figures: means of all predictions.
        gaps: differences that matter, with intervals.
        clips: what was measured.
    """

    source: str
    videos: int
    unmoved: int
    skipped: int
    figures: tuple[Figure, ...]
    gaps: tuple[Gap, ...]
    clips: tuple[ClipErrors, ...]


def make_report(source: str, measured: Measured, *, seed: int = 0) -> FlowReport:
    """Average over clips, and bound the differences by a bootstrap over videos.

    Args:
        source: what kind of clips.
        measured: at least one clip.
        seed: of the bootstrap.
    """
    clips = measured.clips
    videos_N = np.unique([clip.name for clip in clips], return_inverse=True)[1]
    values = {
        (prediction, measure): np.array([_value(clip, prediction, measure) for clip in clips])
        for prediction in PREDICTIONS
        for measure in MEASURES
    }
    return FlowReport(
        source=source,
        videos=int(videos_N.max()) + 1,
        unmoved=measured.unmoved,
        skipped=measured.skipped,
        figures=tuple(
            Figure(prediction, measure, float(known_N.mean()), len(known_N))
            for (prediction, measure), values_N in values.items()
            if len(known_N := values_N[~np.isnan(values_N)])
        ),
        gaps=tuple(
            gap
            for prediction, reference in GAPS
            for measure in MEASURES
            if (
                gap := _gap(
                    (prediction, reference, measure),
                    values[prediction, measure] - values[reference, measure],
                    videos_N,
                    seed,
                )
            )
        ),
        clips=clips,
    )


def _value(clip: ClipErrors, prediction: str, measure: str) -> float:
    value = getattr(clip.errors[prediction], measure)
    return np.nan if value is None else float(value)


def _gap(
    names: tuple[str, str, str], differences_N: Float64Array, videos_N: np.ndarray, seed: int
) -> Gap | None:
    known_N = ~np.isnan(differences_N)
    differences_N = differences_N[known_N]
    if not len(differences_N):
        return None
    clusters_N = np.unique(videos_N[known_N], return_inverse=True)[1]
    low, high = bootstrap_interval(differences_N, clusters_N, samples=DRAWS, seed=seed)
    return Gap(
        *names,
        mean=float(differences_N.mean()),
        low=low,
        high=high,
        better=float((differences_N > 0).mean()),
        clips=len(differences_N),
    )


def format_reports(reports: Sequence[FlowReport]) -> str:
    """Lay reports out as plain text."""
    return "\n\n".join(_format(report) for report in reports)


def _format(report: FlowReport) -> str:
    means = {(figure.prediction, figure.measure): figure.mean for figure in report.figures}
    exact = any(measure == "exact_distance" for _, measure in means)
    columns = MEASURES if exact else MEASURES[:2]
    titles = {"loss": "loss", "distance": "error, px", "exact_distance": "exact, px"}
    lines = [*_title(report), ""]
    lines.append(f"{'':<{_WIDTH}}" + "".join(f"{titles[name]:>11}" for name in columns))
    shown = ""
    for prediction, title in PREDICTIONS.items():
        if prediction == "target" and not exact:
            continue
        begins, _, told = prediction.partition("-")
        if told and begins != shown:
            shown = begins
            lines.append(_SHOWN_FROM[shown])
        cells = [
            f"{means[prediction, name]:>11.2f}" if (prediction, name) in means else f"{'':>11}"
            for name in columns
        ]
        lines.append(f"{'  ' if told else ''}{title}".ljust(_WIDTH) + "".join(cells))
    lines += ["", f"how much more error, and the {CONFIDENCE}% interval of that"]
    for gap in report.gaps:
        if gap.measure == "loss":
            lines.append(f"{_told(gap.prediction)} than {_told(gap.reference)}")
        lines.append(
            f"  {titles[gap.measure]:<10} {gap.mean:+7.2f}  [{gap.low:+.2f}, {gap.high:+.2f}]"
            f"   in {gap.better:.0%} of {gap.clips} clips"
        )
    if report.videos < FEW_SEQUENCES:
        lines.append(f"of {report.videos} videos only: too few to rely on the intervals")
    return "\n".join(lines)


def _title(report: FlowReport) -> list[str]:
    left_out = [
        f"{count} {why}"
        for count, why in (
            (report.unmoved, "in which nothing moves"),
            (report.skipped, "that could not be used"),
        )
        if count
    ]
    videos = "" if report.videos == len(report.clips) else f" of {report.videos} videos"
    lines = [f"{report.source}: {len(report.clips)} held-out clips{videos}"]
    return [*lines, f"left out: {', '.join(left_out)}"] if left_out else lines


def _told(prediction: str) -> str:
    begins, _, told = prediction.partition("-")
    return f"{PREDICTIONS[prediction]} ({begins})" if told else PREDICTIONS[prediction]
