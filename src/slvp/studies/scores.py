"""What models of a study score, by the benchmarks' own protocols."""

from __future__ import annotations

from dataclasses import replace

import torch

from slvp.data.benchmarks.records import sequences_of
from slvp.evaluation.benchmarks import BENCHMARKS
from slvp.evaluation.evaluate import evaluate_sequence, require_masks
from slvp.evaluation.flow import measure
from slvp.evaluation.flow.held_out import batches_of, held_out_sources
from slvp.models.referring_model import ReferringModel
from slvp.segmenter import Segmenter
from slvp.studies.arms import MaskTest
from slvp.studies.card import FlowScores, MaskScores
from slvp.training.config import DataConfig, TrainConfig

_DIGITS = 4


def score_masks(model: ReferringModel, test: MaskTest) -> MaskScores:
    """Score a model's masks on the CPU.

    Raises:
        UserError: the test's files are missing or don't read as they should.
    """
    segmenter = Segmenter(model)
    way = BENCHMARKS[test.benchmark].way(test.protocol)
    expressions = way.load(test.folder, test.split)
    require_masks(expressions, test.split)
    done = [
        evaluate_sequence(segmenter, group, way.protocol) for group in sequences_of(expressions)
    ]
    scores = [score for one in done for score in one.scores]
    j, f = [], []
    for score in scores:
        assert score.f_T is not None
        j.append(round(float(score.j_T.mean()), _DIGITS))
        f.append(round(float(score.f_T.mean()), _DIGITS))
    frames = sum(one.frames for one in done)
    return MaskScores(
        test=test.name,
        benchmark=test.benchmark,
        split=test.split,
        protocol=test.protocol,
        frames=frames,
        frames_per_second=round(frames / sum(one.seconds for one in done), 1),
        sequences=tuple(one.sequence for one in scores),
        expressions=tuple(
            f"{one.annotation_set}/{one.expression_id}".lstrip("/") for one in scores
        ),
        j=tuple(j),
        f=tuple(f),
    )


def score_flow(
    model: ReferringModel, config: TrainConfig, world: DataConfig, clips: int
) -> FlowScores:
    """Measure a pre-trained model's flow on clips of what the world's training leaves out.

    The target is that of the default objective, whichever the model was trained for.

    Args:
        model: with a flow head.
        config: of its run.
        world: what the world is made of.
        clips: how many.
    """
    data = replace(
        config.data, captioned=(), cutouts=world.cutouts, coco=world.coco, stamps=world.stamps
    )
    (source,) = held_out_sources(replace(config, data=data)).values()
    batches = batches_of(source, clips=clips, seed=0, device=torch.device("cpu"))
    found = measure(model.eval(), batches, clips).clips

    def column(prediction: str, measure: str) -> tuple[float, ...]:
        return tuple(round(getattr(clip.errors[prediction], measure), _DIGITS) for clip in found)

    names = list(found[0].errors)
    return FlowScores(
        clips=tuple(clip.name for clip in found),
        loss={name: column(name, "loss") for name in names},
        distance={name: column(name, "distance") for name in names},
    )
