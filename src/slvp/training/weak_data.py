"""Benchmarks with labels of any kind, and where their pseudo masks lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from slvp.data.benchmarks.catalog import TRAINED_ON, TRAINING_SPLIT
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.labels.kinds import Supervision
from slvp.data.labels.loading import load_labelled
from slvp.errors import UserError


@dataclass(frozen=True)
class PseudoFolder:
    """The pseudo masks of one stage of a run.

    Attributes:
        path: holds a folder for each benchmark.
        frames: of each video that have them, at most.
    """

    path: Path
    frames: int

    def of(self, number: int, name: str) -> Path:
        """Return the folder of a benchmark; one may be named twice, with different files."""
        return self.path / f"{number}-{name}"


@lru_cache(8)  # each stage of a run asks again
def load_benchmark(name: str, folder: str, supervision: Supervision) -> list[BenchmarkExpression]:
    """Read the expressions of a benchmark's training split; the list is not to be changed.

    Raises:
        UserError: it can't be trained on, or its files are missing or don't read as they should.
    """
    if name not in TRAINED_ON:
        raise UserError(
            f"benchmark {name!r}: nothing to train on; expected one of {', '.join(TRAINED_ON)}"
        )
    expressions = load_labelled(name, Path(folder), TRAINING_SPLIT, supervision)
    if not expressions:
        raise UserError(f"{folder}: {name} has no sentence there; unpack the benchmark again")
    return expressions


def with_masks(
    name: str, folder: str, expressions: Sequence[BenchmarkExpression]
) -> list[BenchmarkExpression] | None:
    """Return the same sentences with masks, to be scored on; None where there are no masks."""
    wanted = {_key(one) for one in expressions}
    try:
        masked = load_benchmark(name, folder, "mask")
    except UserError:
        return None
    return [one for one in masked if _key(one) in wanted] or None


def _key(expression: BenchmarkExpression) -> tuple[str, str, str]:
    return expression.sequence, expression.annotation_set, expression.expression_id
