"""Masks that any program wrote, as answers for scoring.

A folder or a .zip of PNG files (see ``layouts``), or a .json of run-length encoded masks (see
``results``). A zip file is read in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

from slvp.data.benchmarks.records import Group
from slvp.evaluation.answers import Answer
from slvp.evaluation.predictions.files import open_files
from slvp.evaluation.predictions.results import JsonPredictions
from slvp.evaluation.predictions.trees import PngPredictions


class Predictions(Protocol):
    """Masks of a benchmark's expressions. A group is all expressions of one sequence."""

    def check(self, groups: Sequence[Group]) -> list[str]:
        """Compare names with what the benchmark asks for; reads no mask.

        Returns:
            Sentences on what is there in vain, or looks forgotten.

        Raises:
            UserError: masks are missing, or named as nothing in the benchmark.
        """
        ...

    def answers(self, group: Group) -> Iterator[Answer]:
        """Yield, in order, an answer for each frame that counts for any expression of the group.

        For all frames where none counts, as a server keeps the answers. The masks have the size
        of the frames.

        Raises:
            UserError: a mask is missing, can't be read, or differs in size from its frame.
        """
        ...


def open_predictions(path: Path, answers: Literal["id_maps", "masks"]) -> Predictions:
    """Open a folder, .zip or .json file of masks.

    Args:
        path: where they are.
        answers: what the benchmark is scored by: ``masks`` of each expression, or ``id_maps`` of
            all objects of an annotation set (Ref-DAVIS17).

    Raises:
        UserError: ``path`` is none of them or can't be read.
    """
    if path.suffix.lower() == ".json" and path.is_file():
        return JsonPredictions(path, answers)
    return PngPredictions(open_files(path), answers)
