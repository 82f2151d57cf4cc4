"""Whether flow that was computed before is the target that a recipe asks for."""

from __future__ import annotations

from slvp.data.captioned import CaptionedIndex, CaptionedVideo
from slvp.data.flow.estimators import NAMES
from slvp.data.flow.stored import FlowReader
from slvp.errors import UserError
from slvp.training.config import ObjectiveConfig

_LOOKED_AT = 3  # videos of a shard, for one may be damaged; all of it was made by one command
_ELSEWHERE = "precomputed"


def check_stored_flow(videos: CaptionedIndex, objective: ObjectiveConfig) -> bool:
    """Make sure that no switch of the objective is without effect for flow that is stored.

    Flow of another program is taken wherever the objective asks for no estimator but the usual
    one. What made flow that ``slvp data flow`` didn't write isn't known, and not asked for.

    Returns:
        Whether all shards have their flow stored.

    Raises:
        UserError: the flow of a shard is another target than the one asked for.
    """
    every = True
    for shard, numbers in zip(videos.shards, videos.chosen, strict=True):
        for number in numbers[:_LOOKED_AT].tolist():
            try:
                video = shard.read(number)
                cameras = _has_cameras(video)
            except (UserError, OSError):
                continue  # it will be skipped, and named, when its turn comes
            if cameras is None:
                every = False
            else:
                _check(video, cameras, objective)
            break
    return every


def _has_cameras(video: CaptionedVideo) -> bool | None:
    """Say whether the camera's motion is stored with the flow; None where no flow is."""
    if video.flow is None:
        return None
    with video.flow.open() as (file, size):
        return FlowReader(file, size, "its flow").notes["cameras"] is not None


def _check(video: CaptionedVideo, cameras: bool, objective: ObjectiveConfig) -> None:
    assert video.flow is not None
    place, made_by = video.flow.file, video.flow_estimator
    kind, wanted = (name.partition(":")[0] for name in (made_by, objective.estimator))
    usual = ObjectiveConfig().estimator
    if kind not in ("", wanted) and not (kind == _ELSEWHERE and wanted == usual):
        taken_by = usual if kind == _ELSEWHERE else kind
        raise UserError(
            f"{place}: its flow was made by {made_by!r}, but the run asks for {wanted!r}; give "
            f"--estimator {taken_by}, which takes it, or make the shards anew with 'slvp data flow "
            f"--estimator {wanted}'"
        )
    if objective.subtract_camera and not cameras:
        raise UserError(
            f"{place}: its flow was made with --no-camera, but the recipe subtracts the camera's "
            "motion; make the shards anew without --no-camera, or choose a recipe that leaves it "
            "in, such as lite-no-camera"
        )
    if kind in NAMES and not objective.check_consistency:
        raise UserError(
            f"{place}: only its flow that passed the check of consistency is valid, but the recipe "
            "trusts all; give the videos that it was made from instead, or choose a recipe that "
            "checks consistency"
        )
