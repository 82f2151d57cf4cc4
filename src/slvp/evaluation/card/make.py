"""A result card of an evaluation that has just run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import slvp
from slvp.evaluation.card.environment import commit_of_package, describe_hardware
from slvp.evaluation.card.records import (
    SCHEMA,
    CardExpression,
    CardProtocol,
    CardSequence,
    CardSet,
    Parameters,
    ResultCard,
)
from slvp.evaluation.metrics import decay, recall
from slvp.evaluation.protocols import Protocol
from slvp.evaluation.scores import ExpressionScore, Summary


def make_card(
    summary: Summary,
    scores: Sequence[ExpressionScore],
    protocol: Protocol,
    *,
    benchmark: str,
    split: str,
    data: Path,
    model: str | None = None,
    predictions: str | None = None,
    config: Mapping[str, Any] | None = None,
    parameters: Mapping[str, int] | None = None,
    seed: int | None = None,
    device: str | None = None,
    processes: int = 1,
    seconds: float,
    frames: int,
    command: str,
) -> ResultCard:
    """Describe an evaluation that has just run on this machine.

    Args:
        summary: what came out.
        scores: what each expression got.
        protocol: how the numbers were made.
        benchmark: name of the benchmark on the command line.
        split: the part of it.
        data: folder of the benchmark.
        model: name or path of the model, or
        predictions: path of the masks that were scored.
        config: the model's settings, as JSON can hold them.
        parameters: ``total`` and ``trained``.
        seed: what random numbers started from.
        device: PyTorch name of the device that the model ran on.
        processes: number of processes that shared the work.
        seconds: see ``ResultCard``.
        frames: see ``ResultCard``.
        command: the command line.
    """
    return ResultCard(
        schema=SCHEMA,
        benchmark=benchmark,
        split=split,
        protocol=CardProtocol(protocol.name, protocol.title, protocol.source),
        summary=dict(summary.metrics),
        model=model,
        predictions=predictions,
        config=None if config is None else dict(config),
        parameters=None if parameters is None else Parameters(**parameters),
        seed=seed,
        data=str(data.resolve()),
        command=command,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        slvp_version=slvp.__version__,
        commit=commit_of_package(),
        hardware=describe_hardware(device),
        processes=processes,
        frames=frames,
        seconds=seconds,
        frames_per_second=None if model is None else frames / seconds,
        annotation_sets=tuple(
            CardSet(one.name, dict(one.metrics), _card_sequences(one.sequences))
            for one in summary.annotation_sets
        ),
        sequences=_card_sequences(summary.sequences),
        expressions=tuple(map(_card_expression, scores)),
    )


def _card_sequences(sequences: Mapping[str, Mapping[str, float]]) -> tuple[CardSequence, ...]:
    return tuple(CardSequence(name, dict(metrics)) for name, metrics in sequences.items())


def _card_expression(score: ExpressionScore) -> CardExpression:
    j, f_T = float(score.j_T.mean()), score.f_T
    f = None if f_T is None else float(f_T.mean())
    return CardExpression(
        sequence=score.sequence,
        expression_id=score.expression_id,
        annotation_set=score.annotation_set,
        text=score.text,
        object_ids=score.object_ids,
        j=j,
        f=f,
        jf=None if f is None else (j + f) / 2,
        j_recall=recall(score.j_T),
        j_decay=decay(score.j_T),
        f_recall=None if f_T is None else recall(f_T),
        f_decay=None if f_T is None else decay(f_T),
        frames=len(score.frames),
    )
