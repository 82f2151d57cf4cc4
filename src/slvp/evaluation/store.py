"""Scores on disk, a file for each finished sequence, so that a run can be killed and go on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from slvp.evaluation.scores import Detection, Example, ExpressionScore
from slvp.files import whole_file


@dataclass(frozen=True)
class SequenceScores:
    """What the expressions of one sequence got.

    ``frames`` is how many frames were read for them and ``seconds`` how long that and segmenting
    took, without scoring.
    """

    sequence: str
    scores: tuple[ExpressionScore, ...]
    frames: int
    seconds: float


class ScoreStore:
    """A folder of scores that several processes may write to, each its own sequences."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def finished(self) -> set[str]:
        """Return the names of the sequences that have been scored."""
        return {json.loads(path.read_text())["sequence"] for path in self.folder.glob("*.json")}

    def add(self, done: SequenceScores) -> None:
        """Write one sequence's scores, whole or not at all."""
        with whole_file(self._path(done.sequence)) as path:
            path.write_text(json.dumps(asdict(done), default=_plain), encoding="ascii")

    def read(self, sequence: str) -> SequenceScores:
        """Return the scores of a finished sequence."""
        found = json.loads(self._path(sequence).read_text())
        # One tuple for all expressions that count the same frames: there may be many of both.
        frames: dict[tuple[str, ...], tuple[str, ...]] = {}
        return SequenceScores(
            sequence=found["sequence"],
            scores=tuple(_score(one, frames) for one in found["scores"]),
            frames=found["frames"],
            seconds=found["seconds"],
        )

    def _path(self, sequence: str) -> Path:
        return self.folder / f"{quote(sequence, safe='')}.json"


def _plain(value: Any) -> Any:
    assert isinstance(value, np.ndarray | np.generic)
    return value.tolist()


def _score(
    found: dict[str, Any], frames: dict[tuple[str, ...], tuple[str, ...]]
) -> ExpressionScore:
    names = tuple(found["frames"])
    return ExpressionScore(
        **{
            **found,
            "object_ids": tuple(found["object_ids"]),
            "frames": frames.setdefault(names, names),
            "j_T": np.array(found["j_T"], np.float64),
            "f_T": None if found["f_T"] is None else np.array(found["f_T"], np.float64),
            "truth_T": np.array(found["truth_T"], np.int64),
            "union_T": np.array(found["union_T"], np.int64),
            "detections_T": tuple(
                tuple(Detection(**one) for one in frame) for frame in found["detections_T"]
            ),
            "examples": tuple(Example(**one) for one in found["examples"]),
        }
    )
