from collections.abc import Callable, Sequence

import numpy as np
import pytest

from slvp.evaluation.scores import Detection, ExpressionScore


def _score(
    sequence: str,
    expression_id: str = "0",
    *,
    j: Sequence[float],
    f: Sequence[float] | None = None,
    annotation_set: str = "",
    text: str = "the dog on the left",
    object_ids: tuple[int, ...] = (1,),
    truth: Sequence[int] | None = None,
    frame_pixels: int = 1000,
) -> ExpressionScore:
    """A score by its numbers; without F it is one of a benchmark that is scored by detection."""
    return ExpressionScore(
        sequence=sequence,
        expression_id=expression_id,
        annotation_set=annotation_set,
        text=text,
        object_ids=object_ids,
        frames=tuple(f"{t:05d}" for t in range(len(j))),
        j_T=np.array(j, float),
        f_T=None if f is None else np.array(f, float),
        truth_T=np.array([50] * len(j) if truth is None else truth),
        union_T=np.full(len(j), 100),
        frame_pixels=frame_pixels,
        detections_T=() if f is not None else tuple((Detection(0.9, value),) for value in j),
    )


@pytest.fixture(scope="session")
def score_of() -> Callable[..., ExpressionScore]:
    return _score
