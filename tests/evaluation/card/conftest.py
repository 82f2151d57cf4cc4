from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slvp.evaluation.card import ResultCard, make_card
from slvp.evaluation.protocols import DETECTION, REF_DAVIS17_FIXED, Protocol
from slvp.evaluation.scores import ExpressionScore

SETS = {"annot1": 0.0, "annot1_full_video": 0.125, "annot2": 0.0, "annot2_full_video": 0.25}


@pytest.fixture
def card_of(score_of: Callable[..., ExpressionScore]) -> Callable[..., ResultCard]:
    """Makes a card of two sequences and four annotation sets, or of two frames for detection."""

    def scores(protocol: Protocol) -> list[ExpressionScore]:
        if protocol is DETECTION:
            return [score_of("v1", j=[0.75, 0.5], object_ids=(2,)), score_of("v2", j=[0.25])]
        return [
            score_of(
                sequence,
                annotation_set=name,
                j=[j + bonus, j + bonus],
                f=[f + bonus, f + bonus],
                text=f"une chose appelée {sequence}",
            )
            for sequence, j, f in (("paragliding-launch", 0.5, 0.25), ("dog", 0.75, 0.625))
            for name, bonus in SETS.items()
        ]

    def card(protocol: Protocol = REF_DAVIS17_FIXED, **changes: Any) -> ResultCard:
        found = scores(protocol)
        asked: dict[str, Any] = {
            "benchmark": "ref-davis17",
            "split": "val",
            "data": Path("/data/davis"),
            "model": "default",
            "config": {"size": 256, "window": 8, "threshold": 0.5, "presence_threshold": 0.25},
            "parameters": {"total": 3000, "trained": 1000},
            "seed": 0,
            "device": "cpu",
            "seconds": 70.0,
            "frames": 140,
            "command": "slvp evaluate ref-davis17 --data DATA",
        }
        return make_card(protocol.summarise(found), found, protocol, **{**asked, **changes})

    return card
