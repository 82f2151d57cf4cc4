"""What a study found, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean

from slvp.evaluation.compare import CONFIDENCE, FEW_SEQUENCES
from slvp.studies.arms import Study
from slvp.studies.card import RunCard, StudyCard
from slvp.studies.findings import Findings
from slvp.studies.paired import Estimate


def format_findings(study: Study, found: Sequence[Findings], cards: Sequence[StudyCard]) -> str:
    """Lay out tables of all tests and how they were made; scores in percent."""
    parts = []
    if any(card.smoke for card in cards):
        parts.append("**A smoke test of tiny models: these numbers say nothing.**")
    for one in found:
        parts.append(
            f"Test: {one.test}; {one.expressions} expressions of {one.videos} videos. "
            f"Intervals of {CONFIDENCE}%, over seeds and videos"
            + ("; too few videos to rely on them." if one.videos < FEW_SEQUENCES else ".")
        )
        parts.append(_scores(study, one))
        parts.append(_differences(one))
        parts.append("Overlap (IoU) with held-out clips after so many steps of fine-tuning:")
        parts.append(_learning(one))
    if any(arm.flow for one in found for arm in one.arms):
        parts.append(
            "Error of flow on clips that no training saw, and how much more of it there is with "
            "another clip's caption:"
        )
        parts.append(_flow(found[0]))
    parts.append(_made(cards))
    return "\n\n".join(parts) + "\n"


def _scores(study: Study, found: Findings) -> str:
    titles = ["masks", "model", "J&F", "interval", "J", "F", "seeds"]
    if study.speed:
        titles += ["parameters", "trained", "frames/s"]
    rows = []
    for arm in found.arms:
        row = [
            f"{arm.labels:.0%}",
            arm.line,
            f"{100 * arm.jf.mean:.1f}",
            f"{100 * arm.jf.low:.1f} to {100 * arm.jf.high:.1f}",
            f"{100 * arm.j:.1f}",
            f"{100 * arm.f:.1f}",
            ", ".join(f"{100 * score:.1f}" for score in arm.of_seeds),
        ]
        if study.speed:
            speeds = [
                scores.frames_per_second
                for card in arm.cards
                for scores in card.masks
                if scores.test == found.test
            ]
            row += [
                f"{arm.cards[0].parameters / 1e6:.2f} M",
                f"{arm.cards[0].trained_parameters / 1e6:.2f} M",
                f"{max(speeds):.0f}",
            ]
        rows.append(row)
    return _table(titles, rows)


def _differences(found: Findings) -> str:
    rows = [
        [
            f"{one.labels:.0%}",
            one.judged,
            one.reference,
            f"{100 * one.jf.mean:+.1f}",
            f"{100 * one.jf.low:+.1f} to {100 * one.jf.high:+.1f}",
            f"{one.share:.0%}",
            str(one.seeds),
        ]
        for one in found.differences
    ]
    return _table(
        ["masks", "model", "compared with", "J&F", "interval", "of its J&F", "seeds"], rows
    )


def _learning(found: Findings) -> str:
    """Lay out means over seeds; of steps that all of them were scored after."""
    curves = {
        (arm.labels, arm.line): [
            dict(zip(curve.steps, curve.values, strict=True))
            for card in arm.cards
            for curve in card.finetuning.curves
            if curve.name == "iou"
        ]
        for arm in found.arms
    }
    every = [set(curve) for several in curves.values() for curve in several]
    steps = sorted(set.intersection(*every)) if every else []
    rows = [
        [
            f"{labels:.0%}",
            line,
            *(f"{100 * mean(curve[step] for curve in several):.1f}" for step in steps),
        ]
        for (labels, line), several in curves.items()
        if several
    ]
    return _table(["masks", "model", *map(str, steps)], rows)


def _flow(found: Findings) -> str:
    titles = ["model", "from one frame", "more with another's caption"]
    titles += ["from the whole clip", "more with another's caption", "of no flow"]
    rows = []
    for arm in found.arms:
        if arm.flow is not None:
            row = [arm.line]
            for told in (arm.flow.frame, arm.flow.clip):
                row += [_bounded(told.right, ""), _bounded(told.caption, "+")]
            rows.append([*row, f"{arm.flow.nothing:.3f}"])
    return _table(titles, rows)


def _bounded(one: Estimate, sign: str) -> str:
    return f"{one.mean:{sign}.3f} ({one.low:{sign}.3f} to {one.high:{sign}.3f})"


def _made(cards: Sequence[StudyCard]) -> str:
    """Say what it took, and what it takes to make it again."""
    commits = sorted({(card.commit or f"version {card.slvp_version}")[:12] for card in cards})
    hardware = sorted({card.hardware for card in cards})
    runs = [run for card in cards for run in (card.pretraining, card.finetuning) if run]
    steps = [f"{_steps(runs, task)} steps of {task}" for task in ("pretrain", "finetune")]
    minutes = sum(run.minutes for run in _unique(runs))
    data = cards[0].data
    return (
        f"{len(cards)} cards; {' and '.join(steps)}, {minutes:.0f} minutes in all; "
        f"{data['annotated']} annotated and {data['captioned']} captioned clips of the world; "
        f"code {', '.join(commits)}; {'; '.join(hardware)}."
    )


def _steps(runs: Iterable[RunCard], task: str) -> str:
    return ", ".join(
        str(steps) for steps in sorted({one.steps for one in runs if one.config["task"] == task})
    )


def _unique(runs: Iterable[RunCard]) -> list[RunCard]:
    """Leave out what several arms share."""
    found: list[RunCard] = []
    for run in runs:
        if run not in found:
            found.append(run)
    return found


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
