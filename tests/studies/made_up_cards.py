"""Result cards of studies that nobody has run."""

import numpy as np

from slvp.studies.card import SCHEMA, Curve, FlowScores, MaskScores, RunCard, StudyCard

SEQUENCES = ("a", "a", "b", "c")


def made_up_card(line, labels, seed, j, *, f=None, flow=None, **changes):
    """A card with these J (and F, by default the same) on four expressions of three videos."""
    run = RunCard(
        config={"task": "finetune"},
        steps=4,
        minutes=1.5,
        curves=(Curve("iou", (2, 4), (0.1, 0.2)),),
    )
    masks = MaskScores(
        test="clips",
        benchmark="world",
        split="test",
        protocol="mean-over-expressions",
        frames=12,
        frames_per_second=8.0,
        sequences=SEQUENCES,
        expressions=("0", "1", "0", "annot1/0"),
        j=tuple(j),
        f=tuple(j if f is None else f),
    )
    fields = {
        "schema": SCHEMA,
        "study": "labels",
        "arm": f"{line}-{labels}",
        "line": line,
        "labels": labels,
        "seed": seed,
        "smoke": False,
        "created": "2026-01-02T03:04:05+00:00",
        "slvp_version": "0.1.0",
        "commit": "0123456789abcdef",
        "hardware": "a processor",
        "data": {"annotated": 15, "captioned": 20},
        "parameters": 3_000_000,
        "trained_parameters": 1_000_000,
        "pretraining": None,
        "finetuning": run,
        "masks": (masks,),
        "flow": flow,
    }
    return StudyCard(**(fields | changes))


def made_up_flow(right, other, zero):
    """Errors of flow on as many clips, each with its own number."""
    names = {"frame-right": tuple(right), "frame-other": tuple(other), "zero": tuple(zero)}
    names |= {"clip-right": tuple(np.array(right) / 2), "clip-other": tuple(right)}
    return FlowScores(tuple(f"clip {n}" for n in range(len(right))), names, names)
